"""Workflows, flows and report types: the fields that they read and the actions they call exist.

Owns the rules about automation that the local org does not run. They are checked by name only, so
that a renamed field does not break them unseen.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.metadata.checks.context import CheckContext, missing_field
from sandbox.metadata.documents import child, children, text, texts
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component


def check_workflow(context: CheckContext, component: Component) -> Iterator[Problem]:
    """An outbound message sends fields of the workflow's object."""
    sobject = context.sobject(component.name)
    if sobject is None:
        yield component.problem(f"workflow {component.name} is named for no object; correct it")
        return
    for message in children(component.element, "outboundMessages"):
        name = text(message, "fullName")
        for field, line in texts(message, "fields"):
            if field not in sobject.fields:
                words = f"outbound message {name}: {missing_field(sobject, field)}"
                yield Problem(str(component.path), line, words)


def check_flow(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A flow starts on an object and fields that exist, and calls messages that do."""
    start = child(component.element, "start")
    name = text(start, "object") if start is not None else None
    if start is not None and name is not None:
        sobject = context.sobject(name)
        if sobject is None:
            yield component.problem(f"flow {component.name}: object {name} does not exist", start)
        for element in children(start, "filters"):
            field = text(element, "field") or ""
            if sobject is not None and field not in sobject.fields:
                message = f"flow {component.name}: {missing_field(sobject, field)}"
                yield component.problem(message, element)
    known = _outbound_messages(context)
    for action in children(component.element, "actionCalls"):
        called = text(action, "actionName")
        if text(action, "actionType") == "outboundMessage" and called not in known:
            message = f"flow {component.name}: outbound message {called} does not exist"
            yield component.problem(f"{message}; add it to the workflow file", action)


def _outbound_messages(context: CheckContext) -> set[str]:
    return {
        f"{component.name}.{text(message, 'fullName')}"
        for component in context.project.of("workflow")
        for message in children(component.element, "outboundMessages")
    }


def check_report_type(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A report type starts from an object that exists and offers fields of it."""
    base = text(component.element, "baseObject") or ""
    sobject = context.sobject(base)
    if sobject is None:
        yield component.problem(f"report type {component.name}: object {base} does not exist")
        return
    for section in children(component.element, "sections"):
        for column in children(section, "columns"):
            name, table = text(column, "field") or "", text(column, "table")
            start = name.partition(".")[0]
            if table == base and "." not in name and name not in sobject.fields:
                message = f"report type {component.name}: {missing_field(sobject, start)}"
                yield component.problem(message, column)
