"""The result files of an ingest job: what became of each row, by our own key.

Owns the reading of three files whose rows come in any order and which may break off: what no file
tells clearly stays untold. Source: Bulk API 2.0 and Bulk API Developer Guide, "Get Job Successful
Record Results", "Get Job Failed Record Results", "Get Job Unprocessed Record Results".
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.util import exception_handler

from sfsync.edge import reading
from sfsync.errors import IncompleteRead, SalesforceError, refusal
from sfsync.exports import read_rows
from sfsync.ingest import IngestJob, JobState
from sfsync.ingest_table import Cells
from sfsync.results import SaveResult

logger = logging.getLogger(__name__)

#: How often a result file is read when it does not arrive whole.
READINGS = 2
#: `CODE:message:Field__c,Other__c --`, several of them joined by `;`.
ERROR_ITEM = re.compile(
    r"(?P<code>[A-Z][A-Z0-9_]*):(?P<message>.*?):\s*(?P<fields>[\w.,\s]*?)\s*--(?:;|\s*$)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Verdicts:
    """What the result files tell, by key."""

    tried: dict[str, SaveResult]  #: what became of rows, saved or refused
    untried: frozenset[str]  #: rows that the job surely did not come to


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
