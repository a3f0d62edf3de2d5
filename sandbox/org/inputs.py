"""What a request says about a record, turned into canonical values by canonical field name.

Owns names and shapes: unknown fields, read-only fields, JSON types, and parents given by external
ID instead of by Id. Whether the resulting record may exist is decided by the checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sandbox.org.access import FULL_ACCESS, Access, ObjectRights
from sandbox.org.core import Core
from sandbox.org.errors import ErrorItem, OrgError, refuse
from sandbox.org.json_values import from_json
from sandbox.org.plans import is_writable
from sandbox.org.schema import Field, SObject
from sandbox.org.tables import Record

#: Standard sObjects whose records may be named by another unique field than an external ID.
_NATURAL_KEYS = {
    "User": ("Username",),
    "RecordType": ("DeveloperName", "Name"),
    "Profile": ("Name",),
    "PermissionSet": ("Name",),
    "CurrencyType": ("IsoCode",),
}


def read_input(
    core: Core,
    sobject: SObject,
    raw: Mapping[str, object],
    *,
    is_new: bool,
    access: Access = FULL_ACCESS,
) -> Record:
    """The given fields of a record, canonical. Empty text is None; `attributes` is skipped.

    Raises OrgError: INVALID_FIELD, INVALID_FIELD_FOR_INSERT_UPDATE, and what `from_json` raises.
    """
    rights = access.rights(sobject)
    given = [
        (_find_field(sobject, name, rights), value) for name, value in raw.items() if _counts(name)
    ]
    _refuse_read_only([name.field for name, _ in given], rights, is_new=is_new)
    values: Record = {}
    for name, value in given:
        if name.field.name in values:
            message = f"Field {name.field.name} is given more than once"
            raise refuse("INVALID_FIELD", message, name.field.name)
        values[name.field.name] = (
            find_parent(core, sobject, name.field, value, access)
            if name.is_relationship and value is not None
            else from_json(name.field, value)
        )
    return values


class _Name(NamedTuple):
    """What a key of the request means: a field, or the parent behind a lookup."""

    field: Field
    is_relationship: bool


def _counts(name: str) -> bool:
    return name != "attributes"


def _find_field(sobject: SObject, name: str, rights: ObjectRights) -> _Name:
    field = sobject.field(name)
    if field is not None and rights.can_read(field):
        return _Name(field, False)
    lookup = sobject.parent_field(name)
    if lookup is None or not rights.can_read(lookup):
        message = f"No such column '{name}' on sobject of type {sobject.name}"
        raise refuse("INVALID_FIELD", message)
    return _Name(lookup, True)


def _refuse_read_only(fields: list[Field], rights: ObjectRights, *, is_new: bool) -> None:
    names = [
        field.name
        for field in fields
        if not (is_writable(field, is_new=is_new) and rights.can_set(field))
    ]
    if names:
        message = (
            f"Unable to create/update fields: {', '.join(names)}. Please check the security "
            "settings of this field and verify that it is read/write for your profile or "
            "permission set."
        )
        raise OrgError([ErrorItem("INVALID_FIELD_FOR_INSERT_UPDATE", message, tuple(names))])


def find_parent(
    core: Core, sobject: SObject, lookup: Field, key: object, access: Access = FULL_ACCESS
) -> str:
    """The Id of the parent that `{"External_Id__c": "HD-1"}` names.

    Raises OrgError INVALID_FIELD when nothing or more than one record answers to it.
    """
    if not isinstance(key, Mapping):
        message = f"{lookup.relationship_name}: name the parent as an object with its external ID"
        raise refuse("JSON_PARSER_ERROR", message, lookup.name)
    pairs = [(name, value) for name, value in key.items() if _counts(name)]
    if len(pairs) != 1:
        message = f"{lookup.name}: name the parent by exactly one external ID field"
        raise refuse("INVALID_FIELD", message, lookup.name)
    name, value = pairs[0]
    for target_name in lookup.reference_to:
        target = core.schema.sobject(target_name)
        field = _key_field(target, name) if target else None
        if target is not None and field is not None and access.can_read(target, field):
            return _match(core, sobject, target, field, value)
    message = f"{name} is not an external ID of {' or '.join(lookup.reference_to)}"
    raise refuse("INVALID_FIELD", message, lookup.name)


def _key_field(target: SObject, name: str) -> Field | None:
    field = target.field(name)
    if field is None:
        return None
    is_key = field.external_id or field.name in _NATURAL_KEYS.get(target.name, ())
    return field if is_key else None


def _match(core: Core, sobject: SObject, target: SObject, field: Field, raw: object) -> str:
    value = from_json(field, raw)
    rows = find_by_key(core, target, field, value)
    if target.name == "RecordType":
        rows = [row for row in rows if row["SobjectType"] == sobject.name]
    if not rows:
        message = (
            f"Foreign key external ID: {raw} not found for field {field.name} "
            f"in entity {target.name}"
        )
        raise refuse("INVALID_FIELD", message, field.name)
    if len(rows) > 1:
        message = f"More than one record of {target.name} has {field.name} {raw}"
        raise refuse("INVALID_FIELD", message, field.name)
    return str(rows[0]["Id"])


def find_by_key(core: Core, target: SObject, field: Field, value: object) -> list[Record]:
    """Live records whose key field holds `value`; letter case counts only where declared."""
    if value is None:
        return []
    ignore_case = isinstance(value, str) and not field.case_sensitive
    return core.store.table(target).find(field.name, value, ignore_case=ignore_case)
