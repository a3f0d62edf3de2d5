"""sObject collections: up to 200 records of any types in one call.

Source: REST API guide, "sObject Collections": 200 rows in at most 10 chunks of one type each;
retrieving takes 2,000 Ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any

from sandbox.api.call import Answer, Call, Route
from sandbox.api.dispatch import hit_by_inner_fault
from sandbox.api.row_saver import Outcome, save_rows
from sandbox.api.rows import (
    find_external_field,
    find_sobject,
    record_values,
    saved,
    show_record,
)
from sandbox.fault import ROW_KIND
from sandbox.org.errors import OrgError, refuse
from sandbox.org.schema import SObject

MOST_ROWS = 200
MOST_CHUNKS = 10
MOST_RETRIEVED = 2000


def create_rows(call: Call) -> Answer:
    """Insert each row; each names its type in `attributes`."""
    return _save_each(call, _insert)


def update_rows(call: Call) -> Answer:
    """Update each row; each carries its `id`."""
    return _save_each(call, _update)


def delete_rows(call: Call) -> Answer:
    """Delete the records of `?ids=`; they may be of several types."""
    ids = [given.strip() for given in call.params.get("ids", "").split(",") if given.strip()]
    _check_size(len(ids), MOST_ROWS)
    saves = [partial(_delete, call, record_id) for record_id in ids]
    return save_rows(call, saves, all_or_none=call.params.get("allOrNone", "").lower() == "true")


def upsert_rows(call: Call, sobject: str, ext_field: str) -> Answer:
    """Insert or update each row by its external ID; two rows with the same one are refused."""
    target = find_sobject(call, sobject)
    field = find_external_field(call, target, ext_field)
    body, rows = _read_rows(call)
    for row in rows:
        _check_type(row, target)
    twice = _find_duplicates(field.name, rows)
    saves = [partial(_upsert, call, target, field.name, twice, row) for row in rows]
    return save_rows(call, saves, all_or_none=_reads_true(body, "allOrNone"))


def retrieve_rows(call: Call, sobject: str) -> Answer:
    """The records with those Ids, in that order; null where there is none."""
    target = find_sobject(call, sobject)
    ids, fields = _read_selection(call)
    _check_size(len(ids), MOST_RETRIEVED)
    return Answer(body=[_find_row(call, target, record_id, fields) for record_id in ids])


def _save_each(call: Call, save: Callable[[Call, SObject, dict[str, Any]], Outcome]) -> Answer:
    body, rows = _read_rows(call)
    targets = [_row_sobject(call, row) for row in rows]
    _check_chunks(targets)
    saves = [partial(save, call, target, row) for target, row in zip(targets, rows, strict=True)]
    return save_rows(call, saves, all_or_none=_reads_true(body, "allOrNone"))


def _insert(call: Call, target: SObject, row: Mapping[str, Any]) -> Outcome:
    _hit_by_fault(call, target, row, "")
    return saved(call.services.org.insert(call.actor, target.name, record_values(row)))


def _update(call: Call, target: SObject, row: Mapping[str, Any]) -> Outcome:
    values = record_values(row)
    record_id = _take(values, "Id")
    if record_id is None:
        raise refuse("MISSING_ARGUMENT", "Id not specified in an update call", "Id")
    _hit_by_fault(call, target, row, record_id)
    call.services.org.update(call.actor, target.name, record_id, values)
    return saved(record_id)


def _delete(call: Call, record_id: str) -> Outcome:
    org = call.services.org
    target = org.schema.by_key_prefix(record_id[:3])
    if target is None or len(record_id) not in {15, 18}:
        raise refuse("MALFORMED_ID", f"malformed id {record_id}")
    _hit_by_fault(call, target, {}, record_id)
    org.delete(call.actor, target.name, record_id)
    return saved(record_id)


def _upsert(
    call: Call, target: SObject, ext_field: str, twice: set[str], row: Mapping[str, Any]
) -> Outcome:
    values = record_values(row)
    key = _take(values, ext_field)
    _hit_by_fault(call, target, row, f"{ext_field}/{key}")
    if key is None and ext_field == "Id":
        return saved(call.services.org.insert(call.actor, target.name, values), created=True)
    if key is None:
        raise refuse("MISSING_ARGUMENT", f"{ext_field} not specified", ext_field)
    if key.lower() in twice:
        raise refuse("DUPLICATE_VALUE", f"Duplicate external id specified: {key}", ext_field)
    if ext_field == "Id":
        call.services.org.update(call.actor, target.name, key, values)
        return saved(key, created=False)
    record_id, created = call.services.org.upsert(call.actor, target.name, ext_field, key, values)
    return saved(record_id, created=created)


def _find_row(
    call: Call, target: SObject, record_id: str, fields: list[str]
) -> dict[str, object] | None:
    try:
        return show_record(call, target, record_id, fields)
    except OrgError as error:
        if error.items[0].code in {"NOT_FOUND", "ENTITY_IS_DELETED", "MALFORMED_ID"}:
            return None
        raise


def _read_rows(call: Call) -> tuple[dict[str, object], list[dict[str, Any]]]:
    body = call.json_object()
    rows = body.get("records")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise refuse("INVALID_INPUT", "records must be a list of objects")
    _check_size(len(rows), MOST_ROWS)
    return body, rows


def _read_selection(call: Call) -> tuple[list[str], list[str]]:
    if call.method == "POST":
        body = call.json_object()
        ids, fields = body.get("ids"), body.get("fields")
    else:
        ids = [part for part in call.params.get("ids", "").split(",") if part]
        fields = [part for part in call.params.get("fields", "").split(",") if part]
    if not isinstance(ids, list) or not isinstance(fields, list) or not ids or not fields:
        raise refuse("INVALID_INPUT", "ids and fields must both be given")
    return [str(given) for given in ids], [str(given) for given in fields]


def _row_sobject(call: Call, row: Mapping[str, Any]) -> SObject:
    attributes = row.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise refuse("INVALID_INPUT", "each record must name its type in attributes")
    found = call.services.org.schema.sobject(name)
    if found is None or not call.actor.access.can_see(found):
        raise refuse("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return found


def _check_type(row: Mapping[str, Any], target: SObject) -> None:
    attributes = row.get("attributes")
    name = attributes.get("type", target.name) if isinstance(attributes, dict) else target.name
    if str(name).lower() != target.name.lower():
        raise refuse("INVALID_INPUT", f"a record of type {name} was sent to {target.name}")


def _check_size(count: int, most: int) -> None:
    if count > most:
        raise refuse(
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {most} records in this operation",
        )


def _check_chunks(targets: list[SObject]) -> None:
    chunks = sum(1 for _ in groupby(target.name for target in targets))
    if chunks > MOST_CHUNKS:
        raise refuse(
            "LIMIT_EXCEEDED",
            f"{chunks} chunks of records of one type are more than {MOST_CHUNKS}; sort the records",
        )


def _find_duplicates(name: str, rows: list[dict[str, Any]]) -> set[str]:
    given = (held for row in rows for key, held in row.items() if key.lower() == name.lower())
    counts = Counter(str(value).lower() for value in given if value is not None)
    return {value for value, count in counts.items() if count > 1}


def _take(values: dict[str, Any], name: str) -> str | None:
    for key in list(values):
        if key.lower() == name.lower():
            value = values.pop(key)
            if isinstance(value, (dict, list)):
                raise refuse("JSON_PARSER_ERROR", f"{name} must be a plain value", name)
            return None if value in {None, ""} else str(value)
    return None


def _reads_true(body: Mapping[str, object], name: str) -> bool:
    return str(body.get(name, "")).lower() == "true"


def _hit_by_fault(call: Call, target: SObject, row: Mapping[str, Any], key: str) -> None:
    if call.services.faults.has_inner:
        path = f"{call.data_url}/sobjects/{target.name}/{key}"
        hit_by_inner_fault(replace(call, path=path, parsed_body=row), ROW_KIND)


_NESTED = frozenset({"composite", "batch"})
ROUTES = [
    Route(
        "composite/sobjects",
        {"POST": create_rows, "PATCH": update_rows, "DELETE": delete_rows},
        "collections",
        _NESTED,
    ),
    Route(
        "composite/sobjects/{sobject}",
        {"GET": retrieve_rows, "POST": retrieve_rows},
        "collections",
        _NESTED,
    ),
    Route(
        "composite/sobjects/{sobject}/{ext_field}", {"PATCH": upsert_rows}, "collections", _NESTED
    ),
]
