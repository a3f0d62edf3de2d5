"""Finds out whether writes whose answer never came have happened.

Owns the comparison of what was sent with what the org holds. Everything is found by external ID,
never by position or time. A record that carries the mark of the attempt was written, whatever a
person made of its values since; one of an sObject without marks was when it holds all the values
sent. Anything else is merged and sent again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sfsync.about_org import describe_many
from sfsync.client import Salesforce
from sfsync.errors import OutcomeUnknown, SalesforceRejected
from sfsync.guard import GUARD_FIELD, is_guarded
from sfsync.mapping import PUSH_ORDER
from sfsync.outbox import OutboxWrite
from sfsync.queries import query_in
from sfsync.results import Record, SaveResult
from sfsync.values import are_equal

NOT_WRITTEN = SaveResult(
    None,
    success=False,
    created=False,
    errors=(
        OutcomeUnknown(
            "No answer came, and the org does not hold these values.",
            remedy="Nothing to do: it is sent again by itself.",
        ),
    ),
)


def read_back(sf: Salesforce, rows: Sequence[OutboxWrite]) -> list[tuple[OutboxWrite, SaveResult]]:
    """For each write of one sObject, whether the org holds it by now.

    The org cannot hold a field that it does not have: such a write counts as not written, and the
    next sending names what is wrong with it.
    """
    try:
        return _read_back(sf, rows)
    except SalesforceRejected:
        impossible = _having_unknown_fields(sf, rows)
        if not impossible:
            raise
    possible = [row for row in rows if row.id not in impossible]
    asked = _read_back(sf, possible) if possible else []
    return [*asked, *((row, NOT_WRITTEN) for row in rows if row.id in impossible)]


def _having_unknown_fields(sf: Salesforce, rows: Sequence[OutboxWrite]) -> set[int]:
    sobject = rows[0].sobject
    fields = describe_many(sf, [sobject]).get(sobject, {}).get("fields", ())
    known = {each[key] for each in fields for key in ("name", "relationshipName")}
    return {
        row.id
        for row in rows
        if any(path.split(".")[0] not in known for path in _compared_paths(row))
    }


def _read_back(sf: Salesforce, rows: Sequence[OutboxWrite]) -> list[tuple[OutboxWrite, SaveResult]]:
    sobject = rows[0].sobject
    key = PUSH_ORDER[sobject]
    paths = sorted({path for row in rows for path in _compared_paths(row)} | {"Id", key})
    template = f"SELECT {', '.join(paths)} FROM {sobject} WHERE {key} IN {{values}}"  # noqa: S608
    # A record that was written and deleted since was written: it must not be made once more.
    keys = [row.external_id for row in rows]
    found = query_in(sf, template, keys, include_deleted=is_guarded(sobject))
    by_key: defaultdict[str, list[Record]] = defaultdict(list)
    for record in found:
        # External_Id__c is declared case-insensitive, so the org may spell it in another case.
        by_key[str(record[key]).casefold()].append(record)
    return [(row, _judge(row, by_key[row.external_id.casefold()])) for row in rows]


def _compared_paths(row: OutboxWrite) -> set[str]:
    """What tells whether the write arrived: its mark, or without one the values themselves."""
    if row.mark is not None:
        return {GUARD_FIELD}
    if _has_left_nothing(row):
        return set()
    return {path for path, _ in flatten(row.carried)}


def _has_left_nothing(row: OutboxWrite) -> bool:
    """Whether the write was merged once and nothing of it left."""
    return row.mark is None and row.sent is not None and is_guarded(row.sobject)


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every value with its path; one inside a lookup has a path through it."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _judge(row: OutboxWrite, records: Sequence[Record]) -> SaveResult:
    for record in records:
        if _is_written(row, record):
            return SaveResult(str(record["Id"]), success=True, created=False)
    return NOT_WRITTEN


def _is_written(row: OutboxWrite, record: Mapping[str, Any]) -> bool:
    if row.mark is not None:
        return bool(record[GUARD_FIELD] == row.mark)
    if _has_left_nothing(row):
        return False
    return all(are_equal(value, _at(record, path)) for path, value in flatten(row.carried))


def _at(record: Mapping[str, Any], path: str) -> object:
    value: Any = record
    for step in path.split("."):
        value = None if value is None else value.get(step)
    return value
