"""Imports of many rows: upsert jobs of the Bulk API 2.0, written and read as streams.

Owns the requests of such a job, and when to look whether it is done. simple-salesforce holds whole
files in memory and waits without end, so this is done here. Source: Bulk API 2.0 and Bulk API
Developer Guide, "Ingest Jobs" (read 2026-11).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.util import exception_handler

from sfsync import jsonio
from sfsync.edge import reading, writing
from sfsync.errors import OutcomeUnknown, SalesforceRejected
from sfsync.ingest_table import Table

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
#: Rows that a job is expected to save in a second: decides when to look first.
ROWS_PER_S = 4_000
#: How often a job that is still open is closed again.
MOST_CLOSINGS = 2
#: How long a job is waited for before something else is done; it is looked at again later.
PATIENCE_S = 900.0


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
        job = sf.restful("jobs/ingest", method="POST", data=jsonio.encode(body)) or {}
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
    """The job of so many rows at its end, unfinished after PATIENCE_S, or open if it stays so.

    Each look costs a call, so that the pauses double. A closing that was lost is repeated, so call
    this only for a job whose data arrived. `on_look` runs before each look.
    """
    closings = 0
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
            if closings == MOST_CLOSINGS:
                return job
            closings += 1
            try_to_close(sf, job_id)
        pause_s = min(2 * pause_s, LONGEST_WAIT_S)


def try_to_close(sf: Salesforce, job_id: str) -> None:
    """Closes the job; whether that worked is seen at the next look."""
    try:
        close_ingest(sf, job_id)
    except (OutcomeUnknown, SalesforceRejected):
        # Unanswered, or refused because an earlier closing arrived after all.
        return


def _set_state(sf: Salesforce, job_id: str, state: str) -> None:
    body = jsonio.encode({"state": state})
    with writing(sf):
        sf.restful(f"jobs/ingest/{job_id}", method="PATCH", data=body)
