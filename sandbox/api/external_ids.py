"""Single records by external ID: read, upsert, delete.

The whole sync leans on the upsert: it may be repeated without harm. Source: REST API guide,
"sObject Rows by External ID"; answers by version as facts collected from the documentation say.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from sandbox.api.call import Answer, Call, Route
from sandbox.api.conditions import (
    check_conditions,
    check_tags,
    last_modified,
    refuse_guards,
    unmodified_since,
)
from sandbox.api.records import modification_time
from sandbox.api.router import not_found
from sandbox.api.rows import (
    asked_fields,
    find_external_field,
    find_sobject,
    record_values,
    saved,
    show_record,
)
from sandbox.org.errors import MultipleMatches, not_implemented, refuse
from sandbox.org.schema import NUMERIC_TYPES, Field, SObject

#: From this version on an upsert that found its record answers 200 with a body, before it 204.
_BODY_SINCE = 46.0


def read_by_external_id(call: Call, sobject: str, ext_field: str, ext_value: str) -> Answer:
    """The one record with that value; 300 with their URLs when there are many."""
    target = find_sobject(call, sobject)
    matches = find_matches(call, target, find_external_field(call, target, ext_field), ext_value)
    if not matches:
        raise not_found()
    if len(matches) > 1:
        return multiple_choices(call, target, matches)
    check_tags(call, None)
    modified = modification_time(call, target, matches[0])
    unchanged = check_conditions(call, modified)
    if unchanged is not None:
        return unchanged
    shown = show_record(call, target, matches[0], asked_fields(call))
    return Answer(200, shown, last_modified(modified))


def upsert_record(call: Call, sobject: str, ext_field: str, ext_value: str) -> Answer:
    """201 created, 200 or (older versions) 204 updated, 300 and nothing done for many matches."""
    target = find_sobject(call, sobject)
    field = find_external_field(call, target, ext_field)
    values = record_values(call.json_object())
    _refuse_key_in_body(values, field)
    check_tags(call, None)
    if unmodified_since(call) is not None:
        return _update_unmodified(call, target, field, ext_value, values)
    org = call.services.org
    try:
        with org.transaction():
            record_id, created = org.upsert(
                call.actor,
                target.name,
                field.name,
                ext_value,
                values,
                update_only=call.params.get("updateOnly", "").lower() == "true",
            )
    except MultipleMatches as error:
        return multiple_choices(call, target, list(error.ids))
    return _upserted(call, record_id, created)


def delete_by_external_id(call: Call, sobject: str, ext_field: str, ext_value: str) -> Answer:
    """204; 300 and nothing done when several records match."""
    refuse_guards(call)
    target = find_sobject(call, sobject)
    org = call.services.org
    with org.transaction():
        matches = find_matches(
            call, target, find_external_field(call, target, ext_field), ext_value
        )
        if len(matches) > 1:
            return multiple_choices(call, target, matches)
        if not matches:
            raise not_found()
        org.delete(call.actor, target.name, matches[0])
    return Answer(204)


def find_matches(call: Call, sobject: SObject, field: Field, value: str) -> list[str]:
    """Ids of the records that are not deleted and hold `value` in `field`."""
    soql = f"SELECT Id FROM {sobject.name} WHERE {field.name} = {_literal(field, value)}"  # noqa: S608
    found = call.services.org.query(call.actor, soql)
    return [str(row["Id"]) for row in found.records]


def multiple_choices(call: Call, sobject: SObject, record_ids: list[str]) -> Answer:
    """300 with the URL of every record that matched."""
    base = f"{call.data_url}/sobjects/{sobject.name}"
    return Answer(300, [f"{base}/{record_id}" for record_id in record_ids])


def _upserted(call: Call, record_id: str, created: bool) -> Answer:
    has_body = call.is_at_least(_BODY_SINCE)
    if created:
        return Answer(201, saved(record_id, created=True if has_body else None))
    return Answer(200, saved(record_id, created=False)) if has_body else Answer(204)


def _update_unmodified(
    call: Call, sobject: SObject, field: Field, ext_value: str, values: dict[str, object]
) -> Answer:
    org = call.services.org
    with org.transaction():
        matches = find_matches(call, sobject, field, ext_value)
        if len(matches) > 1:
            return multiple_choices(call, sobject, matches)
        if not matches:
            raise not_implemented("If-Unmodified-Since on an upsert that would create")
        org.update(
            call.actor, sobject.name, matches[0], values, unmodified_since=unmodified_since(call)
        )
    return _upserted(call, matches[0], created=False)


def _refuse_key_in_body(values: dict[str, object], field: Field) -> None:
    for name in values:
        if name.lower() in {"id", field.name.lower()}:
            raise refuse(
                "INVALID_FIELD",
                f"The {name} field should not be specified in the sobject data.",
                name,
            )


def _literal(field: Field, value: str) -> str:
    if field.type not in NUMERIC_TYPES:
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return "'" + escaped.replace("\n", "\\n").replace("\r", "\\r") + "'"
    try:
        return f"{Decimal(value):f}"
    except InvalidOperation as error:
        raise not_found() from error


ROUTES = [
    Route(
        "sobjects/{sobject}/{ext_field}/{ext_value}",
        {
            "GET": read_by_external_id,
            "PATCH": upsert_record,
            "DELETE": delete_by_external_id,
        },
        "sobjects",
        frozenset({"composite", "graph", "batch"}),
    ),
]
