"""Exports of many rows: query jobs of the Bulk API 2.0, read as a stream.

Owns the four requests of such a job and the check that a page arrived whole. simple-salesforce
reads whole files into memory and cannot ask for deleted rows, so this is done here. Nothing is said
about the order of rows: the caller must not conclude anything before the last one.
Source: Bulk API 2.0 and Bulk API Developer Guide, "Query Jobs" (read 2026-11).
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.util import exception_handler
from urllib3.exceptions import HTTPError

from sfsync import jsonio
from sfsync.edge import reading, writing
from sfsync.errors import IncompleteRead, SalesforceError, SalesforceRejected

#: Rows of one page of results: one call, and what a reader that is killed reads again at most.
PAGE_ROWS = 50_000
#: A long text field holds 131,072 characters, and the csv module refuses more than its limit.
LONGEST_CELL = 1 << 20
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
#: Rows that a job is expected to write in a second, at least: decides when to look first.
ROWS_PER_S = 20_000

#: What the org says of a place in the results that is no more, beside what it refuses for good;
#: results are kept for a week.
LOST = frozenset({"INVALID_QUERY_LOCATOR"})

Cells = dict[str, str]


class ExportLost(SalesforceRejected):
    """The export failed, or cannot be read. The caller reads the rows in another way."""


@dataclass(frozen=True)
class ResultPage:
    """One page of results: its rows as they arrive, and where the next page starts."""

    rows: Iterator[Cells]  #: by column; an empty cell is an empty value
    next_locator: str | None


def start_export(sf: Salesforce, query: str) -> str:
    """Starts a query job, deleted rows included; its Id. Costs one call."""
    body = jsonio.dumps({"operation": "queryAll", "query": query}).encode()
    with writing(sf):
        job = sf.restful("jobs/query", method="POST", data=body) or {}
    return str(job["id"])


def await_export(
    sf: Salesforce, job_id: str, rows: int, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Returns when the job's results are there. `rows` is how many are expected.

    Each look costs a call, so it is looked seldom. Raises ExportLost when the job failed.
    """
    wait_s = max(FIRST_WAIT_S, rows / ROWS_PER_S)
    while True:
        sleep(wait_s)
        with _export(job_id), reading(sf):
            job = sf.restful(f"jobs/query/{job_id}") or {}
        if job["state"] == "JobComplete":
            return
        if job["state"] in ("Failed", "Aborted"):
            raise ExportLost(
                f"The export {job_id} ended as {job['state']}: {job.get('errorMessage') or '-'}.",
                code="EXPORT_FAILED",
            )
        wait_s = min(max(FIRST_WAIT_S, wait_s), LONGEST_WAIT_S)


@contextmanager
def open_page(sf: Salesforce, job_id: str, locator: str | None) -> Iterator[ResultPage]:
    """The page of results that starts at `locator` (None: the first). Costs one call.

    Its rows are read inside the block; the last of them raises IncompleteRead when fewer or more
    arrived than the org announced. Raises ExportLost when the org refuses them.
    """
    parameters = {"maxRecords": str(PAGE_ROWS)} | ({"locator": locator} if locator else {})
    with _export(job_id), reading(sf):
        answer = sf.session.get(
            f"{sf.base_url}jobs/query/{job_id}/results",
            headers={**sf.headers, "Accept": "text/csv"},
            params=parameters,
            stream=True,
        )
        if answer.status_code != requests.codes.ok:
            exception_handler(answer, "query results")
    following = answer.headers.get("Sforce-Locator", "null")
    announced = int(answer.headers["Sforce-NumberOfRecords"])
    with closing(answer):
        rows = read_rows(answer, announced)
        yield ResultPage(rows, None if following in ("", "null") else following)


@contextmanager
def _export(job_id: str) -> Iterator[None]:
    try:
        yield
    except SalesforceError as error:
        # Also a place in the results that is no more, although a query with a lost locator may be
        # begun anew: this one is read from the middle. And a gateway that lets no export through.
        if isinstance(error, SalesforceRejected) or error.code in LOST:
            raise ExportLost(f"The export {job_id} cannot be read: {error.message}") from error
        raise


def read_rows(answer: requests.Response, announced: int) -> Iterator[Cells]:
    """The rows of a table by column, as they arrive; the answer was asked for as a stream.

    The last row is followed by IncompleteRead unless it is the one announced.
    """
    csv.field_size_limit(LONGEST_CELL)
    raw: Any = answer.raw
    # Else urllib3 closes the stream at its end, while the reader still asks for more.
    raw.decode_content, raw.auto_close = True, False
    count = 0
    try:
        # Not by lines of text: a cell may hold line breaks of any kind.
        with io.TextIOWrapper(io.BufferedReader(raw), encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text, strict=True):
                count += 1
                yield row
    except (HTTPError, OSError, csv.Error, UnicodeDecodeError) as error:
        raise _incomplete(f"{announced} rows were announced, {count} arrived") from error
    if count != announced:
        raise _incomplete(f"{announced} rows were announced and {count} arrived")


def _incomplete(what: str) -> IncompleteRead:
    return IncompleteRead(
        f"A page of an export broke: {what}.",
        remedy="Nothing is concluded from it; it is read again.",
    )
