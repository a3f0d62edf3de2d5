"""Sends the outbox to the org: every write exactly once in effect, each on its own.

Owns the order (parents before children) and what follows each answer. A refused record never holds
up others; a call that was not answered is read back before anything is sent again; an org that is
down ends the push and leaves every write as it was.
"""

from __future__ import annotations

import logging
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from config.clock import Clock, SystemClock
from config.database import transaction
from config.process import name_process
from sfsync.bulk_push import NOT_TRIED, BulkCarrier, batch_size, is_ingest_cheaper
from sfsync.client import Salesforce, usage
from sfsync.errors import (
    BUG_CODE,
    OutcomeUnknown,
    SalesforceError,
    SalesforceRejected,
    SalesforceRetryable,
    report_bug,
)
from sfsync.job_results import Carried
from sfsync.leases import WriteLeases
from sfsync.mapping import PUSH_ORDER
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.push_drift import PushDrift
from sfsync.readback import NOT_WRITTEN, read_back
from sfsync.replica import known_ids
from sfsync.rest import COLLECTION_SIZE, SaveResult, collections_upsert
from sfsync.usage import purpose

logger = logging.getLogger(__name__)

#: A record that another save holds is free again within seconds; so often it is asked at once.
LOCK_ROUNDS = 3
LOCK_PAUSE_S = 1.0
#: Calls spent on finding the records that make the org refuse a whole batch.
SEARCH_CALLS = 24
#: Refusals of a whole call that are the fault of single records in it.
RECORD_FAULTS = frozenset(
    {"JSON_PARSER_ERROR", "INVALID_FIELD", "MALFORMED_ID", "INVALID_TYPE", BUG_CODE}
)

Outcomes = list[tuple[OutboxWrite, SaveResult]]
OnBatch = Callable[["PushReport"], None]


@dataclass
class PushReport:
    """What one push did."""

    created: int = 0
    updated: int = 0
    confirmed: int = 0  #: writes without an answer that were found in the org
    retried: int = 0  #: writes that are tried again later by themselves
    rejected: int = 0  #: writes that someone has to correct
    waiting: int = 0  #: writes whose parent has not arrived
    problems: list[dict[str, Any]] = field(default_factory=list)  #: the rejected and the waiting
    api_calls: int = 0

    @property
    def sent(self) -> int:
        """Writes that the org holds now."""
        return self.created + self.updated + self.confirmed

    def as_dict(self) -> dict[str, Any]:
        """The report for a program."""
        return {"sent": self.sent, **vars(self)}


def push(
    sf: Salesforce,
    engine: Engine,
    *,
    clock: Clock | None = None,
    sleep: Callable[[float], None] = time.sleep,
    on_batch: OnBatch | None = None,
) -> PushReport:
    """Sends everything that is due, parents first, 200 records a call or many in one job.

    Idempotent; may run in several processes at once and be killed anywhere. Rejected records are
    in the report, and stay in the outbox with the field, the org's words and a remedy.
    Raises SalesforceRetryable or SalesforceAuthFailed when the org cannot be worked with at all:
    what was not sent stays due.
    """
    claims = WriteLeases(engine, clock or SystemClock(), name_process())
    bulk = BulkCarrier(sf, claims, sleep)
    pusher = _Pusher(sf, claims, PushReport(), sleep, bulk, PushDrift(engine))
    calls_before = usage(sf).calls
    with purpose("push"):
        has_running = pusher.resolve_abandoned()
        for sobject in PUSH_ORDER:
            size = batch_size(claims.count_due(sobject))
            for batch in claims.take(sobject, size):
                for report in pusher.push_all(batch):
                    if on_batch is not None:
                        on_batch(report)
        if has_running:
            pusher.resolve_abandoned(is_patient=True)
    report = pusher.report
    report.api_calls = usage(sf).calls - calls_before
    _add_problems(engine, report)
    return report


def preview(engine: Engine) -> dict[str, int]:
    """How many writes of each sObject stand in the outbox to be sent. Changes nothing."""
    query = (
        select(OutboxWrite.sobject, func.count())
        .where(OutboxWrite.state == WriteState.PENDING)
        .group_by(OutboxWrite.sobject)
    )
    with transaction(engine) as session:
        found = {row[0]: row[1] for row in session.execute(query)}
    return {name: found[name] for name in PUSH_ORDER if name in found}


@dataclass
class _Chunk:
    """Records that go into one call, and how often some of them were held by another save."""

    rows: list[OutboxWrite]
    rounds: int = 1


@dataclass
class _Pusher:
    """One push at work."""

    sf: Salesforce
    claims: WriteLeases
    report: PushReport
    sleep: Callable[[float], None]
    bulk: BulkCarrier
    drift: PushDrift

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
        """Sends claimed records by the cheaper carrier; the report after each step."""
        left = list(batch)
        if is_ingest_cheaper(len(left)):
            left = self._push_in_bulk(left)
            yield self.report
        while left:
            now, left = left[:COLLECTION_SIZE], self.claims.keep(left[COLLECTION_SIZE:])
            self.push_batch(now, left)
            yield self.report

    def _push_in_bulk(self, rows: list[OutboxWrite]) -> list[OutboxWrite]:
        """Sends records in jobs; those that are left for calls of 200."""
        left: list[OutboxWrite] = []
        try:
            for carried in self.bulk.carry(rows, _records(rows)):
                left += self._book_carried(carried)
                self.report.retried += len(carried.running)
        except (SalesforceError, SQLAlchemyError):
            raise
        except Exception as error:
            self._confirm_of_job([row for row in rows if row.bulk_job_id], error)
            return self.claims.note_job([row for row in rows if not row.bulk_job_id], None)
        return left

    def _book_carried(self, carried: Carried) -> list[OutboxWrite]:
        """Records what jobs did; the records that are to be sent again at once."""
        held = [row for row, result in carried.outcomes if _is_held(result)]
        self._book([each for each in carried.outcomes if not _is_held(each[1])])
        self._book(carried.confirmed, is_confirmed=True)
        if held:
            self._pause(1)
        return [*carried.left, *self.claims.note_job(held, None)]

    def push_batch(self, batch: Sequence[OutboxWrite], later: Sequence[OutboxWrite] = ()) -> None:
        """Sends claimed records until each of them is settled, or the org gives up.

        `later` are claimed as well and come after these.
        """
        chunks = deque([_Chunk(list(batch))])
        calls = 0
        while chunks:
            chunk = chunks.popleft()
            rest = [*(row for each in chunks for row in each.rows), *later]
            calls += 1
            try:
                outcomes = self._send(chunk.rows)
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
                chunks.extend(self._settle(chunk, outcomes))

    def _send(self, rows: list[OutboxWrite]) -> Outcomes:
        sobject = rows[0].sobject
        key = PUSH_ORDER[sobject]
        with transaction(self.claims.engine) as session:
            known = known_ids(session, sobject, [row.external_id for row in rows])
        results = collections_upsert(self.sf, sobject, key, _records(rows))
        outcomes = list(zip(rows, results, strict=True))
        _verify(outcomes, known)
        return outcomes

    def _isolate(
        self, chunk: _Chunk, error: SalesforceRejected, *, may_search: bool
    ) -> list[_Chunk]:
        """Settles a call that was refused as a whole, or halves it to find the record at fault."""
        held = self._give_back_held(chunk.rows, error)
        if held:
            rest = [row for row in chunk.rows if row not in held]
            return [_Chunk(rest)] if rest else []
        if error.code not in RECORD_FAULTS or len(chunk.rows) == 1:
            self._book([(row, _failure(error)) for row in chunk.rows])
            return []
        if not may_search:
            later = SalesforceRetryable(
                "Another record of the same call is at fault.",
                code="BATCH_REFUSED",
                remedy="Nothing to do: it is tried again by itself, in smaller calls.",
            )
            self._book([(row, _failure(later)) for row in chunk.rows])
            return []
        middle = len(chunk.rows) // 2
        # extendleft reverses, so the later half comes first here.
        return [_Chunk(chunk.rows[middle:]), _Chunk(chunk.rows[:middle])]

    def _settle(self, chunk: _Chunk, outcomes: Outcomes) -> list[_Chunk]:
        """Records the outcomes; records that another save held come back for another round."""
        held = [row for row, result in outcomes if _is_held(result)]
        if chunk.rounds >= LOCK_ROUNDS:
            held = []
        self._book([(row, result) for row, result in outcomes if row not in held])
        if not held:
            return []
        self._pause(chunk.rounds)
        return [_Chunk(held, chunk.rounds + 1)]

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
        held = self.drift.find_held(self.sf, rows, error)
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
                _log_failure(row, result.errors[0])
            setattr(self.report, column, getattr(self.report, column) + 1)


def _records(rows: Sequence[OutboxWrite]) -> list[dict[str, object]]:
    key = PUSH_ORDER[rows[0].sobject]
    return [{key: row.external_id, **row.values} for row in rows]


def _carrier_of(row: OutboxWrite) -> tuple[str, str]:
    """What has to be asked about a write: its sObject, or the job that carries it."""
    return row.sobject, row.bulk_job_id or ""


def _verify(outcomes: Outcomes, known: dict[str, str]) -> None:
    """Refuses an answer that cannot belong to these records, whatever order it claims."""
    answered = [(row.external_id, r.salesforce_id) for row, r in outcomes if r.success]
    ids = [record_id for _, record_id in answered]
    strangers = [key for key, record_id in answered if known.get(key, record_id) != record_id]
    if len(set(ids)) != len(ids) or None in ids or strangers:
        raise OutcomeUnknown(
            f"The org's answer does not fit the records sent ({', '.join(strangers) or 'Ids'}).",
            remedy="They are read back by external ID.",
        )


def _failure(error: SalesforceError) -> SaveResult:
    return SaveResult(None, success=False, created=False, errors=(error,))


def _is_held(result: SaveResult) -> bool:
    return not result.success and result.errors[0].code == "UNABLE_TO_LOCK_ROW"


def _log_failure(row: OutboxWrite, error: SalesforceError) -> None:
    facts = {"sobject": row.sobject, "external_id": row.external_id, "code": error.code}
    if isinstance(error, SalesforceRetryable):
        logger.warning("write is tried again later", extra=facts)
    else:
        logger.error("write rejected; someone must correct it", extra=facts)


def _add_problems(engine: Engine, report: PushReport) -> None:
    """Adds what a person should see, from the outbox itself: it also knows earlier refusals."""
    query = select(OutboxWrite).where(
        (OutboxWrite.state == WriteState.REJECTED) | OutboxWrite.waits_for.is_not(None)
    )
    with transaction(engine) as session:
        for row in session.scalars(query.order_by(OutboxWrite.id)):
            report.waiting += row.state == WriteState.PENDING
            report.problems.append(describe_problem(row))


def describe_problem(row: OutboxWrite) -> dict[str, Any]:
    """A write that does not get on, in words for people."""
    return {
        "sobject": row.sobject,
        "external_id": row.external_id,
        "state": row.state,
        "cause": row.cause,
        "code": row.error_code,
        "message": row.waits_for or row.error_message,
        "fields": row.error_fields,
        "remedy": None if row.waits_for else row.error_remedy,
    }
