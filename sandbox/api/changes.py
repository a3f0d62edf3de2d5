"""Which records of an sObject were changed or deleted in a span of time.

Source: REST API guide, "sObject Get Updated" and "sObject Get Deleted": seconds are ignored, the
span is longer than a minute, and starts at most 30 (changes) or 15 (deletions) days ago.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.api.call import Answer, Call, Route
from sandbox.api.rows import find_sobject
from sandbox.org.errors import OrgError, refuse
from sandbox.org.schema import SObject

UPDATED_WINDOW = timedelta(days=30)
DELETED_WINDOW = timedelta(days=15)
MOST_IDS = 600_000
_STAMPS = ("SystemModstamp", "CreatedDate")
_OFFSET = re.compile(r"([+-]\d\d):?(\d\d)\Z")


def list_updated(call: Call, sobject: str) -> Answer:
    """Ids of records that were created or changed, and up to when that is certain."""
    start, end = _read_window(call, UPDATED_WINDOW)
    rows = _find_changed(call, sobject, start, end, is_deleted=False)
    ids = [record_id for record_id, _ in rows]
    return Answer(body={"ids": ids, "latestDateCovered": _write_time(_covered(call, end))})


def list_deleted(call: Call, sobject: str) -> Answer:
    """Ids of deleted records with the time of their deletion."""
    start, end = _read_window(call, DELETED_WINDOW)
    rows = _find_changed(call, sobject, start, end, is_deleted=True)
    erased = call.services.org.erased(sobject, start, end)
    rows += [(record_id, _write_time(at)) for record_id, at in erased]
    earliest = call.services.org.clock.now() - DELETED_WINDOW
    return Answer(
        body={
            "deletedRecords": [{"id": record_id, "deletedDate": at} for record_id, at in rows],
            "earliestDateAvailable": _write_time(earliest.replace(second=0, microsecond=0)),
            "latestDateCovered": _write_time(_covered(call, end)),
        }
    )


def _find_changed(
    call: Call, sobject: str, start: datetime, end: datetime, *, is_deleted: bool
) -> list[tuple[str, object]]:
    target = find_sobject(call, sobject)
    stamp = _choose_stamp(target, is_deleted=is_deleted)
    has_bin = target.field("IsDeleted") is not None
    if is_deleted and not has_bin:
        return []
    first, last = f"{start:%Y-%m-%dT%H:%M:%SZ}", f"{end:%Y-%m-%dT%H:%M:%SZ}"
    life = f"IsDeleted = {str(is_deleted).lower()} AND " if has_bin else ""
    soql = (
        f"SELECT Id, {stamp} FROM {target.name} "  # noqa: S608 - names come from the schema
        f"WHERE {life}{stamp} >= {first} AND {stamp} < {last} ORDER BY {stamp}, Id"
    )
    found = call.services.org.query(call.actor, soql, include_deleted=is_deleted)
    if len(found.records) > MOST_IDS:
        raise refuse("EXCEEDED_ID_LIMIT", f"More than {MOST_IDS} ids; ask for a shorter span.")
    return [(str(row["Id"]), _find_value(row, stamp)) for row in found.records]


def _find_value(row: Any, path: str) -> object:
    for name in path.split("."):
        row = row[name]
    return row


def _choose_stamp(target: SObject, *, is_deleted: bool) -> str:
    """The path to the field that says when a record changed, or when it was deleted."""
    stamp = find_stamp(target)
    if stamp is None:
        raise refuse("INVALID_TYPE", f"{target.name} is not replicated")
    if is_deleted and target.history_of:
        # A row of a history goes with the record that it tells of.
        parent = next(f.name for f in target.fields.values() if target.history_of in f.reference_to)
        return f"{parent.removesuffix('Id')}.SystemModstamp"
    return stamp


def find_stamp(sobject: SObject) -> str | None:
    """The field that says when a record last changed; without one it is not replicated.

    Rows of a history never change, and know only when they were created. Source: Object Reference,
    "StandardObjectNameHistory", supported calls.
    """
    return next((name for name in _STAMPS if sobject.field(name) is not None), None)


def _read_window(call: Call, longest: timedelta) -> tuple[datetime, datetime]:
    now = call.services.org.clock.now()
    start, end = _read_time(call, "start"), _read_time(call, "end")
    if end - start < timedelta(minutes=1):
        raise _bad_window("The end of the span must be more than a minute after its start.")
    if start < now - longest:
        raise _bad_window(f"The span starts more than {longest.days} days ago; read everything.")
    if start > now:
        raise _bad_window("The span starts in the future.")
    return start, end


def _covered(call: Call, end: datetime) -> datetime:
    # More changes may still come in the minute that has begun, and from transactions that began
    # and are not to be seen yet; the next span must cover them again.
    org = call.services.org
    certain = min(org.clock.now(), org.store.late.oldest or end)
    return min(end, certain.replace(second=0, microsecond=0))


def _read_time(call: Call, name: str) -> datetime:
    given = call.params.get(name, "").strip()
    # A plus that a client forgot to encode arrives as a space.
    text = _OFFSET.sub(r"\1:\2", given.replace(" ", "+").replace("Z", "+00:00"))
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=read.tzinfo or UTC, second=0, microsecond=0).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        # In UTC the first day of the calendar may lie before it.
        raise refuse("MALFORMED_QUERY", f"{name} {given!r} is not a date and time") from error


def _bad_window(message: str) -> OrgError:
    return refuse("INVALID_REPLICATION_DATE", message)


def _write_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000"


ROUTES = [
    Route("sobjects/{sobject}/updated", {"GET": list_updated}, "changes", frozenset({"batch"})),
    Route("sobjects/{sobject}/deleted", {"GET": list_deleted}, "changes", frozenset({"batch"})),
]
