"""Upsert: update the record with that external ID, or create it.

Owns how many matches mean what: none creates, one updates, several refuse. Source:
developer.salesforce.com, REST API guide, "Insert or Update (Upsert) a Record Using an External ID".
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.org.actor import Actor
from sandbox.org.core import Core
from sandbox.org.errors import MultipleMatches, refuse
from sandbox.org.inputs import find_by_key
from sandbox.org.json_values import from_json
from sandbox.org.saving import insert_record, update_record
from sandbox.org.schema import Field, FieldType, SObject


def upsert_record(
    core: Core,
    actor: Actor,
    sobject: SObject,
    key_name: str,
    key: object,
    raw: Mapping[str, object],
    *,
    update_only: bool = False,
) -> tuple[str, bool]:
    """Save by external ID; returns the Id and whether the record was created. Idempotent.

    Raises MultipleMatches, OrgError NOT_FOUND (no such key field, or nothing to update), and what
    insert and update raise. The key must not be repeated in `raw`.
    """
    field = key_field(actor, sobject, key_name)
    _refuse_key_in_body(sobject, field, raw)
    value = from_json(field, key)
    if value is None:
        raise refuse("MISSING_ARGUMENT", f"{field.name} not specified", field.name)
    with core.store.transaction():
        ids = [str(row["Id"]) for row in find_by_key(core, sobject, field, value)]
        if len(ids) > 1:
            raise MultipleMatches(sobject.name, ids)
        if ids:
            update_record(core, actor, sobject, ids[0], raw)
            return ids[0], False
        if update_only or field.type is FieldType.ID:
            message = f"There is no {sobject.name} with {field.name} {key}."
            raise refuse("NOT_FOUND", message, field.name)
        return insert_record(core, actor, sobject, {**raw, field.name: key}), True


def key_field(actor: Actor, sobject: SObject, name: str) -> Field:
    """The field to match on: an external ID, or Id. Raises OrgError NOT_FOUND."""
    actor.access.require(sobject, "read")
    field = sobject.field(name)
    is_key = field is not None and (field.external_id or field.type is FieldType.ID)
    if field is None or not (is_key and actor.access.can_read(sobject, field)):
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise refuse("NOT_FOUND", message)
    return field


def _refuse_key_in_body(sobject: SObject, key: Field, raw: Mapping[str, object]) -> None:
    given = {field.name for name in raw if (field := sobject.field(name)) is not None}
    for name in ("Id", key.name):
        if name in given:
            message = f"The {name} field should not be specified in the sobject data."
            raise refuse("INVALID_FIELD_FOR_INSERT_UPDATE", message, name)
