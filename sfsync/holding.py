"""Keeps values of fields that cannot be written at present out of writes, until they can be.

Owns the parting of a write: what can go goes, and what is held stays in the outbox as a write of
its own that waits with a named reason. When the other part is refused, both are one write again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from sfsync import jsonio
from sfsync.descriptions import parse_description
from sfsync.guard import GUARD_FIELD
from sfsync.mapping import BY_SOBJECT
from sfsync.merging import DELETION
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.schema import ColumnState, SyncField


def find_held(session: Session, sobject: str) -> dict[str, str]:
    """Why a field of `sobject` cannot be written now, by the names that a write gives it.

    A lookup has two: `Proposal__c` and, by external ID, `Proposal__r`.
    """
    query = select(SyncField).where(
        SyncField.sobject == sobject,
        SyncField.state.in_([ColumnState.PAUSED, ColumnState.READ_ONLY]),
    )
    held: dict[str, str] = {}
    for row in session.scalars(query.order_by(SyncField.name)):
        reason = f"waits for {row.full_name}: {row.reason} {row.remedy}"
        held |= dict.fromkeys(_names(row), reason)
    return held


def find_standstill(sobject: str, held: Mapping[str, str]) -> str | None:
    """Why no record can be written at all: its key, or the guard's mark, is among what is held."""
    mapping = BY_SOBJECT.get(sobject)
    if mapping is None:
        return None
    return held.get(mapping.external_id) or held.get(GUARD_FIELD)


def find_holds(session: Session, rows: Sequence[OutboxWrite]) -> dict[int, str]:
    """Why each of `rows` that has nothing to send but held values waits, by row id."""
    holds: dict[int, str] = {}
    if not rows:
        return holds
    held = find_held(session, rows[0].sobject)
    for row in rows:
        names = row.values.keys()
        key = find_standstill(row.sobject, held)
        if key or (names and names <= held.keys()):
            holds[row.id] = key or _reasons(held, names & held.keys())
    return holds


def set_apart(session: Session, rows: Sequence[OutboxWrite]) -> None:
    """Takes the held values out of claimed writes, each into a write that waits for its fields."""
    if not rows:
        return
    held = find_held(session, rows[0].sobject)
    parted = [row for row in rows if row.values.keys() & held.keys()] if held else []
    # A record has one pending write at most: the claims come first.
    session.flush()
    for row in parted:
        values = row.values
        apart = {name: value for name, value in values.items() if name in held}
        rest = {name: value for name, value in values.items() if name not in held}
        row.payload = jsonio.dumps(rest, sort_keys=True)
        _leave_waiting(session, row, apart, _reasons(held, apart.keys()))
        row.base = jsonio.dumps(_part_of(row.base_values, rest), sort_keys=True)


def _leave_waiting(
    session: Session, row: OutboxWrite, apart: Mapping[str, object], reason: str
) -> None:
    newer = session.scalar(
        select(OutboxWrite).where(
            OutboxWrite.sobject == row.sobject,
            OutboxWrite.external_id == row.external_id,
            OutboxWrite.state == WriteState.PENDING,
        )
    )
    base = _part_of(row.base_values, apart)
    if newer is not None:
        newer.payload = jsonio.dumps({**apart, **newer.values}, sort_keys=True)
        newer.base = jsonio.dumps({**newer.base_values, **base}, sort_keys=True)
        return
    session.add(
        OutboxWrite(
            sobject=row.sobject,
            external_id=row.external_id,
            payload=jsonio.dumps(apart, sort_keys=True),
            base=jsonio.dumps(base, sort_keys=True),
            cause=row.cause,
            state=WriteState.PENDING,
            attempts=0,
            waits_for=reason,
            is_remainder=True,
        )
    )


def _part_of(base: Mapping[str, object], values: Mapping[str, object]) -> dict[str, object]:
    """What the fields of `values` were changed from, and whether the record is to come back."""
    return {name: value for name, value in base.items() if name in values or name == DELETION}


def _names(row: SyncField) -> set[str]:
    texts = (row.described, row.found)
    lookups = {parse_description(text).relationship for text in texts if text}
    return ({row.name} | lookups) - {""}


def _reasons(held: Mapping[str, str], names: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(held[name] for name in sorted(names)))
