"""What a change is made against, when its author has not looked at the org.

Owns the answer: the record as the replica has it, overlaid by what we have sent since and the
replica has not met, so that our own write is never taken for a person's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

from sqlalchemy import select
from sqlalchemy.orm import Session

from sfsync.guard import is_creation
from sfsync.mapping import BY_SOBJECT
from sfsync.mirroring import mirrored_values
from sfsync.outbox_rows import OutboxWrite, WriteState
from sfsync.replica_reads import find_by_key

#: Own writes that the replica may not have met yet, at most; a pull comes long before so many.
MOST_UNSEEN = 50


def find_base(
    session: Session, sobject: str, external_id: str, wanted: Mapping[str, object]
) -> dict[str, object]:
    """The fields of `wanted` as the replica has them, and as we have sent them since."""
    if sobject not in BY_SOBJECT:
        return {}
    row = find_by_key(session, sobject, [external_id]).get(external_id)
    base = {} if row is None else mirrored_values(sobject, row, wanted)
    for write in _unseen(session, sobject, external_id, row["sync_write"] if row else None):
        if is_creation(write.mark):
            base |= dict.fromkeys(wanted)  # it began with nothing but what we gave it
        base |= {name: value for name, value in write.carried.items() if name in wanted}
    return base


def _unseen(
    session: Session, sobject: str, external_id: str, seen: str | None
) -> Sequence[OutboxWrite]:
    """Our writes of the record since the one that the replica has met, oldest first."""
    query = (
        select(OutboxWrite)
        .where(
            OutboxWrite.sobject == sobject,
            OutboxWrite.external_id == external_id,
            OutboxWrite.state.in_((WriteState.SENDING, WriteState.SENT)),
        )
        .order_by(OutboxWrite.id.desc())
        .limit(MOST_UNSEEN)
    )
    unseen = takewhile(lambda row: not _was_met(row, seen), session.scalars(query))
    return list(unseen)[::-1]


def _was_met(row: OutboxWrite, seen: str | None) -> bool:
    """Whether the replica has met the write; one from before there were marks has been for long."""
    is_unmarked = row.state == WriteState.SENT and row.sent is None
    return is_unmarked or (row.mark is not None and row.mark == seen)
