"""Hands outbox writes to one push at a time, and records what became of them.

Owns the lease and the fence. A push claims writes for a limited time and records an outcome only
while the claim is its own, so two pushes never settle the same write, and one that died leaves
writes whose outcome the next push reads back. Leases and retry times follow the machine's clock:
the local org's may stand still.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, Select, exists, or_, select
from sqlalchemy.orm import Session, aliased

from config.clock import Clock
from config.database import transaction
from config.process import is_gone
from sfsync import jsonio
from sfsync.conflicts import note_clashes
from sfsync.errors import SalesforceError, SalesforceRetryable
from sfsync.outbox import OutboxWrite, WriteState, fold_into_newer
from sfsync.preparing import Prepared
from sfsync.rest import COLLECTION_SIZE, SaveResult
from sfsync.waiting import find_waits

#: Longer than any call may take with all its retries, so that a push that lives keeps its claim.
LEASE_S = 900
#: After so many answers "may succeed later" for one record, a person is asked.
MAX_ATTEMPTS = 12
FIRST_RETRY_S = 30.0
LONGEST_RETRY_S = 3600.0


@dataclass(frozen=True)
class WriteLeases:
    """One push's way to take writes and to settle them."""

    engine: Engine
    clock: Clock
    worker: str

    def take(self, sobject: str) -> Iterator[list[OutboxWrite]]:
        """Claims the due writes of `sobject` in batches of one call each, oldest first.

        A write whose parent has not arrived is left waiting with the reason, and holds up nobody.
        """
        after_id = 0
        while True:
            with transaction(self.engine) as session:
                due = _due_writes(sobject, after_id, self.clock.now())
                candidates = session.scalars(due).all()
                waits = find_waits(session, candidates)
                for row in candidates:
                    row.waits_for = waits.get(row.id)
                ready = [row for row in candidates if row.waits_for is None]
                self._claim(ready)
                for row in ready:
                    row.attempts += 1
            if not candidates:
                return
            after_id = candidates[-1].id
            if ready:
                yield ready

    def take_abandoned(self) -> list[OutboxWrite]:
        """Claims the writes of a push that died while sending; their outcome is unknown."""
        sending = select(OutboxWrite).where(OutboxWrite.state == WriteState.SENDING)
        now = self.clock.now()
        with transaction(self.engine) as session:
            held = session.scalars(sending.with_for_update(skip_locked=True))
            rows = [row for row in held if _is_abandoned(row, now)]
            self._claim(rows)
        return rows

    def note_attempt(self, prepared: Sequence[Prepared]) -> list[Prepared]:
        """Notes what is about to be sent and the clashes; answers the writes that are still ours.

        Those of which nothing is left to send are settled with it.
        """
        by_id = {each.row.id: each for each in prepared}
        now = self.clock.now()
        with transaction(self.engine) as session:
            for row in self._own(session, by_id):
                each = by_id.pop(row.id)
                note_clashes(session, row, each.clashes, each.version, now)
                _mark_attempt(row, each)
                _mark_attempt(each.row, each)
                if each.is_settled:
                    _close(row, each, now)
        return [each for each in prepared if each.row.id not in by_id]

    def settle(self, outcomes: Sequence[tuple[OutboxWrite, SaveResult]]) -> None:
        """Records what became of claimed writes, each unless someone else has taken it over."""
        results = {row.id: result for row, result in outcomes}
        with transaction(self.engine) as session:
            for row in self._own(session, results):
                result = results[row.id]
                if result.success:
                    _mark_sent(row, result, self.clock.now())
                else:
                    _mark_failed(session, row, result.errors[0], self.clock.now())

    def give_back(self, rows: Sequence[OutboxWrite], error: SalesforceError) -> None:
        """Returns writes that were not carried out through no fault of theirs, due at once."""
        with transaction(self.engine) as session:
            for row in self._own(session, [row.id for row in rows]):
                _note_error(row, error)
                if not fold_into_newer(session, row):
                    row.state = WriteState.PENDING
                    row.attempts -= 1

    def abandon(self, rows: Sequence[OutboxWrite]) -> None:
        """Ends the claim at once: the outcome is unknown and the next push reads it back."""
        with transaction(self.engine) as session:
            for row in self._own(session, [row.id for row in rows]):
                row.claimed_until = self.clock.now() - timedelta(seconds=1)

    def _claim(self, rows: Iterable[OutboxWrite]) -> None:
        for row in rows:
            row.state, row.claimed_by = WriteState.SENDING, self.worker
            row.claimed_until = self.clock.now() + timedelta(seconds=LEASE_S)

    def _own(self, session: Session, ids: Iterable[int]) -> Sequence[OutboxWrite]:
        """The rows that are still ours: the fence."""
        query = select(OutboxWrite).where(
            OutboxWrite.id.in_(list(ids)),
            OutboxWrite.state == WriteState.SENDING,
            OutboxWrite.claimed_by == self.worker,
        )
        return session.scalars(query.order_by(OutboxWrite.id).with_for_update()).all()


def _is_abandoned(row: OutboxWrite, now: datetime) -> bool:
    """Whether the push that claimed the write is over: its lease ended, or its process did."""
    is_over = row.claimed_until is not None and row.claimed_until < now
    return is_over or is_gone(row.claimed_by)


def _due_writes(sobject: str, after_id: int, now: datetime) -> Select[OutboxWrite]:
    other = aliased(OutboxWrite)
    is_being_sent = exists().where(
        other.sobject == OutboxWrite.sobject,
        other.external_id == OutboxWrite.external_id,
        other.state == WriteState.SENDING,
    )
    return (
        select(OutboxWrite)
        .where(
            OutboxWrite.state == WriteState.PENDING,
            OutboxWrite.sobject == sobject,
            OutboxWrite.id > after_id,
            or_(OutboxWrite.due_at.is_(None), OutboxWrite.due_at <= now),
            ~is_being_sent,
        )
        .order_by(OutboxWrite.id)
        .limit(COLLECTION_SIZE)
        .with_for_update(skip_locked=True)
    )


def _mark_sent(row: OutboxWrite, result: SaveResult, now: datetime) -> None:
    _note_nothing_wrong(row, now)
    row.state = WriteState.SENT
    row.salesforce_id, row.created = result.salesforce_id, result.created


def _mark_failed(session: Session, row: OutboxWrite, error: SalesforceError, now: datetime) -> None:
    _note_error(row, error)
    if fold_into_newer(session, row):
        return
    if isinstance(error, SalesforceRetryable) and row.attempts < MAX_ATTEMPTS:
        row.state, row.due_at = WriteState.PENDING, now + _retry_pause(row.attempts)
    else:
        row.state, row.due_at = WriteState.REJECTED, None


def _mark_attempt(row: OutboxWrite, prepared: Prepared) -> None:
    row.sent = jsonio.dumps(prepared.values, sort_keys=True)
    # A mark that the record carries stays: that attempt has arrived after all.
    was_met = prepared.version.row is not None and prepared.version.row["sync_write"] == row.token
    if prepared.mark is not None or not was_met:
        row.token = prepared.mark


def _close(row: OutboxWrite, prepared: Prepared, now: datetime) -> None:
    """Settles a write of which nothing is left: the org holds it already, or people's values."""
    _note_nothing_wrong(row, now)
    row.state = WriteState.YIELDED if prepared.clashes else WriteState.SENT
    found = prepared.version.row
    row.salesforce_id, row.created = found["salesforce_id"] if found else None, False


def _note_nothing_wrong(row: OutboxWrite, now: datetime) -> None:
    row.sent_at, row.due_at = now, None
    row.error_code = row.error_message = row.error_fields = row.error_remedy = None


def _note_error(row: OutboxWrite, error: SalesforceError) -> None:
    row.error_code, row.error_message = error.code or type(error).__name__, error.message
    row.error_fields, row.error_remedy = ", ".join(error.fields) or None, error.remedy


def _retry_pause(attempts: int) -> timedelta:
    longest = min(FIRST_RETRY_S * 2 ** (attempts - 1), LONGEST_RETRY_S)
    return timedelta(seconds=random.uniform(longest / 2, longest))  # noqa: S311 - jitter
