"""Picklist values: sets that Salesforce accepts, and record types that offer existing values.

Owns the rules about value lists, whether they stand in a field, a global or a standard value set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree

from sandbox.metadata.checks.context import CheckContext, missing_field, missing_value
from sandbox.metadata.documents import child, children, text
from sandbox.metadata.fields import read_value_list
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component
from sandbox.org.schema import PicklistValue

_CATEGORIES = ("Draft", "Activated")


def check_field_values(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A picklist field has values of its own or names a global value set that exists."""
    value_set = child(component.element, "valueSet")
    if value_set is None:
        return
    shared = text(value_set, "valueSetName")
    definition = child(value_set, "valueSetDefinition")
    if shared and shared not in context.names("globalValueSet"):
        message = f"global value set {shared} of {component.full_name} does not exist; add it"
        yield component.problem(message, value_set)
    elif definition is not None:
        yield from _check_values(component, definition, read_value_list(definition, "value"))
    elif not shared:
        message = f"picklist {component.full_name} has no values; add valueSetDefinition"
        yield component.problem(message, value_set)


def check_global_values(context: CheckContext, component: Component) -> Iterator[Problem]:
    """The same for a global value set."""
    values = read_value_list(component.element, "customValue")
    yield from _check_values(component, component.element, values)


def check_standard_values(context: CheckContext, component: Component) -> Iterator[Problem]:
    """The same for a standard value set; order statuses also have a category each."""
    values = read_value_list(component.element, "standardValue")
    yield from _check_values(component, component.element, values)
    if component.name != "OrderStatus":
        return
    for element in children(component.element, "standardValue"):
        category = text(element, "groupingString")
        if category not in _CATEGORIES:
            message = f"order status '{text(element, 'fullName')}' is in category {category}"
            yield component.problem(f"{message}; set groupingString Draft or Activated", element)
    if not any(value.category == "Activated" for value in values):
        yield component.problem("no order status is in category Activated; keep at least one")


def _check_values(
    component: Component, holder: etree._Element, values: tuple[PicklistValue, ...]
) -> Iterator[Problem]:
    where = component.full_name
    if not values:
        yield component.problem(f"{where} has no values; add at least one", holder)
    for kind, words in (
        ("value", [value.value for value in values]),
        ("label", [value.label for value in values]),
    ):
        # Salesforce compares values without regard to case.
        for lowered, count in Counter(word.lower() for word in words).items():
            if count > 1:
                word = next(w for w in words if w.lower() == lowered)
                message = f"{where} has {kind} '{word}' {count} times; keep one"
                yield component.problem(message, holder)
    defaults = [value.value for value in values if value.is_default]
    if len(defaults) > 1:
        message = f"{where} has {len(defaults)} default values ({', '.join(defaults)})"
        yield component.problem(f"{message}; keep one", holder)


def check_record_type_values(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A record type offers values that its object's picklists have."""
    sobject = context.sobject(component.owner)
    for element in children(component.element, "picklistValues"):
        name = text(element, "picklist") or ""
        field = sobject.fields.get(name) if sobject else None
        if sobject is not None and field is None:
            yield component.problem(missing_field(sobject, name), element)
            continue
        known = [value.value for value in field.values] if field else []
        for entry in children(element, "values"):
            value = unquote(text(entry, "fullName") or "")
            if value not in known:
                message = missing_value(f"{component.owner}.{name}", value, known)
                yield component.problem(message, entry)
