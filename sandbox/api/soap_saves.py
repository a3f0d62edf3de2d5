"""Writing records by the partner API: create, update, upsert, delete.

Every record succeeds or fails on its own; neighbours of one type share a transaction, as the rows
of a bulk job do. Source: SOAP API guide, "create()", "update()", "upsert()", "delete()".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from sandbox.api.bulk_jobs import row_fault_check
from sandbox.api.http import request_target
from sandbox.api.soap import child_text, local_name
from sandbox.api.soap_records import Operation, check_count, read_values, show_errors, sobject_of
from sandbox.bulk.saver import Saved, Task, Values, save_chunk
from sandbox.fault import ROW_KIND
from sandbox.org.errors import OrgError, refuse

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from sandbox.api.services import Services
    from sandbox.org.actor import Actor
    from sandbox.org.schema import SObject

_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
#: A row with the sObject that it belongs to; a row that is no good comes as its refusal.
_Row = tuple["SObject | None", "Values | OrgError"]


def _create(services: Services, actor: Actor, operation: Element) -> str:
    return "".join(map(_result, _save(services, actor, "insert", _rows(services, operation))))


def _update(services: Services, actor: Actor, operation: Element) -> str:
    return "".join(map(_result, _save(services, actor, "update", _rows(services, operation))))


def _upsert(services: Services, actor: Actor, operation: Element) -> str:
    key = child_text(operation, "externalIDFieldName") or "Id"
    saved = _save(services, actor, "upsert", _rows(services, operation), key)
    return "".join(_result(one, f"<created>{str(one.created).lower()}</created>") for one in saved)


def _delete(services: Services, actor: Actor, operation: Element) -> str:
    # pyforce and beatbox write `id`, which an org takes as well.
    ids = [child.text or "" for child in operation if local_name(child) in {"id", "ids"}]
    check_count(len(ids))
    rows = [_row_of_id(services, given) for given in ids]
    return "".join(map(_result, _save(services, actor, "delete", rows)))


def _save(
    services: Services,
    actor: Actor,
    operation: str,
    rows: Iterable[_Row],
    key: str | None = None,
) -> Iterator[Saved]:
    for sobject, group in groupby(rows, key=lambda row: row[0]):
        values = [row[1] for row in group]
        if sobject is None:
            yield from (Saved(None, errors=v.items) for v in values if isinstance(v, OrgError))
            continue
        field = sobject.field(key) if key else None
        if key and (field is None or not (field.external_id or field.name == "Id")):
            refusal = refuse("INVALID_FIELD", f"{key} is no external ID of {sobject.name}", key)
            yield from (Saved(None, errors=refusal.items) for _ in values)
            continue
        task = Task(operation, sobject, field.name if field else None)
        path = f"{request_target()}/{sobject.name}"
        check = row_fault_check(services.faults, ROW_KIND, path, actor.username, "POST")
        yield from save_chunk(services.org, actor, task, values, check)


def _rows(services: Services, operation: Element) -> list[_Row]:
    records = [child for child in operation if local_name(child) == "sObjects"]
    check_count(len(records))
    return [_read(services, record) for record in records]


def _read(services: Services, record: Element) -> _Row:
    name = child_text(record, "type") or record.get(_TYPE, "").rpartition(":")[2]
    sobject = services.org.schema.sobject(name)
    if sobject is None:
        return None, refuse("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    values = read_values(sobject, record)
    if given := child_text(record, "Id"):
        values["Id"] = given
    return sobject, values


def _row_of_id(services: Services, given: str) -> _Row:
    try:
        return sobject_of(services, given), {"Id": given}
    except OrgError as error:
        return None, error


def _result(saved: Saved, created: str = "") -> str:
    if saved.errors:
        errors = show_errors(saved.errors)
        return f'<result>{created}{errors}<id xsi:nil="true"/><success>false</success></result>'
    return f"<result>{created}<id>{saved.record_id}</id><success>true</success></result>"


OPERATIONS: dict[str, Operation] = {
    "create": _create,
    "delete": _delete,
    "update": _update,
    "upsert": _upsert,
}
