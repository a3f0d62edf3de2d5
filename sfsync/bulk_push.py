"""Carries many writes of one sObject in one ingest job, and says what became of each.

Owns the choice of the job by the calls that it takes, and the course for every answer that does not
come. The job's Id stands with its writes before any data leaves, and an open job does nothing: so
a push that dies anywhere is continued from what the org says of the job, and nothing is sent twice.
Whatever a job cannot do is left to calls of 200 records, which every org has.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from config.database import transaction
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
    Verdicts,
    abort_ingest,
    await_ingest,
    read_ingest,
    read_verdicts,
    start_ingest,
    try_to_close,
    upload,
)
from sfsync.ingest_table import Table, can_be_row, columns_of, cut_tables, spell_record
from sfsync.leases import WriteLeases
from sfsync.mapping import PUSH_ORDER
from sfsync.outbox import OutboxWrite
from sfsync.readback import read_back
from sfsync.replica import known_ids
from sfsync.rest import COLLECTION_SIZE, SaveResult

logger = logging.getLogger(__name__)

#: Create, upload, close, look twice, and read what was saved and what was refused.
INGEST_CALLS = 7
#: How often a job is begun when no answer comes, before calls of 200 are made instead.
MOST_STARTS = 2

Outcomes = list[tuple[OutboxWrite, SaveResult]]
Pairs = list[tuple[OutboxWrite, Mapping[str, object]]]

ABORTED = SalesforceRetryable(
    "Somebody stopped the job in the org before this record's turn.",
    code="JOB_ABORTED",
    remedy="Nothing to do: it is sent again by itself. See Setup > Bulk Data Load Jobs.",
)
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


@dataclass
class Carried:
    """What became of writes that a job was to carry."""

    outcomes: Outcomes = field(default_factory=list)  #: by the job's own word
    confirmed: Outcomes = field(default_factory=list)  #: read back, as no file told of them
    left: list[OutboxWrite] = field(default_factory=list)  #: surely not tried yet
    running: list[OutboxWrite] = field(default_factory=list)  #: the job is not done with them


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

        A write that is still ours is in one of the results. Raises SalesforceError when the org
        cannot be worked with: what was not yielded is then due, or found out by the next push.
        """
        key = PUSH_ORDER[rows[0].sobject]
        pairs, unsaid = _part(key, rows, records)
        if not is_ingest_cheaper(len(pairs)):
            yield Carried(left=list(rows))
            return
        yield Carried(left=unsaid)
        columns = columns_of(spell_record(key, record) for _, record in pairs)
        spelt = ((row, spell_record(key, record)) for row, record in pairs)
        waiting = {row.id: row for row, _ in pairs}
        for part, table in cut_tables(columns, spelt):
            for row in part:
                del waiting[row.id]
            try:
                yield self._carry_table(part, table, rows)
            except SalesforceError as error:
                self.claims.abandon(part)
                self.claims.give_back(list(waiting.values()), error)
                raise

    def resume(self, job_id: str, rows: Sequence[OutboxWrite]) -> Carried:
        """What became of writes that a push was carrying in this job when it died."""
        try:
            return self._resume(job_id, list(rows))
        except SalesforceError:
            self.claims.abandon(rows)
            raise

    def _resume(self, job_id: str, rows: list[OutboxWrite]) -> Carried:
        try:
            job = read_ingest(self.sf, job_id)
            if job.has_ended:
                return self._conclude(job, rows)
        except SalesforceRejected as error:
            return self._ask(job_id, rows, error)
        if job.state == JobState.OPEN and self._has_ended_unused(job_id):
            return Carried(left=self.claims.note_job(rows, None))
        return self._finish(job_id, rows, rows)

    def _has_ended_unused(self, job_id: str) -> bool:
        """Ends an open job, of which nothing has been done and then nothing will.

        False when the dead push's closing arrived first.
        """
        try:
            abort_ingest(self.sf, job_id)
        except SalesforceRejected:
            return False
        return True

    def _carry_table(
        self, rows: list[OutboxWrite], table: Table, kept: Sequence[OutboxWrite]
    ) -> Carried:
        for _ in range(MOST_STARTS):
            job_id = self._start(rows)
            if job_id is None:
                break
            if len(self.claims.note_job(rows, job_id)) < len(rows):
                # The claim ran out: some of the rows of this table are another push's by now.
                break
            if self._upload(job_id, table):
                try_to_close(self.sf, job_id)
                return self._finish(job_id, rows, kept)
        return Carried(left=self.claims.note_job(rows, None))

    def _start(self, rows: list[OutboxWrite]) -> str | None:
        """A new job's Id; None when the org has none for us.

        A job of which no answer came may be there; open and empty, it does no harm.
        """
        sobject = rows[0].sobject
        for _ in range(MOST_STARTS):
            try:
                return start_ingest(self.sf, sobject, PUSH_ORDER[sobject])
            except OutcomeUnknown as error:
                self._warn(sobject, error)
            except SalesforceRejected as error:
                self._warn(sobject, error)
                break
            except SalesforceError as error:
                self.claims.give_back(rows, error)
                raise
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
        self.claims.abandon(rows)
        return Carried(running=rows)

    def _ask(self, job_id: str, rows: list[OutboxWrite], error: SalesforceError) -> Carried:
        """Reads back the rows of a job that is gone, or is not shown to us."""
        self._warn(job_id, error)
        return Carried(confirmed=read_back(self.sf, rows))

    def _conclude(self, job: IngestJob, rows: list[OutboxWrite]) -> Carried:
        if job.state == JobState.FAILED:
            self._warn(job.id, job.error)
            if job.processed == 0:
                return Carried(left=self.claims.note_job(rows, None))
        key = PUSH_ORDER[rows[0].sobject]
        return self._judge(job, rows, read_verdicts(self.sf, job, key, len(rows)))

    def _judge(self, job: IngestJob, rows: list[OutboxWrite], verdicts: Verdicts) -> Carried:
        """Matches rows and results by key; of a row without a credible result the org is asked."""
        carried = Carried()
        tried = self._credible(rows, verdicts.tried)
        untold: list[OutboxWrite] = []
        for row in rows:
            if row.external_id in tried:
                carried.outcomes.append((row, tried[row.external_id]))
            elif row.external_id not in verdicts.untried:
                untold.append(row)
            elif job.state == JobState.ABORTED:
                carried.outcomes.append((row, _failure(ABORTED)))
            else:
                carried.left.append(row)
        carried.left = self.claims.note_job(carried.left, None)
        carried.confirmed = read_back(self.sf, untold) if untold else []
        return carried

    def _credible(
        self, rows: list[OutboxWrite], tried: Mapping[str, SaveResult]
    ) -> dict[str, SaveResult]:
        """The results that can belong to these rows: no Id twice, none but the one we know."""
        with transaction(self.claims.engine) as session:
            known = known_ids(session, rows[0].sobject, [row.external_id for row in rows])
        owners: dict[str | None, str] = {}
        strangers: set[str] = set()
        for key, result in tried.items():
            if not result.success:
                continue
            first = owners.setdefault(result.salesforce_id, key)
            if first != key or not result.salesforce_id:
                strangers |= {first, key}
            if known.get(key, result.salesforce_id) != result.salesforce_id:
                strangers.add(key)
        return {key: result for key, result in tried.items() if key not in strangers}

    def _warn(self, what: str, error: object) -> None:
        logger.warning("an ingest job did not work", extra={"of": what, "error": str(error)})


def _part(
    key: str, rows: Sequence[OutboxWrite], records: Sequence[Mapping[str, object]]
) -> tuple[Pairs, list[OutboxWrite]]:
    """The writes that a table can say, and those that it cannot.

    Two keys that the org takes for the same are of the latter: in one job it would refuse both.
    """
    counts = Counter(row.external_id.casefold() for row in rows)
    pairs: Pairs = []
    unsaid: list[OutboxWrite] = []
    for row, record in zip(rows, records, strict=True):
        if counts[row.external_id.casefold()] == 1 and can_be_row(key, record):
            pairs.append((row, record))
        else:
            unsaid.append(row)
    return pairs, unsaid


def _failure(error: SalesforceError) -> SaveResult:
    return SaveResult(None, success=False, created=False, errors=(error,))
