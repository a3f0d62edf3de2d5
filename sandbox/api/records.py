"""Single records by Id: create, read, change, delete.

Source: REST API guide, "sObject Basic Information" and "sObject Rows".
"""

from __future__ import annotations

from datetime import datetime

from sandbox.api.call import Answer, Call, Route
from sandbox.api.conditions import (
    TAGGED,
    check_conditions,
    check_tags,
    last_modified,
    make_tag,
    names_tags,
    refuse_guards,
    unmodified_since,
)
from sandbox.api.describe_views import show_basic_information
from sandbox.api.rows import (
    asked_fields,
    find_sobject,
    record_values,
    saved,
    show_record,
)
from sandbox.org.errors import refuse
from sandbox.org.schema import SObject


def create_record(call: Call, sobject: str) -> Answer:
    """201 with the new Id."""
    target = find_sobject(call, sobject)
    values = record_values(call.json_object())
    org = call.services.org
    with org.transaction():
        record_id = org.insert(call.actor, target.name, values)
    location = f"{call.data_url}/sobjects/{target.name}/{record_id}"
    return Answer(201, saved(record_id), {"Location": location})


def read_record(call: Call, sobject: str, record_id: str) -> Answer:
    """The record, all fields or those of `?fields=`; 304 when it did not change."""
    target = find_sobject(call, sobject)
    modified = modification_time(call, target, record_id)
    tag = record_tag(call, target, record_id)
    headers = last_modified(modified) | ({"ETag": tag} if tag else {})
    if not check_tags(call, tag):
        return Answer(304, None, headers)
    unchanged = check_conditions(call, modified)
    if unchanged is not None:
        return unchanged
    shown = show_record(call, target, record_id, asked_fields(call))
    return Answer(200, shown, headers)


def update_record(call: Call, sobject: str, record_id: str) -> Answer:
    """204. Guarded by `If-Unmodified-Since` or `If-Match`: 412 when somebody was quicker."""
    target = find_sobject(call, sobject)
    values = record_values(call.json_object())
    if any(name.lower() == "id" for name in values):
        raise refuse(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "The Id field should not be specified in the sobject data.",
            "Id",
        )
    org = call.services.org
    with org.transaction():
        if names_tags(call):
            check_tags(call, record_tag(call, target, record_id))
        org.update(
            call.actor, target.name, record_id, values, unmodified_since=unmodified_since(call)
        )
    return Answer(204)


def delete_record(call: Call, sobject: str, record_id: str) -> Answer:
    """204; the record goes to the recycle bin."""
    refuse_guards(call)
    target = find_sobject(call, sobject)
    org = call.services.org
    with org.transaction():
        org.delete(call.actor, target.name, record_id)
    return Answer(204)


def record_tag(call: Call, sobject: SObject, record_id: str) -> str | None:
    """The ETag of the record; None for sObjects whose records have none.

    Raises OrgError when there is no such record.
    """
    if sobject.name != TAGGED:
        return None
    return make_tag(call.services.org.retrieve(call.actor, sobject.name, record_id))


def modification_time(call: Call, sobject: SObject, record_id: str) -> datetime | None:
    """When the record was last changed; None where the sObject does not tell.

    Raises OrgError when there is no such record.
    """
    name = next((n for n in ("LastModifiedDate", "SystemModstamp") if sobject.field(n)), None)
    if name is None:
        return None
    value = call.services.org.retrieve(call.actor, sobject.name, record_id, [name]).get(name)
    return value if isinstance(value, datetime) else None


ROUTES = [
    # Salesforce's other spelling of a create, for clients that always name a key.
    Route("sobjects/{sobject}/Id", {"POST": create_record}, "sobjects", frozenset({"composite"})),
    Route(
        "sobjects/{sobject}",
        {"GET": show_basic_information, "POST": create_record},
        "sobjects",
        frozenset({"composite", "graph", "batch"}),
    ),
    Route(
        "sobjects/{sobject}/{record_id}",
        {"GET": read_record, "PATCH": update_record, "DELETE": delete_record},
        "sobjects",
        frozenset({"composite", "graph", "batch"}),
    ),
]
