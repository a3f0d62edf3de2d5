"""Lookups: they lead somewhere, say what a delete does, and filter by things that exist.

Owns the deploy-time rules on relationships and lookup filters. Source: Metadata API guide,
CustomField and LookupFilter; Salesforce help, "Lookup Filters".
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from lxml import etree

from sandbox.metadata.checks.context import CheckContext, closest, missing_value
from sandbox.metadata.documents import child, children, flag, text
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component
from sandbox.org.schema import Field, FieldType, SObject

_MAX_ITEMS = 10
_MAX_REQUIRED_FILTERS = 5
_SOURCE = "$Source"


def check_target(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A lookup leads to an object that exists."""
    target = text(component.element, "referenceTo")
    if target is not None and context.sobject(target) is None:
        hint = closest(target, context.schema.objects)
        message = f"referenceTo {target} of {component.full_name} is no object{hint}"
        yield component.problem(f"{message}; correct it or add the object", "referenceTo")


def check_delete_constraint(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A required lookup says Restrict or Cascade: it cannot be emptied when the parent goes."""
    if text(component.element, "type") != "Lookup" or not flag(component.element, "required"):
        return
    constraint = text(component.element, "deleteConstraint")
    if constraint not in ("Restrict", "Cascade"):
        message = (
            f"required lookup {component.full_name} has deleteConstraint {constraint or 'none'}"
        )
        yield component.problem(f"{message}; set Restrict or Cascade", "deleteConstraint")


def check_relationship_names(context: CheckContext) -> Iterator[Problem]:
    """A parent calls no two of its child relationships by the same name."""
    by_parent: dict[tuple[str, str], list[Component]] = defaultdict(list)
    for component in context.project.of("field"):
        parent = text(component.element, "referenceTo")
        name = text(component.element, "relationshipName")
        if parent and name:
            by_parent[(parent, name.lower())].append(component)
    for (parent, _), components in by_parent.items():
        for component in components[1:]:
            name = text(component.element, "relationshipName")
            message = (
                f"relationshipName {name} of {component.full_name} is already used on {parent}"
            )
            first = components[0].full_name
            yield component.problem(f"{message} by {first}; choose another", "relationshipName")


def check_filter_limit(context: CheckContext) -> Iterator[Problem]:
    """An object has at most five active required lookup filters."""
    required: dict[str, list[Component]] = defaultdict(list)
    for component in context.project.of("field"):
        found = child(component.element, "lookupFilter")
        if found is not None and flag(found, "active") and not flag(found, "isOptional"):
            required[component.owner].append(component)
    for owner, components in required.items():
        for component in components[_MAX_REQUIRED_FILTERS:]:
            message = f"{owner} has more than {_MAX_REQUIRED_FILTERS} required lookup filters"
            yield component.problem(f"{message}; make this one optional", "lookupFilter")


def check_filter(context: CheckContext, component: Component) -> Iterator[Problem]:
    """Every condition of a lookup filter compares things that exist."""
    found = child(component.element, "lookupFilter")
    field, source = context.field_of(component), context.sobject(component.owner)
    if found is None or field is None or source is None or not field.reference_to:
        return
    items = list(children(found, "filterItems"))
    if not 1 <= len(items) <= _MAX_ITEMS:
        message = f"lookup filter of {component.full_name} has {len(items)} conditions"
        yield component.problem(f"{message}; 1 to {_MAX_ITEMS} are allowed", found)
    yield from _check_boolean_filter(component, found, len(items))
    for item in items:
        yield from _check_item(context, component, item, source, field)


def _check_boolean_filter(
    component: Component, found: etree._Element, count: int
) -> Iterator[Problem]:
    logic = text(found, "booleanFilter") or ""
    unknown = sorted({n for n in re.findall(r"\d+", logic) if not 1 <= int(n) <= count})
    if unknown:
        message = f"booleanFilter '{logic}' names condition {', '.join(unknown)}"
        yield component.problem(f"{message} but there are {count}; correct it", found)


def _check_item(
    context: CheckContext,
    component: Component,
    item: etree._Element,
    source: SObject,
    field: Field,
) -> Iterator[Problem]:
    left = _resolve(context, text(item, "field") or "", source, field)
    if left is None:
        yield component.problem(_unresolved(component, item, "field"), item)
    other = text(item, "valueField")
    if other is not None and _resolve(context, other, source, field) is None:
        yield component.problem(_unresolved(component, item, "valueField"), item)
    if other is not None and text(item, "value") is not None:
        message = f"lookup filter of {component.full_name} has both value and valueField"
        yield component.problem(f"{message} in one condition; keep one", item)
    elif other is None and child(item, "value") is None:
        message = f"lookup filter of {component.full_name} has a condition without value"
        yield component.problem(f"{message} or valueField; add one", item)
    elif other is None and left is not None:
        yield from _check_literals(context, component, item, left, field)


def _unresolved(component: Component, item: etree._Element, tag: str) -> str:
    return (
        f"lookup filter of {component.full_name}: {tag} {text(item, tag)} does not exist; write "
        "<Target object>.<Field>, $Source.<Field> or $User.<Field>"
    )


def _resolve(context: CheckContext, path: str, source: SObject, field: Field) -> Field | None:
    start, _, rest = path.partition(".")
    if not rest:
        return None
    if start == _SOURCE:
        return context.follow(source, rest)
    if start in field.reference_to:
        target = context.sobject(start)
        return context.follow(target, rest) if target else None
    return context.follow(source, path) if start.startswith("$") else None


def _check_literals(
    context: CheckContext,
    component: Component,
    item: etree._Element,
    left: Field,
    field: Field,
) -> Iterator[Problem]:
    # A comma separates alternatives in a filter value.
    literals = [part.strip() for part in (text(item, "value") or "").split(",") if part.strip()]
    where = f"lookup filter of {component.full_name}: {text(item, 'field')}"
    if left.name == "RecordTypeId":
        target = context.sobject((text(item, "field") or "").partition(".")[0])
        labels = [t.label for t in target.record_types.values()] if target else []
        known = labels
    elif left.type in (FieldType.PICKLIST, FieldType.MULTISELECT):
        known = [value.value for value in left.values]
        owner = context.sobject((text(item, "field") or "").partition(".")[0])
        if owner is not None and not context.has_all_values(owner.fields.get(left.name), owner):
            return
    else:
        return
    for literal in literals:
        if literal not in known:
            yield component.problem(missing_value(where, literal, known), item)
