"""What the record resources share: finding the sObject, reading a body, showing a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.api.call import Call
from sandbox.api.router import not_found
from sandbox.org.errors import not_implemented, refuse
from sandbox.org.ids import normalize_id
from sandbox.org.schema import Field, SObject
from sandbox.org.values import to_json


def find_sobject(call: Call, name: str) -> SObject:
    """The sObject that a path names and the caller may see. Raises OrgError NOT_FOUND."""
    found = call.services.org.schema.sobject(name)
    if found is None or not call.actor.access.can_see(found):
        raise not_found()
    return found


def find_external_field(call: Call, sobject: SObject, name: str) -> Field:
    """The field that identifies a record in a path: an external ID, or Id itself.

    Raises OrgError NOT_FOUND as Salesforce words it.
    """
    found = sobject.field(name)
    if found is None and len(name) in {15, 18} and name.startswith(sobject.key_prefix):
        raise not_implemented(f"relationship paths below a record ({sobject.name})")
    is_key = found is not None and (found.external_id or found.name == "Id")
    if found is None or not (is_key and call.actor.access.can_read(sobject, found)):
        raise refuse(
            "NOT_FOUND",
            f"Provided external ID field does not exist or is not accessible: {name}",
        )
    return found


def record_values(body: Mapping[str, object]) -> dict[str, object]:
    """What a body says about fields: everything but `attributes`."""
    return {name: value for name, value in body.items() if name != "attributes"}


def show_record(
    call: Call, sobject: SObject, record_id: str, fields: Sequence[str] | None
) -> dict[str, object]:
    """A record as REST shows it: attributes, then its fields; the Id whatever was asked.

    Raises OrgError NOT_FOUND, ENTITY_IS_DELETED, or INVALID_FIELD for an unknown name.
    """
    wanted = list(fields) if fields else None
    values = call.services.org.retrieve(call.actor, sobject.name, record_id, wanted)
    # The caller may have named the record by the 15 characters of old.
    full_id = str(values.get("Id") or normalize_id(record_id))
    shown: dict[str, object] = {"attributes": record_attributes(call, sobject.name, full_id)}
    for name, value in values.items():
        field = sobject.field(name)
        shown[name] = to_json(field, value) if field else value
    shown.setdefault("Id", full_id)
    return shown


def record_attributes(call: Call, sobject: str, record_id: str) -> dict[str, str]:
    """The `attributes` object that stands before a record's fields."""
    return {"type": sobject, "url": f"{call.data_url}/sobjects/{sobject}/{record_id}"}


def asked_fields(call: Call) -> list[str] | None:
    """Field names of the `fields` parameter; None when all are wanted."""
    given = call.params.get("fields", "")
    return [name.strip() for name in given.split(",") if name.strip()] or None


def saved(record_id: str, created: bool | None = None) -> dict[str, object]:
    """The body of a successful save; `created` only where the resource tells it."""
    body: dict[str, object] = {"id": record_id, "success": True, "errors": []}
    if created is not None:
        body["created"] = created
    return body
