"""Exports of many rows: query jobs of the Bulk API 2.0, read as a stream.

Owns the four requests of such a job and the check that a page arrived whole. simple-salesforce
reads whole files into memory and cannot ask for deleted rows, so this is done here. Nothing is said
about the order of rows: the caller must not conclude anything before the last one.
Source: Bulk API 2.0 and Bulk API Developer Guide, "Query Jobs" (read 2026-11).
"""

from __future__ import annotations

import codecs
import csv
import io
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from math import ceil
from typing import Any

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.util import exception_handler
from urllib3.exceptions import HTTPError

from sfsync import jsonio
from sfsync.edge import reading, writing
from sfsync.errors import IncompleteRead, SalesforceError, SalesforceRejected
from sfsync.keyset import page_calls

#: Rows of one page of results: one call, and what a reader that is killed reads again at most.
PAGE_ROWS = 50_000
#: So many come in one page: that spares the calls where calls are counted one by one.
ONE_PAGE_ROWS = 120_000
#: A long text field holds 131,072 characters, and the csv module refuses more than its limit.
LONGEST_CELL = 1 << 20
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
#: Rows that a quick org writes in a second: decides when to look first.
ROWS_PER_S = 80_000
#: How much later than its rate promises a job is looked at again.
LATENESS = 1.2
#: How many times as long as so far it is waited at most, whatever a young rate promises, and while
#: no row has been counted.
MOST_STRETCH, BLIND_STRETCH = 5, 2

#: Calls of an export beside its pages: create it, and look twice whether it is done.
EXPORT_CALLS = 3
#: The same where calls are scarce: it is looked later, and so only once.
SPARING_EXPORT_CALLS = 2

#: What the org says of a place in the results that is no more, beside what it refuses for good;
#: results are kept for a week.
LOST = frozenset({"INVALID_QUERY_LOCATOR"})

#: How much of an answer is read at once.
PIECE_BYTES = 1 << 18


class ExportLost(SalesforceRejected):
    """The export failed, or cannot be read. The caller reads the rows in another way."""


@dataclass(frozen=True)
class ResultPage:
    """One page of results: its rows as they arrive, and where the next page starts."""

    columns: list[str]  #: what was selected, in the order of the cells
    rows: Iterator[list[str]]  #: as they arrive; an empty cell is an empty value
    next_locator: str | None

    def read_in_order(self, paths: Sequence[str]) -> Iterator[Sequence[str]]:
        """The rows with their cells in the order of `paths`, whatever order the org chose."""
        if tuple(self.columns) == tuple(paths):
            return self.rows
        places = [self.columns.index(path) for path in paths]
        return ([row[place] for place in places] for row in self.rows)


def page_rows(rows: int) -> int:
    """How many rows to ask for at once, of an export of about `rows`."""
    return ONE_PAGE_ROWS if rows <= ONE_PAGE_ROWS else PAGE_ROWS


def count_pages(rows: int) -> int:
    """How many pages, each of them a call, such an export has."""
    return ceil(rows / page_rows(rows))


def export_calls(rows: int, *, spares_calls: bool = False) -> int:
    """How many calls an export of about `rows` takes."""
    return (SPARING_EXPORT_CALLS if spares_calls else EXPORT_CALLS) + count_pages(rows)


def is_export_cheaper(rows: int, spans: int = 1, *, spares_calls: bool = False) -> bool:
    """Whether an export of that many rows takes fewer calls than pages do.

    Pages of so many spans share batches for their first ones, and the last page of a span is the
    one that is not full. Of one span an export is cheaper from 8,000 rows on; where calls are
    scarce it takes a call less and more time: from 6,000 rows on.
    """
    return export_calls(rows, spares_calls=spares_calls) < page_calls(rows, spans)


def start_export(sf: Salesforce, query: str) -> str:
    """Starts a query job, deleted rows included; its Id. Costs one call."""
    body = jsonio.encode({"operation": "queryAll", "query": query})
    with writing(sf):
        job = sf.restful("jobs/query", method="POST", data=body) or {}
    return str(job["id"])


def await_export(
    sf: Salesforce,
    job_id: str,
    rows: int,
    sleep: Callable[[float], None] = time.sleep,
    *,
    patience: float = 1,
) -> None:
    """Returns when the job's results are there. `rows` is how many are expected.

    Each look costs a call, and a job is to cost two. The first one comes when a quick org may be
    done, `patience` times as late where calls are scarce; if it is not, the rows that it has
    counted tell its rate, and the second comes when the rest should be there. Only a job that
    slows down, or counts nothing, or needs more than six times the first wait is looked at more
    often. Raises ExportLost when the job failed.
    """
    wait_s, waited_s = max(FIRST_WAIT_S, rows / ROWS_PER_S) * patience, 0.0
    while True:
        sleep(wait_s)
        waited_s += wait_s
        with _export(job_id), reading(sf):
            job = sf.restful(f"jobs/query/{job_id}") or {}
        if job["state"] == "JobComplete":
            return
        if job["state"] in ("Failed", "Aborted"):
            raise ExportLost(
                f"The export {job_id} ended as {job['state']}: {job.get('errorMessage') or '-'}.",
                code="EXPORT_FAILED",
            )
        wait_s = _expect_s(int(job.get("numberRecordsProcessed") or 0), rows, waited_s)


def _expect_s(done: int, rows: int, waited_s: float) -> float:
    """How long to wait for the rest.

    A job counts no rows while it gathers them, so that its first rate says rather too little.
    """
    stretch = (rows - done) / done * LATENESS if 0 < done < rows else BLIND_STRETCH
    rest_s = waited_s * min(stretch, MOST_STRETCH)
    return min(max(rest_s, FIRST_WAIT_S / 4), LONGEST_WAIT_S)


@contextmanager
def open_page(
    sf: Salesforce, job_id: str, locator: str | None, most_rows: int | None = None
) -> Iterator[ResultPage]:
    """The page of results that starts at `locator` (None: the first). Costs one call.

    `most_rows` is its length if there are so many, else PAGE_ROWS.
    Its rows are read inside the block; the last of them raises IncompleteRead when fewer or more
    arrived than the org announced. Raises ExportLost when the org refuses them.
    """
    parameters = {"maxRecords": str(most_rows or PAGE_ROWS)}
    parameters |= {"locator": locator} if locator else {}
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
        table = _read_table(answer, announced)
        columns = next(table)
        yield ResultPage(columns, table, None if following in ("", "null") else following)


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


def read_rows(answer: requests.Response, announced: int | None) -> Iterator[dict[str, str]]:
    """The rows of a table by column, as they arrive; the answer was asked for as a stream.

    The last row is followed by IncompleteRead unless so many arrived as were announced, if any
    number was.
    """
    table = _read_table(answer, announced)
    columns = next(table)
    for row in table:
        yield dict(zip(columns, row, strict=True))


def _read_table(answer: requests.Response, announced: int | None) -> Iterator[list[str]]:
    """The names of the columns, then the rows."""
    csv.field_size_limit(LONGEST_CELL)
    table = csv.reader(chain.from_iterable(_read_texts(answer.raw)), strict=True)
    width, count = 0, -1
    try:
        for row in table:
            width = width or len(row)
            if len(row) != width:
                raise _incomplete(f"row {count + 1} has {len(row)} of {width} cells")
            count += 1
            yield row
    except (HTTPError, OSError, csv.Error, UnicodeDecodeError) as error:
        raise _incomplete(f"{announced} rows were announced, {max(count, 0)} arrived") from error
    if count < 0:
        yield []
    if announced is not None and max(count, 0) != announced:
        raise _incomplete(f"{announced} rows were announced and {max(count, 0)} arrived")


def _read_texts(raw: Any) -> Iterator[Iterable[str]]:
    """The lines of an answer, piece by piece."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = ""
    while piece := raw.read(PIECE_BYTES, decode_content=True):
        text = rest + decoder.decode(piece)
        end = text.rfind("\n") + 1
        rest = text[end:]
        # Not by what str calls lines: a cell may hold line breaks of any kind.
        yield io.StringIO(text[:end], newline="")
    yield io.StringIO(rest + decoder.decode(b"", final=True), newline="")


def _incomplete(what: str) -> IncompleteRead:
    return IncompleteRead(
        f"A page of an export broke: {what}.",
        remedy="Nothing is concluded from it; it is read again.",
    )
