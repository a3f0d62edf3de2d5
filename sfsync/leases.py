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

from sqlalchemy import ColumnElement, Engine, Select, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from config.clock import Clock
from config.database import transaction
from config.process import is_gone
from sfsync import jsonio
from sfsync.chunks import chunked
from sfsync.conflicts import note_clashes
from sfsync.errors import SalesforceError, SalesforceRetryable
from sfsync.holding import find_holds, set_apart
from sfsync.outbox import OutboxWrite, WriteState, fold_into_newer, forget_error
from sfsync.preparing import Prepared
from sfsync.records import COLLECTION_SIZE
from sfsync.results import SaveResult
from sfsync.waiting import find_waits

#: Longer than any call may take with all its retries, so that a push that lives keeps its claim.
LEASE_S = 900
#: Writes settled in one transaction, so that nobody waits long for the database.
SETTLED_ROWS = 1_000
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

    def count_due(self, sobject: str) -> int:
        """How many writes of `sobject` could be taken now, those included that have to wait."""
        due = _due_writes(sobject, 0, self.clock.now()).subquery()
        with transaction(self.engine) as session:
            return session.scalar(select(func.count()).select_from(due)) or 0

    def take(self, sobject: str, size: int = COLLECTION_SIZE) -> Iterator[list[OutboxWrite]]:
        """Claims the due writes of `sobject` in batches of at most `size`, oldest first.

        A write whose parent has not arrived is left waiting with the reason, and holds up nobody;
        so are values of fields that cannot be written at present. Of two spellings of one key the
        later one stays for the next push: the org refuses both when they come in one call.
        """
        after_id = 0
        while True:
            with transaction(self.engine) as session:
                due = _due_writes(sobject, after_id, self.clock.now())
                oldest = due.order_by(OutboxWrite.id).limit(size)
                candidates = session.scalars(oldest.with_for_update(skip_locked=True)).all()
                waits = find_waits(session, candidates) | find_holds(session, candidates)
                for row in candidates:
                    row.waits_for = waits.get(row.id)
                ready = _one_of_each(row for row in candidates if row.waits_for is None)
                self._claim(ready)
                for row in ready:
                    row.attempts += 1
                    row.bulk_job_id = None
                set_apart(session, ready)
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
            # What cannot be seen cannot be read back either.
            for sobject in {row.sobject for row in rows}:
                set_apart(session, [row for row in rows if row.sobject == sobject])
        return rows

    def note_attempt(self, prepared: Sequence[Prepared]) -> list[Prepared]:
        """Notes what is about to be sent and the clashes; answers the writes that are still ours.

        Those of which nothing is left to send are settled with it.
        """
        own: list[Prepared] = []
        for chunk in chunked(prepared, SETTLED_ROWS):
            by_id = {each.row.id: each for each in chunk}
            with transaction(self.engine) as session:
                for row in self._own(session, by_id):
                    own.append(by_id[row.id])
                    self._note(session, row, by_id[row.id])
        return own

    def _note(self, session: Session, row: OutboxWrite, prepared: Prepared) -> None:
        now = self.clock.now()
        note_clashes(session, row, prepared.clashes, prepared.version, now)
        if prepared.error is None:
            _mark_attempt(row, prepared)
            _mark_attempt(prepared.row, prepared)
        if prepared.is_settled:
            _close(row, prepared, now)

    def settle(self, outcomes: Sequence[tuple[OutboxWrite, SaveResult]]) -> None:
        """Records what became of claimed writes, each unless someone else has taken it over."""
        for chunk in chunked(outcomes, SETTLED_ROWS):
            results = {row.id: result for row, result in chunk}
            with transaction(self.engine) as session:
                for row in self._own(session, results):
                    result = results[row.id]
                    if result.success:
                        _mark_sent(row, result, self.clock.now())
                    else:
                        _mark_failed(session, row, result.errors[0], self.clock.now())

    def give_back(self, rows: Sequence[OutboxWrite], error: SalesforceError) -> None:
        """Returns writes that were not carried out through no fault of theirs, due at once."""
        for chunk in chunked(rows, SETTLED_ROWS):
            with transaction(self.engine) as session:
                for row in self._own(session, [row.id for row in chunk]):
                    _note_error(row, error, self.clock.now())
                    if not fold_into_newer(session, row):
                        row.state = WriteState.PENDING
                        row.attempts -= 1

    def abandon(self, rows: Sequence[OutboxWrite]) -> None:
        """Ends the claim at once: the outcome is unknown and the next push finds it out."""
        self._update(rows, claimed_until=self.clock.now() - timedelta(seconds=1))

    def note_job(self, rows: Sequence[OutboxWrite], job_id: str | None) -> list[OutboxWrite]:
        """Notes which ingest job is to carry claimed writes (None: no job), and renews the claim.

        The writes that are still ours; nothing may be sent of the others.
        """
        return self._update(rows, bulk_job_id=job_id, claimed_until=self._lease_end())

    def keep(self, rows: Sequence[OutboxWrite]) -> list[OutboxWrite]:
        """Renews the claim on rows when half of it is over; those that are still ours."""
        ends = [row.claimed_until for row in rows if row.claimed_until is not None]
        if not ends or self._lease_end() - min(ends) < timedelta(seconds=LEASE_S / 2):
            return list(rows)
        return self._update(rows, claimed_until=self._lease_end())

    def _update(self, rows: Sequence[OutboxWrite], **values: object) -> list[OutboxWrite]:
        """Changes rows that are still ours, here and in the database; which ones they are."""
        changed: set[int] = set()
        with transaction(self.engine) as session:
            for chunk in chunked([row.id for row in rows], SETTLED_ROWS):
                statement = (
                    update(OutboxWrite)
                    .where(OutboxWrite.id.in_(chunk), *self._is_own())
                    .values(**values)
                    .returning(OutboxWrite.id)
                    .execution_options(synchronize_session=False)
                )
                changed.update(session.scalars(statement))
        own = [row for row in rows if row.id in changed]
        for row in own:
            for name, value in values.items():
                setattr(row, name, value)
        return own

    def _lease_end(self) -> datetime:
        return self.clock.now() + timedelta(seconds=LEASE_S)

    def _is_own(self) -> tuple[ColumnElement[bool], ...]:
        return (
            OutboxWrite.state == WriteState.SENDING,
            OutboxWrite.claimed_by == self.worker,
        )

    def _claim(self, rows: Iterable[OutboxWrite]) -> None:
        for row in rows:
            row.state, row.claimed_by = WriteState.SENDING, self.worker
            row.claimed_until = self._lease_end()

    def _own(self, session: Session, ids: Iterable[int]) -> Sequence[OutboxWrite]:
        """The rows that are still ours: the fence."""
        query = select(OutboxWrite).where(OutboxWrite.id.in_(list(ids)), *self._is_own())
        return session.scalars(query.order_by(OutboxWrite.id).with_for_update()).all()


def _one_of_each(rows: Iterable[OutboxWrite]) -> list[OutboxWrite]:
    """The rows without those whose key another one before them spells in another case."""
    by_key: dict[str, OutboxWrite] = {}
    for row in rows:
        by_key.setdefault(row.external_id.casefold(), row)
    return list(by_key.values())


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
    return select(OutboxWrite).where(
        OutboxWrite.state == WriteState.PENDING,
        OutboxWrite.sobject == sobject,
        OutboxWrite.id > after_id,
        or_(OutboxWrite.due_at.is_(None), OutboxWrite.due_at <= now),
        ~is_being_sent,
    )


def _mark_sent(row: OutboxWrite, result: SaveResult, now: datetime) -> None:
    _note_nothing_wrong(row, now)
    row.state = WriteState.SENT
    row.salesforce_id, row.created = result.salesforce_id, result.created


def _mark_failed(session: Session, row: OutboxWrite, error: SalesforceError, now: datetime) -> None:
    _note_error(row, error, now)
    if fold_into_newer(session, row):
        return
    if isinstance(error, SalesforceRetryable) and row.attempts < MAX_ATTEMPTS:
        row.state, row.due_at = WriteState.PENDING, now + _retry_pause(row.attempts)
    else:
        row.state, row.due_at = WriteState.REJECTED, None


def _mark_attempt(row: OutboxWrite, prepared: Prepared) -> None:
    row.sent = jsonio.dumps(prepared.values, sort_keys=True)
    # A mark that the record carries stays: that attempt has arrived after all.
    was_met = prepared.version.row is not None and prepared.version.row["sync_write"] == row.mark
    if prepared.mark is not None or not was_met:
        row.mark = prepared.mark


def _close(row: OutboxWrite, prepared: Prepared, now: datetime) -> None:
    """Settles a write of which nothing is left: the org holds it already, or people's values."""
    has_arrived = not prepared.clashes
    _note_nothing_wrong(row, now if has_arrived else None)
    row.state = WriteState.SENT if has_arrived else WriteState.YIELDED
    found = prepared.version.row
    row.salesforce_id, row.created = found["salesforce_id"] if found else None, False


def _note_nothing_wrong(row: OutboxWrite, sent_at: datetime | None) -> None:
    row.sent_at, row.due_at = sent_at, None
    forget_error(row)


def _note_error(row: OutboxWrite, error: SalesforceError, now: datetime) -> None:
    row.failed_at = now
    row.error_code, row.error_message = error.code or type(error).__name__, error.message
    row.error_fields, row.error_remedy = ", ".join(error.fields) or None, error.remedy


def _retry_pause(attempts: int) -> timedelta:
    longest = min(FIRST_RETRY_S * 2 ** (attempts - 1), LONGEST_RETRY_S)
    return timedelta(seconds=random.uniform(longest / 2, longest))  # noqa: S311 - jitter
