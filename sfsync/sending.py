"""Sends claimed writes until each of them is settled: one push at work.

Owns what follows each answer. Merging is `preparing`'s work, carrying that of `carrying` and
`bulk_push`, and `outcomes` says what an outcome means. A refused record never holds up others; one
that a person saved in between is merged again; a call that was not answered is read back before
anything is sent again; an org that is down ends the push and leaves every write as it was.
"""

from __future__ import annotations

import logging
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy.exc import SQLAlchemyError

from sfsync.bulk_push import NOT_TRIED, BulkCarrier, is_ingest_cheaper
from sfsync.carrying import Outcomes, carry
from sfsync.client import Salesforce
from sfsync.errors import (
    BUG_CODE,
    OutcomeUnknown,
    SalesforceError,
    SalesforceRejected,
    SalesforceRetryable,
    report_bug,
)
from sfsync.guard import was_overtaken
from sfsync.job_results import Carried
from sfsync.leases import WriteLeases
from sfsync.outbox import OutboxWrite
from sfsync.outcomes import as_later, comes_back, failure, is_held, log_failure
from sfsync.preparing import Prepared, prepare
from sfsync.push_report import PushReport
from sfsync.readback import NOT_WRITTEN, read_back
from sfsync.records import COLLECTION_SIZE
from sfsync.refused_fields import RefusedFields

logger = logging.getLogger(__name__)

#: A record that another save holds is free again within seconds; so often it is asked at once.
LOCK_ROUNDS = 3
LOCK_PAUSE_S = 1.0
#: So often a record that people keep saving is merged again at once.
MERGE_ROUNDS = 3
#: Calls spent on finding the records that make the org refuse a whole batch.
SEARCH_CALLS = 24
#: Refusals of a whole call that are the fault of single records in it.
RECORD_FAULTS = frozenset(
    {"JSON_PARSER_ERROR", "INVALID_FIELD", "MALFORMED_ID", "INVALID_TYPE", BUG_CODE}
)


@dataclass
class _Chunk:
    """Records that go into one call, and how often some of them came back."""

    prepared: list[Prepared]
    rounds: int = 1

    @property
    def rows(self) -> list[OutboxWrite]:
        """The writes themselves."""
        return _rows(self.prepared)


@dataclass
class Pusher:
    """One push at work."""

    sf: Salesforce
    claims: WriteLeases
    report: PushReport
    sleep: Callable[[float], None]
    bulk: BulkCarrier
    refused_fields: RefusedFields

    def resolve_abandoned(self, *, is_patient: bool = False) -> bool:
        """Finds out what became of the writes that a push that died was sending.

        Whether jobs of it still run; they are waited for if `is_patient`.
        """
        has_running = False
        rows = sorted(self.claims.take_abandoned(), key=_carrier_of)
        for (_, job_id), group in groupby(rows, key=_carrier_of):
            if not job_id:
                self._confirm(list(group), [])
                continue
            running = self._resume_job(job_id, list(group), is_patient)
            has_running = has_running or running
        return has_running

    def _resume_job(self, job_id: str, rows: list[OutboxWrite], is_patient: bool) -> bool:
        """Whether the job still runs."""
        try:
            carried = self.bulk.resume(job_id, rows, is_patient=is_patient)
        except (SalesforceError, SQLAlchemyError):
            raise
        except Exception as error:
            self._confirm_of_job(rows, error)
            return False
        self.claims.give_back(self._book_carried(carried), NOT_TRIED)
        self.report.retried += len(carried.running) if is_patient else 0
        return bool(carried.running)

    def _confirm_of_job(self, rows: list[OutboxWrite], error: Exception) -> None:
        """Reads back the writes of a job at which we failed."""
        fault = "a job failed through a fault of our own; a developer must look at it"
        logger.error(fault, exc_info=error)
        still_ours = self.claims.note_job(rows, None)
        if still_ours:
            self._confirm(still_ours, [])

    def push_all(self, batch: Sequence[OutboxWrite]) -> Iterator[PushReport]:
        """Merges claimed records and sends them by the cheaper carrier; the report each step."""
        left = self._prepare(batch, [])
        if is_ingest_cheaper(len(left)):
            left = self._push_in_bulk(left)
            yield self.report
        while left:
            now, left = left[:COLLECTION_SIZE], self._keep(left[COLLECTION_SIZE:])
            self.push_batch(now, _rows(left))
            yield self.report

    def _keep(self, prepared: list[Prepared]) -> list[Prepared]:
        own = {row.id for row in self.claims.keep(_rows(prepared))}
        return [each for each in prepared if each.row.id in own]

    def _push_in_bulk(self, prepared: list[Prepared]) -> list[Prepared]:
        """Sends records in jobs; those that are left for calls of 200."""
        left: list[OutboxWrite] = []
        met = {each.row.id for each in prepared if each.version.row is not None}
        stale: set[int] = set()
        try:
            for carried in self.bulk.carry(_rows(prepared), [each.record for each in prepared]):
                stale |= {
                    row.id
                    for row, result in carried.outcomes
                    if was_overtaken(result) or (is_held(result) and row.id in met)
                }
                left += self._book_carried(carried)
                self.report.retried += len(carried.running)
        except (SalesforceError, SQLAlchemyError):
            raise
        except Exception as error:
            rows = _rows(prepared)
            self._confirm_of_job([row for row in rows if row.bulk_job_id], error)
            left = self.claims.note_job([row for row in rows if not row.bulk_job_id], None)
        kept = {row.id for row in left if row.id not in stale}
        again = [row for row in left if row.id in stale]
        as_before = [each for each in prepared if each.row.id in kept]
        return [*as_before, *self._prepare(again, _rows(as_before), must_read=True)]

    def _book_carried(self, carried: Carried) -> list[OutboxWrite]:
        """Records what jobs did; the records that are to be sent again at once."""
        back = [row for row, result in carried.outcomes if comes_back(result)]
        self._book([each for each in carried.outcomes if not comes_back(each[1])])
        self._book(carried.confirmed, is_confirmed=True)
        if any(is_held(result) for _, result in carried.outcomes):
            self._pause(1)
        return [*carried.left, *self.claims.note_job(back, None)]

    def push_batch(self, prepared: list[Prepared], later: Sequence[OutboxWrite] = ()) -> None:
        """Sends claimed records until each of them is settled, or the org gives up.

        `later` are claimed as well and come after these.
        """
        chunks = deque([_Chunk(prepared)])
        calls = 0
        while chunks:
            chunk = chunks.popleft()
            rest = [*(row for each in chunks for row in each.rows), *later]
            calls += 1
            try:
                outcomes = carry(self.sf, self.claims.engine, chunk.prepared)
            except OutcomeUnknown:
                self._confirm(chunk.rows, rest)
            except SalesforceRejected as error:
                chunks.extendleft(self._isolate(chunk, error, may_search=calls < SEARCH_CALLS))
            except SalesforceError as error:
                self.claims.give_back([*chunk.rows, *rest], error)
                raise
            except SQLAlchemyError:
                raise
            except Exception as error:
                # A fault of our own must not hold up other records, nor come back for ever.
                logger.exception("the push failed on a record; a developer must look at it")
                bug = report_bug(error)
                chunks.extendleft(self._isolate(chunk, bug, may_search=calls < SEARCH_CALLS))
            else:
                chunks.extend(self._settle(chunk, outcomes, rest))

    def _prepare(
        self,
        rows: Sequence[OutboxWrite],
        rest: Sequence[OutboxWrite],
        *,
        must_read: bool = False,
    ) -> list[Prepared]:
        """Merges writes with what people did, settles those of which nothing is left to send.

        Answers the others; `rest` are claimed as well and go back when the org gives up.
        """
        try:
            prepared = prepare(
                self.sf, self.claims.engine, rows, must_read=must_read, sleep=self.sleep
            )
        except SalesforceError as error:
            self.claims.give_back([*rows, *rest], error)
            raise
        own = self.claims.note_attempt(prepared)
        self.report.settled += sum(each.is_settled for each in own)
        self.report.clashes += sum(len(each.clashes) for each in own)
        self._book([(each.row, failure(each.error)) for each in own if each.error is not None])
        return [each for each in own if each.values]

    def _isolate(
        self, chunk: _Chunk, error: SalesforceRejected, *, may_search: bool
    ) -> list[_Chunk]:
        """Settles a call that was refused as a whole, or halves it to find the record at fault."""
        held = {row.id for row in self._give_back_held(chunk.rows, error)}
        if held:
            rest = [each for each in chunk.prepared if each.row.id not in held]
            return [_Chunk(rest, chunk.rounds)] if rest else []
        if error.code not in RECORD_FAULTS or len(chunk.rows) == 1:
            self._book([(row, failure(error)) for row in chunk.rows])
            return []
        if not may_search:
            later = SalesforceRetryable(
                "Another record of the same call is at fault.",
                code="BATCH_REFUSED",
                remedy="Nothing to do: it is tried again by itself, in smaller calls.",
            )
            self._book([(row, failure(later)) for row in chunk.rows])
            return []
        middle = len(chunk.rows) // 2
        # extendleft reverses, so the later half comes first here.
        return [
            _Chunk(chunk.prepared[middle:], chunk.rounds),
            _Chunk(chunk.prepared[:middle], chunk.rounds),
        ]

    def _settle(self, chunk: _Chunk, outcomes: Outcomes, rest: list[OutboxWrite]) -> list[_Chunk]:
        """Records the outcomes; what another save held, or overtook, comes back for a round."""
        held = [row for row, result in outcomes if is_held(result)]
        overtaken = [row for row, result in outcomes if was_overtaken(result)]
        if chunk.rounds >= LOCK_ROUNDS:
            held = []
        if chunk.rounds >= MERGE_ROUNDS:
            outcomes = [(row, as_later(result)) for row, result in outcomes]
            overtaken = []
        back = {row.id for row in (*held, *overtaken)}
        self._book([(row, result) for row, result in outcomes if row.id not in back])
        again = []
        if held:
            self._pause(chunk.rounds)
            prepared = [each for each in chunk.prepared if each.row in held]
            again.append(self._prepare_held(prepared, [*overtaken, *rest]))
        if overtaken:
            again.append(self._prepare(overtaken, [*held, *rest], must_read=True))
        return [_Chunk(prepared, chunk.rounds + 1) for prepared in again if prepared]

    def _prepare_held(
        self, held: Sequence[Prepared], rest: Sequence[OutboxWrite]
    ) -> list[Prepared]:
        """What another save held is merged anew, unless it is to be created.

        That save may carry the very second of the version that we know; the guard would let our
        write pass.
        """
        new = [each for each in held if each.version.row is None]
        met = [each.row for each in held if each.version.row is not None]
        return [*new, *self._prepare(met, [*_rows(new), *rest], must_read=True)]

    def _pause(self, rounds: int) -> None:
        """Gives another save the time to end."""
        self.sleep(random.uniform(0.5, 1.0) * LOCK_PAUSE_S * rounds)  # noqa: S311 - jitter

    def _confirm(self, rows: list[OutboxWrite], rest: list[OutboxWrite]) -> None:
        """Reads back records whose answer did not come; the next push does when we cannot."""
        try:
            outcomes = read_back(self.sf, rows)
        except SalesforceError as error:
            self.claims.abandon(rows)
            self.claims.give_back(rest, error)
            raise
        except SQLAlchemyError:
            raise
        except Exception:
            # They are sent again, which is harmless; that finds the record that is at fault.
            logger.exception("reading back failed; a developer must look at it")
            outcomes = [(row, NOT_WRITTEN) for row in rows]
        self._book(outcomes, is_confirmed=True)

    def _give_back_held(
        self, rows: Sequence[OutboxWrite], error: SalesforceError
    ) -> list[OutboxWrite]:
        """Lets those writes begin anew that give a field which was writable before; which ones.

        The next claim takes the field out of them.
        """
        held = self.refused_fields.find_held(self.sf, rows, error)
        self.claims.give_back(held, error)
        self.report.retried += len(held)
        return held

    def _book(self, outcomes: Outcomes, *, is_confirmed: bool = False) -> None:
        outcomes = [
            (row, result)
            for row, result in outcomes
            if result.success or not self._give_back_held([row], result.errors[0])
        ]
        self.claims.settle(outcomes)
        for row, result in outcomes:
            if result.success:
                column = "created" if result.created else "updated"
                column = "confirmed" if is_confirmed else column
            else:
                is_later = isinstance(result.errors[0], SalesforceRetryable)
                column = "retried" if is_later else "rejected"
                log_failure(row, result.errors[0])
            setattr(self.report, column, getattr(self.report, column) + 1)


def _rows(prepared: Sequence[Prepared]) -> list[OutboxWrite]:
    return [each.row for each in prepared]


def _carrier_of(row: OutboxWrite) -> tuple[str, str]:
    """What has to be asked about a write: its sObject, or the job that carries it."""
    return row.sobject, row.bulk_job_id or ""
