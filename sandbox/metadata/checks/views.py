"""List views, compact layouts and search layouts: every column and filter value exists.

Owns the rules about lists of records. A list view that filters by a value nobody can choose deploys
happily and is empty for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.metadata.checks.columns import column_field, column_tokens, is_column
from sandbox.metadata.checks.context import CheckContext, closest, missing_field, missing_value
from sandbox.metadata.documents import child, children, line_of, text, texts
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component
from sandbox.org.schema import FieldType, SObject

_PICKLISTS = (FieldType.PICKLIST, FieldType.MULTISELECT)
#: Salesforce shows Order.StatusCode by letter in list views.
_STATUS_LETTERS = ("D", "A")


def missing_column(sobject: SObject, column: str) -> str:
    """The sentence for a column that does not exist."""
    own = [name for name, field in sobject.fields.items() if field.custom]
    hint = closest(column, [*column_tokens(sobject), *own])
    return f"{sobject.name} has no column {column}{hint}; correct the name"


def check_list_view(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A list view shows and filters by columns that exist."""
    sobject = context.sobject(component.owner)
    if sobject is None:
        return
    for column, line in texts(component.element, "columns"):
        if not is_column(sobject, column):
            message = f"list view {component.full_name}: {missing_column(sobject, column)}"
            yield Problem(str(component.path), line, message)
    for element in children(component.element, "filters"):
        column = text(element, "field") or ""
        if is_column(sobject, column):
            values = (text(element, "value") or "").split(",")
            yield from _check_filter_values(component, sobject, column, values, line_of(element))
        else:
            message = f"list view {component.full_name}: {missing_column(sobject, column)}"
            yield component.problem(message, element)


def _check_filter_values(
    component: Component, sobject: SObject, column: str, values: list[str], line: int
) -> Iterator[Problem]:
    field = column_field(sobject, column)
    if field is None:
        return
    if field.name == "RecordTypeId":
        # The interface writes `Account.Manufacturer` here, not the label.
        known = [f"{sobject.name}.{name}" for name in sobject.record_types]
    elif field.type in _PICKLISTS and field.values:
        known = [value.value for value in field.values]
        known += _STATUS_LETTERS if field.name == "StatusCode" else []
    else:
        return
    for value in (v.strip() for v in values):
        if value and value not in known:
            message = missing_value(f"list view {component.full_name}: {column}", value, known)
            yield Problem(str(component.path), line, message)


def check_compact_layout(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A compact layout shows fields that exist."""
    sobject = context.sobject(component.owner)
    for name, line in texts(component.element, "fields"):
        if sobject is not None and not context.is_layout_field(sobject, name):
            message = f"compact layout {component.full_name}: {missing_field(sobject, name)}"
            yield Problem(str(component.path), line, message)


def check_search_layouts(context: CheckContext, component: Component) -> Iterator[Problem]:
    """The columns of search results and look-up dialogs exist."""
    sobject = context.sobject(component.name)
    layouts = child(component.element, "searchLayouts")
    if sobject is None or layouts is None:
        return
    for entry in layouts:
        column = (entry.text or "").strip()
        if (
            str(entry.tag).endswith("Fields")
            and column not in sobject.fields
            and not is_column(sobject, column)
        ):
            message = f"search layout of {sobject.name}: {missing_column(sobject, column)}"
            yield component.problem(message, entry)
