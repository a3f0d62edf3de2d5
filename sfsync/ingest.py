"""Imports of many rows: upsert jobs of the Bulk API 2.0, written and read as streams.

Owns the requests of such a job, when to look whether it is done, and the reading of its three
result files. simple-salesforce holds whole files in memory, so this is done here. Rows of results
come in any order, and a file may break off: each row is known by our own key, and what no file
tells stays untold. Source: Bulk API 2.0 and Bulk API Developer Guide, "Ingest Jobs", "Get Job
Successful/Failed/Unprocessed Record Results" (read 2026-11).
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.util import exception_handler

from sfsync import jsonio
from sfsync.edge import reading, writing
from sfsync.errors import (
    IncompleteRead,
    OutcomeUnknown,
    SalesforceError,
    SalesforceRejected,
    refusal,
)
from sfsync.exports import read_rows
from sfsync.ingest_table import Cells, Table
from sfsync.results import SaveResult

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
#: Rows that a job is expected to save in a second: decides when to look first.
ROWS_PER_S = 4_000
#: How long a job is waited for before something else is done; it is looked at again later.
PATIENCE_S = 900.0
#: How often a result file is read when it does not arrive whole.
READINGS = 2
#: `CODE:message:Field__c,Other__c --`, several of them joined by `;`.
ERROR_ITEM = re.compile(
    r"(?P<code>[A-Z][A-Z0-9_]*):(?P<message>.*?):\s*(?P<fields>[\w.,\s]*?)\s*--(?:;|\s*$)",
    re.DOTALL,
)


class JobState(StrEnum):
    """Where an ingest job stands, as far as it matters here."""

    OPEN = "Open"  #: takes data; nothing of it is worked off
    ABORTED = "Aborted"  #: somebody stopped it; what was saved until then stays saved
    COMPLETE = "JobComplete"  #: every row was tried
    FAILED = "Failed"  #: cannot be worked off, as `error` says


ENDED = frozenset({JobState.ABORTED, JobState.COMPLETE, JobState.FAILED})


@dataclass(frozen=True)
class IngestJob:
    """What the org says of a job."""

    id: str
    state: str
    processed: int  #: rows tried, the failed ones among them
    failed: int
    error: str

    @property
    def has_ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ENDED


@dataclass(frozen=True)
class Verdicts:
    """What the result files tell, by key."""

    tried: dict[str, SaveResult]  #: what became of rows, saved or refused
    untried: frozenset[str]  #: rows that the job surely did not come to


def start_ingest(sf: Salesforce, sobject: str, key: str) -> str:
    """Creates a job that upserts by the field `key`; its Id. Nothing runs before it is closed."""
    body = {
        "object": sobject,
        "operation": "upsert",
        "externalIdFieldName": key,
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    with writing(sf):
        job = sf.restful("jobs/ingest", method="POST", data=jsonio.dumps(body).encode()) or {}
    return str(job["id"])


def upload(sf: Salesforce, job_id: str, table: Table) -> None:
    """Gives the job its rows, once. Raises OutcomeUnknown when no answer came."""
    with writing(sf):
        answer = sf.session.put(
            f"{sf.base_url}jobs/ingest/{job_id}/batches",
            headers={**sf.headers, "Content-Type": "text/csv"},
            data=table,
        )
        if answer.status_code != requests.codes.created:
            exception_handler(answer, "ingest data")


def close_ingest(sf: Salesforce, job_id: str) -> None:
    """Has the job worked off. Refused when it is not open any more."""
    _set_state(sf, job_id, "UploadComplete")


def abort_ingest(sf: Salesforce, job_id: str) -> None:
    """Ends the job where it is; an open one has then done nothing and never will."""
    _set_state(sf, job_id, JobState.ABORTED)


def read_ingest(sf: Salesforce, job_id: str) -> IngestJob:
    """How far the job is. Raises SalesforceRejected with NOT_FOUND when it is gone."""
    with reading(sf):
        job = sf.restful(f"jobs/ingest/{job_id}") or {}
    return IngestJob(
        job_id,
        str(job["state"]),
        int(job.get("numberRecordsProcessed") or 0),
        int(job.get("numberRecordsFailed") or 0),
        str(job.get("errorMessage") or ""),
    )


def await_ingest(
    sf: Salesforce,
    job_id: str,
    rows: int,
    on_look: Callable[[], object],
    sleep: Callable[[float], None] = time.sleep,
) -> IngestJob:
    """The job of so many rows at its end, or unfinished after PATIENCE_S.

    Each look costs a call, so that the pauses double. A closing that was lost is repeated, so call
    this only for a job whose data arrived. `on_look` runs before each look.
    """
    pause_s = max(FIRST_WAIT_S, rows / ROWS_PER_S)
    waited_s = 0.0
    while True:
        sleep(pause_s)
        on_look()
        job = read_ingest(sf, job_id)
        waited_s += pause_s
        if job.has_ended or waited_s >= PATIENCE_S:
            return job
        if job.state == JobState.OPEN:
            try_to_close(sf, job_id)
        pause_s = min(2 * pause_s, LONGEST_WAIT_S)


def try_to_close(sf: Salesforce, job_id: str) -> None:
    """Closes the job; whether that worked is seen at the next look."""
    try:
        close_ingest(sf, job_id)
    except (OutcomeUnknown, SalesforceRejected):
        # Unanswered, or refused because an earlier closing arrived after all.
        return


def read_verdicts(sf: Salesforce, job: IngestJob, key: str) -> Verdicts:
    """What became of the rows of a job that has ended, as far as its files tell.

    `key` is the column of our key. A file costs a call, and is read only when it can hold rows. A
    row that is told in two ways counts as not told.
    """
    tried: dict[str, SaveResult] = {}
    doubtful: set[str] = set()
    for name, read, count in (
        ("successfulResults", _read_success, job.processed - job.failed),
        ("failedResults", _read_refusal, job.failed),
    ):
        for cells in _read_file(sf, job.id, name, key, count) if count else ():
            result = read(cells)
            if not _is_same(tried.setdefault(cells[key], result), result):
                doubtful.add(cells[key])
    untried: set[str] = set()
    if job.state != JobState.COMPLETE:
        untried.update(cells[key] for cells in _read_file(sf, job.id, "unprocessedRecords", key))
    doubtful |= untried & tried.keys()
    known = {text: result for text, result in tried.items() if text not in doubtful}
    return Verdicts(known, frozenset(untried - doubtful))


def _set_state(sf: Salesforce, job_id: str, state: str) -> None:
    body = jsonio.dumps({"state": state}).encode()
    with writing(sf):
        sf.restful(f"jobs/ingest/{job_id}", method="PATCH", data=body)


def _read_file(
    sf: Salesforce, job_id: str, name: str, key: str, count: int | None = None
) -> Iterator[Cells]:
    """The rows of a result file that should hold `count`; fewer when it does not arrive whole."""
    for _ in range(READINGS):
        previous: Cells | None = None
        try:
            for cells in _open_file(sf, job_id, name, count):
                # A row is whole only when something follows it, or the file ends as announced.
                if previous is not None and previous.get(key):
                    yield previous
                previous = cells
        except IncompleteRead as error:
            logger.warning("a result file is incomplete", extra={"job": job_id, "why": str(error)})
            continue
        if previous is not None and previous.get(key):
            yield previous
        return


def _open_file(sf: Salesforce, job_id: str, name: str, count: int | None) -> Iterator[Cells]:
    with reading(sf):
        answer = sf.session.get(
            f"{sf.base_url}jobs/ingest/{job_id}/{name}",
            headers={**sf.headers, "Accept": "text/csv"},
            stream=True,
        )
        if answer.status_code != requests.codes.ok:
            exception_handler(answer, name)
    with closing(answer):
        yield from read_rows(answer, count)


def _read_success(cells: Cells) -> SaveResult:
    return SaveResult(cells["sf__Id"], success=True, created=cells["sf__Created"] == "true")


def _read_refusal(cells: Cells) -> SaveResult:
    return SaveResult(None, success=False, created=False, errors=read_errors(cells["sf__Error"]))


def read_errors(text: str) -> tuple[SalesforceError, ...]:
    """Our error for each item of a cell `sf__Error`; at least one."""
    items = [
        refusal(found["code"], found["message"], _split(found["fields"]))
        for found in ERROR_ITEM.finditer(text)
    ]
    if items:
        return tuple(items)
    code, _, message = text.partition(":")
    return (refusal(code, message.strip()),)


def _split(fields: str) -> list[str]:
    return [name.strip() for name in fields.split(",") if name.strip()]


def _is_same(one: SaveResult, other: SaveResult) -> bool:
    return (one.success, one.salesforce_id) == (other.success, other.salesforce_id)
