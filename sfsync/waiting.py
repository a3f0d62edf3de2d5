"""Finds the writes that have to wait for another record to arrive in the org first.

Owns the reasons that a person reads. A child waits only for a parent that exists nowhere but in the
outbox; a parent that the org has already never holds anything up, whatever becomes of its update.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from sfsync.chunks import chunked
from sfsync.mapping import find_references
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.replica import LOOKUP_SIZE
from sfsync.replica_reads import known_ids

OPEN = (WriteState.PENDING, WriteState.SENDING, WriteState.REJECTED)

Key = tuple[str, str]


def find_waits(session: Session, rows: Sequence[OutboxWrite]) -> dict[int, str]:
    """Why each of `rows` that has to wait does so, by row id."""
    references = {row.id: _references(row) for row in rows}
    missing = _find_missing(session, {key for keys in references.values() for key in keys})
    waits: dict[int, str] = {}
    for row_id, keys in references.items():
        reasons = [missing[key] for key in keys if key in missing]
        if reasons:
            waits[row_id] = "; ".join(reasons)
    return waits


def _references(row: OutboxWrite) -> list[Key]:
    own = (row.sobject, row.external_id)
    return [key for key in find_references(row.values) if key != own]


def _find_missing(session: Session, keys: Collection[Key]) -> dict[Key, str]:
    """The records that only the outbox knows, with the reason why they have not arrived."""
    by_sobject: defaultdict[str, list[str]] = defaultdict(list)
    for sobject, external_id in keys:
        by_sobject[sobject].append(external_id)
    missing: dict[Key, str] = {}
    for sobject, external_ids in by_sobject.items():
        for chunk in chunked(external_ids, LOOKUP_SIZE):
            missing |= _find_missing_of(session, sobject, chunk)
    return missing


def _find_missing_of(session: Session, sobject: str, external_ids: Sequence[str]) -> dict[Key, str]:
    query = select(OutboxWrite).where(
        OutboxWrite.sobject == sobject, OutboxWrite.external_id.in_(external_ids)
    )
    writes = session.scalars(query.order_by(OutboxWrite.id)).all()
    arrived = set(known_ids(session, sobject, external_ids))
    arrived |= {each.external_id for each in writes if each.state == WriteState.SENT}
    return {
        (sobject, write.external_id): _reason(write)
        for write in writes
        if write.state in OPEN and write.external_id not in arrived
    }


def _reason(parent: OutboxWrite) -> str:
    name = f"{parent.sobject} {parent.external_id}"
    if parent.state == WriteState.REJECTED:
        return f"waits for {name}, which was refused: {parent.error_message}"
    return f"waits for {name}, which has not arrived yet"
