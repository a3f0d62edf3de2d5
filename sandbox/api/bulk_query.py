"""Bulk API 2.0 query: `jobs/query` and the pages of its results.

Owns the locator: the number of the next page's first row in base 64, the word `null` at the end.
Source: Bulk API 2.0 guide, "Bulk API 2.0 Query".
"""

from __future__ import annotations

import base64
import binascii
from functools import partial

from sandbox.api.bulk_jobs import (
    CSV_TYPE,
    KIND,
    abort_job,
    bad_job,
    bad_state,
    delete_job,
    find_job,
    find_shuffle_seed,
    list_jobs,
    read_dialect,
    show_job,
    show_progress,
)
from sandbox.api.call import Answer, Call, Route, Stream
from sandbox.api.counts import read_count
from sandbox.bulk.job import Job, JobKind, JobState
from sandbox.bulk.query import RESULTS
from sandbox.bulk.result_file import ResultFile
from sandbox.org.errors import refuse

#: Rows on a page when the client does not say how many it wants.
DEFAULT_PAGE = 100_000
OPERATIONS = ("query", "queryAll")
_KEYS = frozenset({"columnDelimiter", "contentType", "lineEnding", "operation", "query"})


def create_job(call: Call) -> Answer:
    """A new job; it starts at once."""
    body = {name: value for name, value in call.json_object().items() if value is not None}
    dialect = read_dialect(body, _KEYS)
    operation, query = str(body.get("operation") or ""), body.get("query")
    if operation not in OPERATIONS:
        raise bad_job(f"Unknown operation {operation!r}; it is query or queryAll")
    if not isinstance(query, str) or not query.strip():
        raise bad_job("Missing required fields: query")
    sobject = call.services.org.check_export(call.actor, query)
    seed = find_shuffle_seed(call.faults)

    def make(job_id: str, now: str) -> Job:
        return Job(
            job_id,
            JobKind.QUERY,
            operation,
            sobject,
            call.actor.user_id,
            call.actor.username,
            call.version,
            now,
            now,
            state=JobState.UPLOAD_COMPLETE,
            query=query,
            shuffle_seed=seed,
            dialect=dialect,
        )

    job = call.services.bulk.jobs.add(make)
    with call.services.bulk.submission(job):
        return Answer(body=show_job(job))


def read_job(call: Call, job_id: str) -> Answer:
    """How far the job is."""
    return Answer(body=show_progress(find_job(call, job_id, JobKind.QUERY)))


def change_state(call: Call, job_id: str) -> Answer:
    """Abort the job."""
    job = find_job(call, job_id, JobKind.QUERY)
    state = call.json_object().get("state")
    if state != JobState.ABORTED:
        raise bad_state(f"A client sets a query job to Aborted, not to {state}")
    return abort_job(call, job)


def read_results(call: Call, job_id: str) -> Answer:
    """A page of the results as CSV; the headers tell its rows and where the next one starts."""
    job = find_job(call, job_id, JobKind.QUERY)
    if job.state is not JobState.JOB_COMPLETE:
        raise bad_state(f"Results are not available for a job in state {job.state}")
    found = ResultFile(call.services.bulk.jobs.file(job, RESULTS))
    total = found.count
    start = _read_locator(call.params.get("locator", ""), total)
    count = min(_read_count(call.params.get("maxRecords", "")), total - start)
    end = start + count
    size, pieces = found.read(start, count)
    headers = {
        "Sforce-NumberOfRecords": str(count),
        "Sforce-Locator": "null" if end >= total else make_locator(end),
    }
    return Answer(200, Stream(CSV_TYPE, size, pieces), headers)


def make_locator(row: int) -> str:
    """The locator of the page that starts with this row (from 0)."""
    return base64.urlsafe_b64encode(str(row).encode()).decode().rstrip("=")


def _read_locator(given: str, total: int) -> int:
    if given in {"", "null"}:
        return 0
    try:
        text = base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    row = read_count(text)
    if row is None or row >= total:
        raise refuse("INVALID_QUERY_LOCATOR", f"invalid query locator {given}")
    return row


def _read_count(given: str) -> int:
    if given == "":
        return DEFAULT_PAGE
    count = read_count(given)
    if not count:
        raise bad_job(f"maxRecords {given} must be a number from 1")
    return count


_JOB = "jobs/query/{job_id}"
ROUTES = [
    Route("jobs/query", {"GET": partial(list_jobs, kind=JobKind.QUERY), "POST": create_job}, KIND),
    Route(
        _JOB,
        {
            "GET": read_job,
            "PATCH": change_state,
            "DELETE": partial(delete_job, kind=JobKind.QUERY),
        },
        KIND,
    ),
    Route(f"{_JOB}/results", {"GET": read_results}, KIND),
]
