"""When the selection runs, how often, in which time zone, and how late."""

from __future__ import annotations

import subprocess

import pytest

from tests.acceptance.backoffice import BackOffice, end, first_to_end, outcomes
from tests.acceptance.builders import a_proposal, an_order
from tests.acceptance.market import INTEGRATION, Market

pytestmark = pytest.mark.acceptance

CLAIM, BULK = "sobjects/Selection_Run__c/$", "composite/graph$"


@pytest.fixture
def tender(market: Market) -> None:
    market.seed(an_order(), a_proposal("p1", "m1", "900"))


@pytest.mark.usefixtures("tender")
def test_e31_of_two_processes_that_start_at_once_one_runs_and_the_other_exits_with_0(
    market: Market, office: BackOffice
) -> None:
    market.fault(action="hook", hold="claim", method="POST", path=CLAIM, times=2)
    market.fault(action="hook", hold="award", path=BULK, times=1)
    processes = [office.start("select", "run", "--json") for _ in range(2)]
    market.until_held("claim", requests=2)
    market.release("claim")
    market.until_held("award")
    loser = first_to_end(processes)
    market.release("award")
    (winner,) = [each for each in processes if each is not loser]
    told_off, done = end(loser), end(winner)
    assert (told_off.code, done.code) == (0, 0), told_off.err + done.err
    assert told_off.json["outcome"] == "already running"
    assert told_off.json["lines"] == []
    assert done.json["outcome"] == "completed"
    assert outcomes(done.json) == [("o1", "AWARD", "BEST_RANKED")]
    assert len(market.runs()) == len(market.decisions()) == 1
    assert office.told() == [("award-designer", "hd", "o1"), ("award-winner", "m1", "o1")]


@pytest.mark.usefixtures("tender")
def test_e32_second_start_at_nine_does_nothing(market: Market, office: BackOffice) -> None:
    office.select_here()
    after, runs, effects = market.snapshot(), market.runs(), office.effects()
    market.seed(an_order("o2"), a_proposal("p2", "m2", "500", order="o2"))
    open_order = market.snapshot("o2")
    market.at("2025-03-11 09:00")
    report = office.select_here()
    assert (report.outcome, report.lines) == ("already completed", [])
    assert market.snapshot() == after
    assert market.snapshot("o2") == open_order
    assert market.runs() == runs
    assert office.effects() == effects


@pytest.mark.usefixtures("tender")
@pytest.mark.parametrize(("moment", "minutes"), [("07:00", 0), ("07:20", 20), ("06:59", 0)])
def test_e33_run_records_how_many_minutes_it_is_late(
    market: Market, office: BackOffice, moment: str, minutes: int
) -> None:
    market.at(f"2025-03-11 {moment}")
    assert office.select_here().lateness_minutes == minutes
    (run,) = market.runs()
    assert run["Lateness_Minutes__c"] == minutes
    assert market.order()["Status"] == "MANUFACTURER SELECTED"


@pytest.mark.parametrize(
    ("monday", "last_day", "instant"),
    [
        ("2025-03-31", "2025-03-30", "2025-03-31T05:00:00.000+0000"),
        ("2025-10-27", "2025-10-26", "2025-10-27T06:00:00.000+0000"),
    ],
)
def test_e34_days_of_23_and_25_hours_end_at_local_midnight(
    market: Market, office: BackOffice, monday: str, last_day: str, instant: str
) -> None:
    market.at(f"{monday} 07:00")
    market.seed(
        an_order(EffectiveDate=last_day),
        a_proposal("before", "m1", "900", f"{last_day} 23:59"),
        a_proposal("after", "m2", "100", f"{monday} 00:00"),
    )
    office.select_here()
    assert market.fates() == {"before": "Won", "after": "Rejected"}
    assert market.exclusions() == {"after": "LATE"}
    assert market.order()["Manufacturer_Selected_Date__c"] == instant


@pytest.mark.parametrize(
    ("sunday", "instant"),
    [
        ("2025-03-30", "2025-03-30T05:00:00.000+0000"),
        ("2025-10-26", "2025-10-26T06:00:00.000+0000"),
    ],
)
def test_e34_on_the_day_of_the_change_it_runs_once_at_seven_local_time(
    market: Market, office: BackOffice, sunday: str, instant: str
) -> None:
    yesterday = {"2025-03-30": "2025-03-29", "2025-10-26": "2025-10-25"}[sunday]
    market.at(f"{sunday} 07:00")
    market.seed(an_order(EffectiveDate=yesterday), a_proposal("p1", "m1", "900"))
    report = office.select_here()
    assert (report.outcome, report.lateness_minutes) == ("completed", 0)
    (run,) = market.runs()
    assert run["Started_At__c"] == instant
    market.wait(3600)
    assert office.select_here().outcome == "already completed"


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati"])
def test_e35_time_zone_of_the_integration_user_changes_nothing(
    market: Market, office: BackOffice, zone: str
) -> None:
    """At 07:00 in Warsaw it is still Monday in Los Angeles."""
    (user,) = market.query("SELECT Id FROM User WHERE Username = '{name}'", name=INTEGRATION)
    market.admin.change("User", user["Id"], TimeZoneSidKey=zone)
    market.seed(
        an_order("o1"),
        an_order("o2", EffectiveDate="2025-03-11"),
        an_order("o3"),
        a_proposal("late", "m1", "800", "2025-03-11 00:30"),
        a_proposal("p1", "m2", "900", "2025-03-10 23:30"),
        a_proposal("p2", "m2", "900", order="o2"),
    )
    assert outcomes(office.select()) == [
        ("o1", "AWARD", "BEST_RANKED"),
        ("o3", "CANCEL", "NO_PROPOSALS"),
    ]
    assert market.fates("o1") == {"late": "Rejected", "p1": "Won"}
    assert market.order("o1")["Manufacturer_Selected_Date__c"] == "2025-03-11T06:00:00.000+0000"
    assert market.order("o2")["Status"] == "AWAITING PROPOSALS"
    assert market.order("o3")["Status"] == "CANCELLED NO PROPOSALS"
    assert market.decision("o1")["Business_Date__c"] == "2025-03-11"


def until_started(worker: subprocess.Popen[str]) -> None:
    """Wait until the worker listens to signals: it says so in its first line."""
    assert worker.stdout is not None
    for line in worker.stdout:
        if "worker started" in line:
            return
    raise AssertionError("the worker ended before it started")


@pytest.mark.usefixtures("tender")
def test_e31_of_two_workers_at_seven_one_runs_the_morning_and_both_end_in_peace(
    market: Market, office: BackOffice
) -> None:
    workers = [office.start_worker() for _ in range(2)]
    try:
        for worker in workers:
            until_started(worker)
        market.until(lambda: [run["Status__c"] for run in market.runs()] == ["Completed"])
        market.until(lambda: len(office.effects()) == 2)
    finally:
        for worker in workers:
            worker.terminate()
        ended = [end(worker) for worker in workers]
    assert [each.code for each in ended] == [0, 0], ended[0].err + ended[1].err
    assert market.order()["Status"] == "MANUFACTURER SELECTED"
    assert len(market.runs()) == len(market.decisions()) == 1
    assert office.told() == [("award-designer", "hd", "o1"), ("award-winner", "m1", "o1")]


@pytest.mark.usefixtures("tender")
def test_e33_worker_that_starts_before_seven_runs_when_the_orgs_clock_gets_there(
    market: Market, office: BackOffice
) -> None:
    market.at("2025-03-11 06:59")
    worker = office.start_worker()
    try:
        market.until(lambda: any("composite/batch" in entry["path"] for entry in market.log()))
        assert market.runs() == []
        assert market.order()["Status"] == "AWAITING PROPOSALS"
        market.at("2025-03-11 07:20")
        market.until(lambda: [run["Status__c"] for run in market.runs()] == ["Completed"])
    finally:
        worker.terminate()
        ended = end(worker)
    assert ended.code == 0, ended.err
    (run,) = market.runs()
    assert run["Lateness_Minutes__c"] == 20
    assert market.order()["Status"] == "MANUFACTURER SELECTED"
