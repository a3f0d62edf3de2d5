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
        # Four fifths took a second, so that the rest takes a quarter of it, and a fifth more.
        ([running(64_000), DONE], [1.0, 0.3]),
        ([running(40_000), DONE], [1.0, 1.2]),
        ([running(79_999), DONE], [1.0, 0.05 / 4]),
        # A young rate is not believed for ever.
        ([running(800), running(40_000), DONE], [1.0, 5.0, 7.2]),
        # No rate.
        ([running(0), running(0), DONE], [1.0, 2.0, 6.0]),
        ([running(80_001), DONE], [1.0, 2.0]),
        ([running(0)] * 4 + [DONE], [1.0, 2.0, 6.0, 18.0, exports.LONGEST_WAIT_S]),
    ],
)
def test_a_job_is_looked_at_when_its_rate_lets_it_be_done(
    jobs: list[dict[str, Any]], waits: list[float]
) -> None:
    slept: list[float] = []
    org: Any = Org(*jobs)

    await_export(org, "750", 80_000, slept.append)

    assert slept == pytest.approx(waits, abs=1e-3)
    assert org.jobs == []


@pytest.mark.parametrize("whole_s", [0.4, 1.2, 2.0, 4.0, 6.0])
def test_a_job_that_keeps_its_pace_is_looked_at_twice(whole_s: float) -> None:
    """Whatever its pace, up to six times the first wait, a tenth of which it only gathers."""
    org: Any = Paced(whole_s, 80_000)

    await_export(org, "750", 80_000, org.sleep)

    assert org.looks <= 2
    assert whole_s <= org.now_s <= max(1.0, 1.8 * whole_s)


def test_a_patient_caller_looks_later() -> None:
    slept: list[float] = []
    org: Any = Org(DONE)

    await_export(org, "750", 80_000, slept.append, patience=5)

    assert slept == [5.0]


class Paced:
    """Counts its rows evenly after a tenth of its time, on a clock that sleeping moves."""

    def __init__(self, whole_s: float, rows: int) -> None:
        self.whole_s, self.rows = whole_s, rows
        self.now_s, self.looks = 0.0, 0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def restful(self, _path: str) -> dict[str, Any]:
        self.looks += 1
        share = (self.now_s / self.whole_s - 0.1) / 0.9
        return DONE if share >= 1 else running(int(self.rows * max(share, 0)))


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
    monkeypatch.setattr(exports, "ONE_PAGE_ROWS", 5)
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
