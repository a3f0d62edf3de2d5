"""Saves the rows of a bulk job, chunk by chunk, each row on its own.

Owns what the operations do with a row and how a refusal reads in a result file. A chunk is one
transaction with one SystemModstamp; a refused row leaves the others alone. Source: Bulk API 2.0
guide, "How Requests Are Processed" (chunks of 200), "Get Job Failed Record Results".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.org.actor import Actor
from sandbox.org.errors import ErrorItem, MultipleMatches, OrgError, refuse
from sandbox.org.org import Org
from sandbox.org.schema import SObject

CHUNK = 200
Values = dict[str, object]
#: Raises the OrgError of a fault that is planned for this row, if one is.
FaultCheck = Callable[[str], None]


@dataclass(frozen=True)
class Saved:
    """What became of one row: its record, or why not."""

    record_id: str | None
    created: bool = False
    errors: tuple[ErrorItem, ...] = ()

    @property
    def error_text(self) -> str:
        """The refusal as the column sf__Error shows it."""
        return ";".join(
            f"{item.code}:{item.message}:{','.join(item.fields)} --" for item in self.errors
        )


@dataclass(frozen=True)
class Task:
    """What a job does with each of its rows."""

    operation: str  #: insert, update, upsert, delete, hardDelete
    sobject: SObject
    external_field: str | None = None  #: for upserts


def save_chunk(
    org: Org,
    actor: Actor,
    task: Task,
    rows: Sequence[Values | OrgError],
    check_fault: FaultCheck | None = None,
) -> list[Saved]:
    """One outcome per row, in order. A row that could not be read comes as its OrgError."""
    saver = _SAVERS[task.operation]
    twice = _keys_given_twice(task, rows)
    outcomes = []
    with org.chunk():
        for row in rows:
            outcomes.append(_save_row(org, actor, task, row, saver, twice, check_fault))
    return outcomes


def _save_row(
    org: Org,
    actor: Actor,
    task: Task,
    row: Values | OrgError,
    saver: Callable[[Org, Actor, Task, Values], Saved],
    twice: set[str],
    check_fault: FaultCheck | None,
) -> Saved:
    try:
        if isinstance(row, OrgError):
            raise row
        if check_fault is not None:
            check_fault(str(row))
        if twice and (key := _key_of(task, row)) in twice:
            message = f"Duplicate external id specified: {key}"
            raise refuse("DUPLICATE_VALUE", message, str(task.external_field))
        with org.savepoint():
            return saver(org, actor, task, row)
    except OrgError as error:
        return Saved(None, errors=tuple(_restate(item) for item in error.items))
    except MultipleMatches as error:
        text = f"more than one record found for external id field: [{', '.join(error.ids)}]"
        return Saved(None, errors=(ErrorItem("DUPLICATE_EXTERNAL_ID", text),))


def _insert(org: Org, actor: Actor, task: Task, row: Values) -> Saved:
    return Saved(org.insert(actor, task.sobject.name, row), created=True)


def _update(org: Org, actor: Actor, task: Task, row: Values) -> Saved:
    record_id = _take(row, "Id")
    if record_id is None:
        raise refuse("MISSING_ARGUMENT", "Id not specified in an update call")
    org.update(actor, task.sobject.name, record_id, row)
    return Saved(record_id)


def _upsert(org: Org, actor: Actor, task: Task, row: Values) -> Saved:
    name = str(task.external_field)
    key = _take(row, name)
    if name == "Id":
        return (
            _insert(org, actor, task, row)
            if key is None
            else _update_by(org, actor, task, key, row)
        )
    if key is None:
        raise refuse("MISSING_ARGUMENT", f"{name} not specified", name)
    record_id, created = org.upsert(actor, task.sobject.name, name, key, row)
    return Saved(record_id, created)


def _update_by(org: Org, actor: Actor, task: Task, record_id: str, row: Values) -> Saved:
    org.update(actor, task.sobject.name, record_id, row)
    return Saved(record_id)


def _delete(org: Org, actor: Actor, task: Task, row: Values) -> Saved:
    record_id = _given_id(row)
    org.delete(actor, task.sobject.name, record_id)
    return Saved(record_id)


def _hard_delete(org: Org, actor: Actor, task: Task, row: Values) -> Saved:
    record_id = _given_id(row)
    org.erase(actor, task.sobject.name, record_id)
    return Saved(record_id)


_SAVERS = {
    "insert": _insert,
    "update": _update,
    "upsert": _upsert,
    "delete": _delete,
    "hardDelete": _hard_delete,
}
OPERATIONS = tuple(_SAVERS)


def _given_id(row: Values) -> str:
    record_id = _take(row, "Id")
    if record_id is None:
        raise refuse("MISSING_ARGUMENT", "Id not specified in a delete call")
    return record_id


def _take(row: Values, name: str) -> str | None:
    for key in list(row):
        if key.lower() == name.lower():
            value = row.pop(key)
            if isinstance(value, (dict, list)):
                raise refuse(
                    "INVALID_TYPE_ON_FIELD_IN_RECORD", f"{name} must be a plain value", name
                )
            return str(value) if value not in (None, "") else None
    return None


def _keys_given_twice(task: Task, rows: Sequence[Values | OrgError]) -> set[str]:
    if task.operation != "upsert":
        return set()
    counts = Counter(_key_of(task, row) for row in rows if not isinstance(row, OrgError))
    return {key for key, count in counts.items() if count > 1 and key}


def _key_of(task: Task, row: Mapping[str, object]) -> str:
    wanted = str(task.external_field).lower()
    return next((str(held).lower() for name, held in row.items() if name.lower() == wanted), "")


def _restate(item: ErrorItem) -> ErrorItem:
    # There is no JSON to be wrong in a table; the Bulk API has a code of its own for it.
    if item.code != "JSON_PARSER_ERROR":
        return item
    return ErrorItem("INVALID_TYPE_ON_FIELD_IN_RECORD", item.message, item.fields)
