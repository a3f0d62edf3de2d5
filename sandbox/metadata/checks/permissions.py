"""Permission sets: they grant what exists, in combinations that Salesforce accepts, and every field
of ours to somebody.

Owns field-level security: a new custom field is visible to nobody until a permission set says so,
which is the commonest reason why a fresh deploy "does not work".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lxml import etree

from sandbox.metadata.checks.context import CheckContext, closest
from sandbox.metadata.documents import children, flag, text
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component
from sandbox.metadata.standard import absent_fields
from sandbox.org.schema import Field, FieldType, SObject

#: Object permissions that presuppose others.
_IMPLIES = {
    "allowCreate": ("allowRead",),
    "allowEdit": ("allowRead",),
    "allowDelete": ("allowRead", "allowEdit"),
    "viewAllRecords": ("allowRead",),
    "modifyAllRecords": ("allowRead", "allowEdit", "allowDelete", "viewAllRecords"),
}
#: Objects whose permission presupposes read on another. Source: Salesforce help, "Orders".
_NEEDS_PARENT = {"Order": "Account"}


def check_object_permissions(context: CheckContext, component: Component) -> Iterator[Problem]:
    """Objects exist, and a permission comes with those that it presupposes."""
    granted = {text(e, "object"): e for e in children(component.element, "objectPermissions")}
    for name, element in granted.items():
        if name and context.absence.object_reason(context.schema, name):
            continue
        if name is None or context.sobject(name) is None:
            hint = closest(name or "", context.schema.objects)
            yield component.problem(f"object {name} does not exist{hint}; correct it", element)
            continue
        for tag, needed in _IMPLIES.items():
            lacking = [other for other in needed if not flag(element, other)]
            if flag(element, tag) and lacking:
                message = f"{tag} on {name} needs {', '.join(lacking)}; grant it too"
                yield component.problem(message, element)
        parent = _NEEDS_PARENT.get(name)
        if parent and flag(element, "allowRead") and not _reads(granted.get(parent)):
            message = f"permission on {name} needs read on {parent}; grant it too"
            yield component.problem(message, element)


def _reads(element: etree._Element | None) -> bool:
    return element is not None and flag(element, "allowRead")


def check_field_permissions(context: CheckContext, component: Component) -> Iterator[Problem]:
    """Fields exist, may be listed, and are editable only where they can be written."""
    seen: set[str] = set()
    for element in children(component.element, "fieldPermissions"):
        path = text(element, "field") or ""
        object_name, _, name = path.partition(".")
        sobject = context.sobject(object_name)
        field = sobject.fields.get(name) if sobject else None
        if path in seen:
            yield component.problem(f"field {path} is listed twice; keep one", element)
        elif sobject is not None and name in absent_fields(object_name):
            pass  # a compound address: one grant for all its parts, which this org holds singly
        elif context.absence.field_reason(context.schema, object_name, name):
            pass  # the builder has listed it
        elif sobject is None or field is None:
            hint = closest(name, sobject.fields) if sobject else ""
            yield component.problem(f"field {path} does not exist{hint}; correct it", element)
        else:
            yield from _check_field_grant(component, element, sobject, field)
        seen.add(path)


def _check_field_grant(
    component: Component, element: etree._Element, sobject: SObject, field: Field
) -> Iterator[Problem]:
    path = f"{sobject.name}.{field.name}"
    if _needs_no_grant(field) or field.name == sobject.name_field:
        message = f"field {path} is required, so everybody has it and a deploy refuses the entry"
        yield component.problem(f"{message}; remove it", element)
    elif flag(element, "editable") and not flag(element, "readable"):
        yield component.problem(f"field {path} is editable but not readable", element)
    elif flag(element, "editable") and not (field.createable or field.updateable):
        message = f"field {path} is computed and cannot be editable; set editable to false"
        yield component.problem(message, element)


def _needs_no_grant(field: Field) -> bool:
    return field.required or field.type is FieldType.MASTER_DETAIL


def _exists_among(*suffixes: str) -> Callable[[CheckContext, str], bool]:
    return lambda context, name: any(name in context.names(suffix) for suffix in suffixes)


def _is_tab(context: CheckContext, name: str) -> bool:
    return name.startswith("standard-") or name in context.names("tab")


def _is_app(context: CheckContext, name: str) -> bool:
    return name.startswith("standard__") or name in context.names("app")


#: Elements of a permission set that name other components: element, child, word, test.
_REFERENCES: tuple[tuple[str, str, str, Callable[[CheckContext, str], bool]], ...] = (
    ("applicationVisibilities", "application", "app", _is_app),
    ("customPermissions", "name", "custom permission", _exists_among("customPermission")),
    ("flowAccesses", "flow", "flow", _exists_among("flow")),
    ("recordTypeVisibilities", "recordType", "record type", CheckContext.is_record_type),
    ("tabSettings", "tab", "tab", _is_tab),
)


def check_references(context: CheckContext, component: Component) -> Iterator[Problem]:
    """Apps, tabs, record types and custom permissions that are granted exist."""
    for tag, key, word, exists in _REFERENCES:
        for element in children(component.element, tag):
            name = text(element, key) or ""
            if not exists(context, name):
                yield component.problem(f"{word} {name} does not exist; correct the name", element)


def check_field_coverage(context: CheckContext) -> Iterator[Problem]:
    """Every custom field that needs a grant is readable through some permission set."""
    granted = {
        path
        for permission_set in context.schema.permission_sets.values()
        for path, words in permission_set.fields.items()
        if "read" in words
    }
    for component in context.project.of("field"):
        field = context.field_of(component)
        if field is None or not field.custom or _needs_no_grant(field):
            continue
        if component.full_name not in granted:
            message = f"field {component.full_name} is in no permission set, so nobody sees it"
            yield component.problem(f"{message}; add fieldPermissions to one")


def check_custom_permission_coverage(context: CheckContext) -> Iterator[Problem]:
    """Every custom permission is granted by some permission set."""
    granted = {
        name
        for permission_set in context.schema.permission_sets.values()
        for name in permission_set.custom_permissions
    }
    for component in context.project.of("customPermission"):
        if component.name not in granted:
            message = f"custom permission {component.name} is granted by no permission set"
            yield component.problem(f"{message}; grant it or delete it")
