"""Page layouts: they show fields that exist, all that must be filled in, and nothing writable
that is not.

Owns the rules about layouts and the rule that every field of ours is on one: a field on no layout
is invisible to the people whom it was made for.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from sandbox.metadata.checks.columns import is_column
from sandbox.metadata.checks.context import CheckContext, missing_field
from sandbox.metadata.checks.views import missing_column
from sandbox.metadata.documents import NAMESPACE, children, text, texts
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component
from sandbox.org.schema import Field, SObject

#: Required by the org but filled in by itself when a layout leaves them out.
_SELF_FILLING = frozenset({"OwnerId", "RecordTypeId"})


def layout_object(component: Component) -> str:
    """The object of a layout, which its file name starts with."""
    return component.name.partition("-")[0]


def _items(component: Component) -> list[etree._Element]:
    found = component.element.iter(f"{{{NAMESPACE}}}layoutItems")
    return [item for item in found if text(item, "field") is not None]


def check_layout_object(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A layout file is named `<Object>-<Layout name>` after an object that exists."""
    if "-" not in component.name or context.sobject(layout_object(component)) is None:
        message = f"layout {component.name} is named for no object"
        yield component.problem(f"{message}; a file is called <Object>-<Layout name>")


def check_layout_fields(context: CheckContext, component: Component) -> Iterator[Problem]:
    """Every field on the layout exists, once, and is read-only where nobody may write."""
    sobject = context.sobject(layout_object(component))
    seen: set[str] = set()
    for item in _items(component) if sobject else ():
        name = text(item, "field") or ""
        if sobject is not None and not context.is_layout_field(sobject, name):
            yield component.problem(
                f"layout {component.name}: {missing_field(sobject, name)}", item
            )
        elif name in seen:
            yield component.problem(f"layout {component.name} shows {name} twice; keep one", item)
        elif sobject is not None and name in sobject.fields:
            yield from _check_behavior(component, item, sobject.fields[name])
        seen.add(name)


def _check_behavior(component: Component, item: etree._Element, field: Field) -> Iterator[Problem]:
    behavior = text(item, "behavior")
    writable = field.createable or field.updateable
    if not writable and behavior != "Readonly":
        message = f"layout {component.name}: {field.name} cannot be written"
        yield component.problem(f"{message}; its behavior is Readonly, not {behavior}", item)
    elif field.required and field.custom and behavior != "Required":
        message = f"layout {component.name}: {field.name} is a required field"
        yield component.problem(f"{message}; its behavior is Required, not {behavior}", item)


def check_layout_required_fields(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A layout without a required field cannot create a record, so a deploy refuses it."""
    sobject = context.sobject(layout_object(component))
    shown = {text(item, "field") for item in _items(component)}
    for field in sobject.fields.values() if sobject else ():
        needed = field.required and field.createable and field.name not in _SELF_FILLING
        if needed and field.name not in shown:
            message = f"layout {component.name} lacks the required field {field.name}; add it"
            yield component.problem(message)


def check_related_lists(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A related list follows a lookup to this object and shows columns of the child."""
    parent = layout_object(component)
    for element in children(component.element, "relatedLists"):
        name = text(element, "relatedList") or ""
        child_name, dot, lookup = name.partition(".")
        if not dot:
            if not name.startswith("Related"):
                message = f"layout {component.name}: related list {name} does not exist"
                yield component.problem(f"{message}; write <Child object>.<Lookup>", element)
            continue
        child_object = context.sobject(child_name)
        field = child_object.fields.get(lookup) if child_object else None
        if child_object is None or field is None or parent not in field.reference_to:
            message = f"layout {component.name}: {name} is no lookup to {parent}"
            yield component.problem(f"{message}; write <Child object>.<Lookup>", element)
        else:
            yield from _check_columns(component, element, child_object)


def _check_columns(
    component: Component, element: etree._Element, child_object: SObject
) -> Iterator[Problem]:
    columns = [*texts(element, "fields"), *texts(element, "sortField")]
    for column, line in columns:
        if not is_column(child_object, column):
            message = f"layout {component.name}: {missing_column(child_object, column)}"
            yield Problem(str(component.path), line, message)


def check_layout_coverage(context: CheckContext) -> Iterator[Problem]:
    """Every custom field is on a layout of its object."""
    shown = {
        (layout_object(layout), text(item, "field"))
        for layout in context.project.of("layout")
        for item in _items(layout)
    }
    for component in context.project.of("field"):
        field = context.field_of(component)
        if field is not None and field.custom and (component.owner, field.name) not in shown:
            message = f"field {component.full_name} is on no layout of {component.owner}"
            yield component.problem(f"{message}; add it to one")
