"""Tabs, apps and profiles: what people click on exists.

Owns the rules about the parts of the user interface that only name other parts.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.metadata.checks.context import CheckContext, closest
from sandbox.metadata.documents import children, flag, text, texts
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component


def check_tab(context: CheckContext, component: Component) -> Iterator[Problem]:
    """An object's tab is named for a custom object that exists."""
    if flag(component.element, "customObject") and context.sobject(component.name) is None:
        hint = closest(component.name, context.schema.objects)
        message = f"tab {component.name} is named for no custom object{hint}"
        yield component.problem(f"{message}; correct the file name")


def check_app(context: CheckContext, component: Component) -> Iterator[Problem]:
    """An app shows standard tabs and tabs of ours."""
    known = context.names("tab")
    for name, line in texts(component.element, "tabs"):
        if not name.startswith("standard-") and name not in known:
            message = f"app {component.name}: tab {name} does not exist{closest(name, known)}"
            yield Problem(str(component.path), line, f"{message}; correct it or add the tab")


def check_profile(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A profile assigns layouts and record types that exist."""
    layouts = context.names("layout")
    for element in children(component.element, "layoutAssignments"):
        layout, record_type = text(element, "layout"), text(element, "recordType")
        if layout not in layouts:
            yield component.problem(f"layout {layout} does not exist; correct the name", element)
        if record_type is not None and not context.is_record_type(record_type):
            message = f"record type {record_type} does not exist; correct the name"
            yield component.problem(message, element)
