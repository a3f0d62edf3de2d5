"""How long an export is waited for, and what its pages hold."""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce.api import Salesforce

from sandbox.server import LocalOrgServer
from sfsync import exports
from sfsync.errors import IncompleteRead
from sfsync.exports import ExportLost, ResultPage, await_export, open_page, start_export
from tests.control import add_fault, seed
from tests.sfsync.test_pull import an_account

QUERY = "SELECT Id, Name FROM Account"


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "FIRST_WAIT_S", 0.05)


class Org:
    """Answers with one state of a job after the other."""

    def __init__(self, *jobs: dict[str, Any]) -> None:
        self.jobs = list(jobs)

    def restful(self, _path: str) -> dict[str, Any]:
        return self.jobs.pop(0)


def running(done: int) -> dict[str, Any]:
    return {"state": "InProgress", "numberRecordsProcessed": done}


DONE = {"state": "JobComplete", "numberRecordsProcessed": 80_000}


@pytest.mark.parametrize(
    ("jobs", "waits"),
    [
        ([DONE], [1.0]),
        # What four fifths of the rows took, a quarter of it, and half as much more.
        ([running(64_000), DONE], [1.0, 0.375]),
        ([running(79_999), DONE], [1.0, 0.05 / 4]),
        # A rate that is young, or none: as long again.
        ([running(20_000), DONE], [1.0, 1.0]),
        ([running(0), running(0), DONE], [1.0, 1.0, 4.0]),
        # What the second wait brought, and not what was lost at the beginning.
        ([running(10_000), running(30_000), DONE], [1.0, 1.0, 3.75]),
        ([running(10), running(20), DONE], [1.0, 1.0, exports.LONGEST_WAIT_S]),
        ([running(99_999), DONE], [1.0, 1.0]),
        ([running(0)] * 6 + [DONE], [1.0, 1.0, 4.0, 12.0, *[exports.LONGEST_WAIT_S] * 3]),
    ],
)
def test_a_job_is_looked_at_when_its_rate_lets_it_be_done(
    jobs: list[dict[str, Any]], waits: list[float]
) -> None:
    slept: list[float] = []
    org: Any = Org(*jobs)

    await_export(org, "750", 80_000, slept.append)

    assert slept == pytest.approx(waits)
    assert org.jobs == []


def test_a_job_that_failed_is_lost() -> None:
    org: Any = Org(running(5), {"state": "Failed", "errorMessage": "too slow"})

    with pytest.raises(ExportLost, match=r"750 ended as Failed: too slow\."):
        await_export(org, "750", 80_000, lambda _: None)


def a_job(org: LocalOrgServer, sf: Salesforce, rows: int) -> str:
    seed(org, [an_account(number) for number in range(rows)])
    job = start_export(sf, f"{QUERY} ORDER BY Name")
    await_export(sf, job, rows)
    return job


def test_cells_find_their_places_whatever_order_the_org_chose() -> None:
    page = ResultPage(["Name", "Id"], iter([["n1", "i1"], ["n2", "i2"]]), None)

    assert list(page.read_in_order(["Id", "Name"])) == [["i1", "n1"], ["i2", "n2"]]
    with pytest.raises(ValueError, match="Status"):
        page.read_in_order(["Id", "Status"])


def test_a_page_gives_its_rows_and_the_place_of_the_next_one(
    org: LocalOrgServer, sf: Salesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE_ROWS", 5)
    # Every byte is read by itself, so that texts are cut anywhere.
    monkeypatch.setattr(exports, "PIECE_BYTES", 1)
    job = a_job(org, sf, 7)

    with open_page(sf, job, None) as first:
        names = [name for _, name in first.rows]
    with open_page(sf, job, first.next_locator) as second:
        rest = [name for _, name in second.rows]

    assert first.columns == ["Id", "Name"]
    assert names == [f"Account {number}" for number in range(5)]
    assert (rest, second.next_locator) == (["Account 5", "Account 6"], None)


def test_a_page_that_is_cut_on_its_way_is_an_error(org: LocalOrgServer, sf: Salesforce) -> None:
    job = a_job(org, sf, 7)
    add_fault(org, action="truncated_bulk_results", path="/results")

    with (
        pytest.raises(IncompleteRead, match="7 rows were announced"),
        open_page(sf, job, None) as p,
    ):
        list(p.rows)
