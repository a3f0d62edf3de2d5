"""An ingest job is looked at seldom, and its results are believed only where they are clear."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from simple_salesforce.api import Salesforce

from sandbox.server import LocalOrgServer
from sfsync import ingest, ingest_results
from sfsync.errors import IncompleteRead, SalesforceRejected, SalesforceRetryable
from sfsync.ingest import (
    PATIENCE_S,
    IngestJob,
    abort_ingest,
    await_ingest,
    read_ingest,
    start_ingest,
)
from sfsync.ingest_results import read_errors, read_verdicts

LOCKED = "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record: --"
DUPLICATE = "DUPLICATE_VALUE:duplicate value found: X duplicates value on record: 001:--"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LOCKED, [("UNABLE_TO_LOCK_ROW", ())]),
        (
            "REQUIRED_FIELD_MISSING:Required fields are missing: [Name, Site]:Name,Site --",
            [("REQUIRED_FIELD_MISSING", ("Name", "Site"))],
        ),
        (
            f"STRING_TOO_LONG:Site: data value too large: a;b -- c:d:Site --;{DUPLICATE}",
            [("STRING_TOO_LONG", ("Site",)), ("DUPLICATE_VALUE", ())],
        ),
        (
            "FIELD_CUSTOM_VALIDATION_EXCEPTION:first line\nsecond: line:Budget__c --",
            [("FIELD_CUSTOM_VALIDATION_EXCEPTION", ("Budget__c",))],
        ),
        ("SOMETHING_NEW:in another form", [("SOMETHING_NEW", ())]),
        ("no code at all", [("no code at all", ())]),
    ],
)
def test_a_refusal_is_read_with_code_and_fields(
    text: str, expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert [(error.code, error.fields) for error in read_errors(text)] == expected


def test_a_refusal_is_classed_by_the_table() -> None:
    (later,) = read_errors(LOCKED)
    (never,) = read_errors("STRING_TOO_LONG:Name: data value too large: x:Name --")

    assert isinstance(later, SalesforceRetryable)
    assert isinstance(never, SalesforceRejected)
    assert never.message == "STRING_TOO_LONG: Name: data value too large: x"
    assert never.remedy == "Shorten the text in the fields named."


def test_a_job_is_looked_at_ever_more_seldom_and_left_alone_in_the_end(
    org: LocalOrgServer, sf: Salesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = IngestJob("750", "InProgress", 0, 0, "")
    monkeypatch.setattr(ingest, "read_ingest", lambda sf, job_id: running)
    pauses: list[float] = []
    looks: list[None] = []

    job = await_ingest(sf, "750", 10_000, lambda: looks.append(None), pauses.append)

    assert job == running
    assert pauses[:6] == [2.5, 5, 10, 20, 40, 60]
    assert sum(pauses) - pauses[-1] < PATIENCE_S <= sum(pauses)
    assert len(looks) == len(pauses)


def test_an_aborted_job_says_so(org: LocalOrgServer, sf: Salesforce) -> None:
    job_id = start_ingest(sf, "Account", "External_Id__c")
    abort_ingest(sf, job_id)

    assert read_ingest(sf, job_id) == IngestJob(job_id, "Aborted", 0, 0, "")


def saved(key: str, record_id: str = "001") -> dict[str, str]:
    return {"sf__Id": f"{record_id}{key}", "sf__Created": "true", "K": key}


def refused(key: str) -> dict[str, str]:
    return {"sf__Id": "", "sf__Error": LOCKED, "K": key}


def unprocessed(key: str) -> dict[str, str]:
    return {"K": key}


def verdicts_of(
    monkeypatch: pytest.MonkeyPatch, job: IngestJob, **files: list[list[dict[str, Any]] | None]
) -> tuple[set[str], set[str]]:
    """What is known of which keys, when the files read so, reading by reading (None: broken)."""

    def open_file(_: Salesforce, __: str, name: str, ___: int | None) -> Iterator[dict[str, Any]]:
        rows = files[name].pop(0)
        is_broken = rows is not None and rows[-1:] == [{}]
        yield from (row for row in rows or [] if row)
        if rows is None or is_broken:
            raise IncompleteRead("broke off")

    monkeypatch.setattr(ingest_results, "_open_file", open_file)
    found = read_verdicts(None, job, "K")  # type: ignore[arg-type] - nothing is sent
    return set(found.tried), set(found.untried)


def test_the_last_row_of_a_broken_file_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    job = IngestJob("750", "JobComplete", 3, 0, "")
    broken = [saved("A"), saved("B"), {}]

    tried, _ = verdicts_of(monkeypatch, job, successfulResults=[broken, broken])

    assert tried == {"A"}


def test_a_row_told_in_two_ways_counts_as_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    job = IngestJob("750", "Aborted", 5, 2, "")

    found = verdicts_of(
        monkeypatch,
        job,
        successfulResults=[[saved("A"), saved("B"), saved("C"), saved("C", "002"), saved("D")]],
        failedResults=[[refused("B"), refused("E")]],
        unprocessedRecords=[[unprocessed("D"), unprocessed("F")]],
    )

    assert found == ({"A", "E"}, {"F"})


def test_a_row_told_twice_in_one_way_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    job = IngestJob("750", "JobComplete", 3, 3, "")
    broken, whole = [refused("A"), refused("B"), {}], [refused("B"), refused("A"), refused("C")]

    tried, _ = verdicts_of(monkeypatch, job, failedResults=[broken, whole])

    assert tried == {"A", "B", "C"}


def test_a_row_without_our_key_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    job = IngestJob("750", "JobComplete", 2, 0, "")
    rows = [saved("A"), {"sf__Id": "001", "sf__Created": "true"}]

    assert verdicts_of(monkeypatch, job, successfulResults=[rows]) == ({"A"}, set())
