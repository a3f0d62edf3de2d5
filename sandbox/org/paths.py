"""Paths such as `Order__r.Status` or `$User.Alias`, resolved against the schema.

Owns which paths exist. Formulas and lookup filters read values through the same resolution, so a
path that one of them accepts means the same in the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.org.schema import Field, FieldType, Schema, SObject

#: Salesforce follows at most ten lookups in one formula path.
MAX_STEPS = 10
#: Records that every formula may start from instead of its own record, and their sObjects.
GLOBAL_RECORDS = {
    "$user": "User",
    "$profile": "Profile",
    "$organization": "Organization",
    "$recordtype": "RecordType",
}
PERMISSION = "$permission"
LABEL = "$label"
SETUP = "$setup"


@dataclass(frozen=True)
class FieldPath:
    """Where a value is found: start record, lookups to follow, field to read."""

    #: Empty for the record itself, else a key of GLOBAL_RECORDS, `$permission`, `$label`, `$setup`.
    start: str
    steps: tuple[Field, ...]
    sobject: SObject | None  #: the sObject of the last record; None for permissions and labels
    field: Field


def resolve_path(schema: Schema, sobject: SObject, path: tuple[str, ...]) -> FieldPath | None:
    """What `path` means in a formula on `sobject`; None when there is no such field."""
    start = path[0].lower()
    if start in _NAMED:
        return _NAMED[start](schema, path)
    if start in GLOBAL_RECORDS:
        base = schema.sobject(GLOBAL_RECORDS[start])
        return _follow(schema, start, base, path[1:]) if base else None
    return _follow(schema, "", sobject, path)


def _permission(schema: Schema, path: tuple[str, ...]) -> FieldPath | None:
    if len(path) != 2:
        return None
    known = {name.lower(): name for name in schema.custom_permissions}
    name = known.get(path[1].lower())
    if name is None:
        return None
    return FieldPath(PERMISSION, (), None, Field(name, FieldType.CHECKBOX))


def _label(schema: Schema, path: tuple[str, ...]) -> FieldPath | None:
    known = {name.lower(): name for name in schema.labels}
    name = known.get(path[1].lower()) if len(path) == 2 else None
    return FieldPath(LABEL, (), None, Field(name, FieldType.TEXT)) if name else None


def _setting(schema: Schema, path: tuple[str, ...]) -> FieldPath | None:
    """A field of a custom setting, as in `$Setup.Limits__c.Top__c`."""
    sobject = schema.sobject(path[1]) if len(path) == 3 else None
    field = sobject.field(path[2]) if sobject is not None and sobject.is_setting else None
    return FieldPath(SETUP, (), sobject, field) if field else None


#: How the rest of a path is read that starts with a global of named values.
_NAMED: dict[str, Callable[[Schema, tuple[str, ...]], FieldPath | None]] = {
    LABEL: _label,
    PERMISSION: _permission,
    SETUP: _setting,
}


def _follow(schema: Schema, start: str, base: SObject, path: tuple[str, ...]) -> FieldPath | None:
    sobject, steps = base, []
    if not path or len(path) > MAX_STEPS + 1:
        return None
    for name in path[:-1]:
        step = _parent(schema, sobject, name)
        if step is None:
            return None
        lookup, sobject = step
        steps.append(lookup)
    field = sobject.field(path[-1])
    return FieldPath(start, tuple(steps), sobject, field) if field else None


def _parent(schema: Schema, sobject: SObject, name: str) -> tuple[Field, SObject] | None:
    """The lookup behind `Order__r` or `Owner:User`, and the sObject it leads to."""
    relationship, _, chosen = name.partition(":")
    lookup = sobject.parent_field(relationship)
    if lookup is None or not lookup.reference_to:
        return None
    targets = {target.lower(): target for target in lookup.reference_to}
    wanted = targets.get(chosen.lower()) if chosen else _plain_target(lookup)
    target = schema.sobject(wanted) if wanted else None
    return (lookup, target) if target else None


def _plain_target(lookup: Field) -> str:
    # A lookup to several sObjects has the fields of User in common use: Owner.Name, Owner.Alias.
    return "User" if "User" in lookup.reference_to else lookup.reference_to[0]
