"""Carries many writes of one sObject in one ingest job, and says what became of each.

Owns the choice of the job by the calls that it takes, and the course for every answer that does not
come. The job's Id stands with its writes before any data leaves, and an open job does nothing: so
a push that dies anywhere is continued from what the org says of the job, and nothing is sent twice.
Whatever a job cannot do is left to calls of 200 records, which every org has.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from sfsync.client import Salesforce
from sfsync.errors import (
    OutcomeUnknown,
    SalesforceError,
    SalesforceRejected,
    SalesforceRetryable,
)
from sfsync.ingest import (
    IngestJob,
    JobState,
    abort_ingest,
    await_ingest,
    read_ingest,
    start_ingest,
    try_to_close,
    upload,
)
from sfsync.ingest_table import Table, columns_of, cut_tables, spell_record
from sfsync.job_results import Carried, ask, conclude
from sfsync.job_rows import Pairs, part_by_column, part_by_sayable
from sfsync.leases import WriteLeases
from sfsync.mapping import PUSH_ORDER
from sfsync.outbox import OutboxWrite
from sfsync.records import COLLECTION_SIZE

logger = logging.getLogger(__name__)

#: Records of one job. The org works them off in batches of this size (Salesforce Developer Limits,
#: "Bulk API and Bulk API 2.0 Limits"), and memory holds so many.
JOB_ROWS = 10_000
#: Create, upload, close, look twice, and read what was saved and what was refused.
INGEST_CALLS = 7
#: How often a job is begun when no answer comes, before calls of 200 are made instead.
MOST_STARTS = 2
#: How many columns that the org does not know are looked for, a job for each.
MOST_ROUNDS = 3


NOT_TRIED = SalesforceRetryable(
    "The job that was to carry this record ended without saving it.",
    code="JOB_ENDED",
    remedy="Nothing to do: it is sent again by itself.",
)


def is_ingest_cheaper(rows: int) -> bool:
    """Whether a job takes fewer API calls for that many records than calls of 200 do.

    The rule "collections up to 200, Bulk above" read by what both cost: a job takes seven calls
    whatever it carries, so that it begins to pay with the eighth call, from 1,401 records on.
    """
    return ceil(rows / COLLECTION_SIZE) > INGEST_CALLS


def batch_size(due: int) -> int:
    """How many of so many due writes are to be taken at once."""
    return JOB_ROWS if is_ingest_cheaper(due) else COLLECTION_SIZE


@dataclass(frozen=True)
class BulkCarrier:
    """One push's way to send many writes at once."""

    sf: Salesforce
    claims: WriteLeases
    sleep: Callable[[float], None] = time.sleep

    def carry(
        self, rows: Sequence[OutboxWrite], records: Sequence[Mapping[str, object]]
    ) -> Iterator[Carried]:
        """Sends claimed writes of one sObject as `records`, job by job; settle what each yields.

        Raises SalesforceError when the org cannot be worked with: what is not settled is then due,
        or found out by the next push.
        """
        pairs, unsaid = part_by_sayable(rows, records)
        if not is_ingest_cheaper(len(pairs)):
            yield Carried(left=list(rows))
            return
        yield Carried(left=unsaid)
        try:
            for _ in range(MOST_ROUNDS):
                pairs = yield from self._carry_round(pairs, rows)
                if not is_ingest_cheaper(len(pairs)):
                    break
        except SalesforceError as error:
            self.claims.abandon([row for row in rows if row.bulk_job_id])
            self.claims.give_back([row for row in rows if not row.bulk_job_id], error)
            raise
        yield Carried(left=[row for row, _ in pairs])

    def resume(self, job_id: str, rows: list[OutboxWrite], *, is_patient: bool) -> Carried:
        """What became of writes that a push was carrying in this job when it died.

        A job that still runs is waited for only if `is_patient`. Raises SalesforceError when the
        org cannot be asked; the next push does it then.
        """
        try:
            return self._resume_or_ask(job_id, rows, is_patient)
        except SalesforceError:
            self.claims.abandon(rows)
            raise

    def _resume_or_ask(self, job_id: str, rows: list[OutboxWrite], is_patient: bool) -> Carried:
        try:
            job = read_ingest(self.sf, job_id)
            if job.state == JobState.OPEN:
                job = self._end_unused(job_id)
            return self._resume(job, rows, is_patient)
        except SalesforceRejected as error:
            return self._ask(job_id, rows, error)

    def _resume(self, job: IngestJob, rows: list[OutboxWrite], is_patient: bool) -> Carried:
        if job.state == JobState.OPEN:
            # It cannot be ended, but nobody closes it any more, so that it does nothing.
            return Carried(confirmed=ask(self.sf, rows))
        if job.state == JobState.ABORTED and job.processed == 0:
            # As a rule by us, here or in a push that died as well.
            return Carried(left=rows)
        if job.has_ended:
            return self._conclude(job, rows)
        if is_patient:
            return self._finish(job.id, rows, rows)
        self.claims.abandon(rows)
        return Carried(running=rows)

    def _end_unused(self, job_id: str) -> IngestJob:
        """Ends an open job, of which nothing has been done and then nothing will.

        The job afterwards: the dead push's closing may have arrived first.
        """
        try:
            abort_ingest(self.sf, job_id)
        except SalesforceRejected as error:
            self._warn(job_id, error)
        return read_ingest(self.sf, job_id)

    def _carry_round(
        self, pairs: Pairs, kept: Sequence[OutboxWrite]
    ) -> Generator[Carried, None, Pairs]:
        """Sends records that a table can say; those to be sent in another job.

        They are what was refused with a column that the org does not know and they do not have.
        """
        again: Pairs = []
        key = PUSH_ORDER[kept[0].sobject]
        columns = columns_of(spell_record(key, record) for _, record in pairs)
        spelt = ((pair, spell_record(key, pair[1])) for pair in pairs)
        for part, table in cut_tables(columns, spelt):
            carried = self._carry_table([row for row, _ in part], table, kept)
            if carried.unknown_column:
                ours = {row.id for row in carried.left}
                refused = [pair for pair in part if pair[0].id in ours]
                carried.left, others = part_by_column(key, refused, carried.unknown_column)
                again += others
            yield carried
        return again

    def _carry_table(
        self, rows: list[OutboxWrite], table: Table, kept: Sequence[OutboxWrite]
    ) -> Carried:
        for _ in range(MOST_STARTS):
            job_id = self._start(rows[0].sobject)
            if job_id is None:
                break
            if len(self.claims.note_job(rows, job_id)) < len(rows):
                # The claim ran out: some of the rows of this table are another push's by now.
                break
            if self._upload(job_id, table):
                try_to_close(self.sf, job_id)
                return self._finish(job_id, rows, kept)
        return Carried(left=self.claims.note_job(rows, None))

    def _start(self, sobject: str) -> str | None:
        """A new job's Id; None when the org has none for us.

        A job of which no answer came may be there; open and empty, it does no harm.
        """
        for _ in range(MOST_STARTS):
            try:
                return start_ingest(self.sf, sobject, PUSH_ORDER[sobject])
            except OutcomeUnknown as error:
                self._warn(sobject, error)
            except SalesforceRejected as error:
                self._warn(sobject, error)
                break
        return None

    def _upload(self, job_id: str, table: Table) -> bool:
        """Whether the job has its rows; if that is not certain it is ended, as nothing ran yet."""
        try:
            upload(self.sf, job_id, table)
        except (OutcomeUnknown, SalesforceRejected) as error:
            self._warn(job_id, error)
            self._abort(job_id)
            return False
        return True

    def _abort(self, job_id: str) -> None:
        try:
            abort_ingest(self.sf, job_id)
        except (OutcomeUnknown, SalesforceRejected) as error:
            # Nobody closes the job, and an open job does nothing.
            self._warn(job_id, error)

    def _finish(self, job_id: str, rows: list[OutboxWrite], kept: Sequence[OutboxWrite]) -> Carried:
        """Waits for the job, with the claim on `kept` held, and reads what became of its rows."""

        def keep_claim() -> None:
            self.claims.keep(kept)

        try:
            job = await_ingest(self.sf, job_id, len(rows), keep_claim, self.sleep)
            if job.has_ended:
                return self._conclude(job, rows)
        except SalesforceRejected as error:
            return self._ask(job_id, rows, error)
        if job.state == JobState.OPEN:
            self._abort(job_id)
            return Carried(left=self.claims.note_job(rows, None))
        self.claims.abandon(rows)
        return Carried(running=rows)

    def _conclude(self, job: IngestJob, rows: list[OutboxWrite]) -> Carried:
        if job.state == JobState.FAILED:
            self._warn(job.id, job.error)
        carried = conclude(self.sf, self.claims.engine, job, rows)
        carried.left = self.claims.note_job(carried.left, None)
        return carried

    def _ask(self, job_id: str, rows: list[OutboxWrite], error: SalesforceError) -> Carried:
        """Reads back the rows of a job that is gone, or is not shown to us."""
        self._warn(job_id, error)
        return Carried(confirmed=ask(self.sf, rows))

    def _warn(self, what: str, error: object) -> None:
        logger.warning("an ingest job did not work", extra={"of": what, "error": str(error)})
