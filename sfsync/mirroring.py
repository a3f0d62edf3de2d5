"""Replica rows under the names by which records are written.

Owns the two spellings of one value: a column of the replica, and a field of an outbox write. A
lookup is written by the other record's external ID and mirrored as an Id, so both sides of a
comparison are brought to the Id. A field that the replica does not mirror cannot be merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sfsync import jsonio
from sfsync.mapping import BY_SOBJECT, PUSH_ORDER, REFERENCES, FieldMap, lookup_field

Values = dict[str, Any]
#: The Id of a record by sObject and external ID, the latter in small letters: the org's rule.
Ids = Mapping[tuple[str, str], str]

_FIELDS: dict[str, dict[str, FieldMap]] = {
    name: {each.path: each for each in mapping.fields} for name, mapping in BY_SOBJECT.items()
}


def mirrored_values(sobject: str, row: Mapping[str, Any], wanted: Mapping[str, object]) -> Values:
    """The fields of `wanted` as a replica row holds them, as JSON spells them; lookups as Ids."""
    values: Values = {}
    for name, shape in wanted.items():
        field, key = _find(sobject, name, shape)
        if field is not None:
            value = jsonio.loads(jsonio.dumps(row[field.column]))
            values[name] = {key: value} if key else value
    return values


def unmirrored(sobject: str, wanted: Mapping[str, object]) -> list[str]:
    """The fields of `wanted` that the replica has no column for."""
    return sorted(name for name, shape in wanted.items() if _find(sobject, name, shape)[0] is None)


def unread(sobject: str, row: Mapping[str, Any], wanted: Mapping[str, object]) -> list[str]:
    """The fields of `wanted` that this row was read without: their columns are paused."""
    found = {name: _find(sobject, name, shape)[0] for name, shape in wanted.items()}
    return sorted(name for name, field in found.items() if field and field.column not in row)


def reference_key(name: str, value: object) -> tuple[str, str] | None:
    """The record that a lookup points at by external ID; None for any other value."""
    if name not in REFERENCES or not isinstance(value, dict):
        return None
    sobject = REFERENCES[name]
    return sobject, str(value.get(PUSH_ORDER[sobject])).casefold()


def with_ids(values: Mapping[str, object], ids: Ids) -> Values:
    """The values with each lookup that we know as the Id it means."""
    return {
        name: ids.get(key, value) if (key := reference_key(name, value)) else value
        for name, value in values.items()
    }


def all_references(rows: Iterable[Mapping[str, object]]) -> set[tuple[str, str]]:
    """Every record that some of these values point at, as (sObject, external ID as written)."""
    return {
        (REFERENCES[name], str(value.get(PUSH_ORDER[REFERENCES[name]])))
        for values in rows
        for name, value in values.items()
        if name in REFERENCES and isinstance(value, dict)
    }


def _find(sobject: str, name: str, shape: object) -> tuple[FieldMap | None, str]:
    """The column of a field, and the key inside a value such as {"DeveloperName": …}."""
    fields = _FIELDS[sobject]
    if name in REFERENCES:
        return fields.get(lookup_field(name)), ""
    if isinstance(shape, dict):
        key = next(iter(shape), "")
        return fields.get(f"{name}.{key}"), key
    return fields.get(name), ""
