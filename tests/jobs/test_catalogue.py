"""The real jobs, one call each, against the local org."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest
from sqlalchemy import update

from config.database import transaction
from config.settings import Settings
from jobs.catalogue import (
    StillRunning,
    jobs_for,
    run_formulas,
    run_pull,
    run_push,
    run_reconcile,
    run_selection,
)
from jobs.runtime import Runtime
from jobs.schedule import Job, Stopped, Turn
from jobs.slots import RunStatus
from jobs.worker import Worker
from sfsync.client import usage
from sfsync.errors import SalesforceRetryable
from sfsync.outbox import enqueue
from sfsync.replica import TABLES
from tests.acceptance.builders import a_proposal, an_order
from tests.acceptance.market import Market
from tests.jobs.builders import MORNING, WARSAW, local, runs_of
from tests.jobs.morning import SEVEN, market, runtime

__all__ = ["market", "runtime"]


def turn_at(text: str) -> Turn:
    slot = MORNING.due_slot(local(text))
    assert slot is not None
    return Turn(slot)


def job_called(name: str, runtime: Runtime) -> Job:
    return next(job for job in jobs_for(runtime.settings) if job.name == name)


def test_selection_answers_with_counts_and_no_records(market: Market, runtime: Runtime) -> None:
    market.at("2025-03-11 07:20")
    result = run_selection(runtime, turn_at("2025-03-11 07:20"))

    assert result.pop("api_calls") > 0
    assert result == {
        "outcome": "completed",
        "run": "run:Europe/Warsaw:2025-03-11",
        "business_date": "2025-03-11",
        "lateness_minutes": 20,
        "catch_up": False,
        "orders": 1,
        "counts": {"AWARD": 1},
        "manual": 0,
    }


def test_selection_that_passes_midnight_stays_that_mornings(
    market: Market, runtime: Runtime
) -> None:
    market.seed(an_order("o2", EffectiveDate="2025-03-11"))
    market.seed(a_proposal("p2", "m1", "500", order="o2"))
    market.at("2025-03-12 00:00")
    run_selection(runtime, turn_at("2025-03-11 23:59"))

    (run,) = market.runs()
    assert run["External_Id__c"] == "run:Europe/Warsaw:2025-03-11"
    assert market.order("o1")["Status"] == "MANUFACTURER SELECTED"
    assert market.order("o2")["Status"] == "AWAITING PROPOSALS"


def test_selection_that_another_worker_is_at_is_asked_for_again_and_then_found_done(
    market: Market, runtime: Runtime
) -> None:
    values = {
        "External_Id__c": "run:Europe/Warsaw:2025-03-11",
        "Status__c": "Running",
        "Worker__c": "somebody else",
        "Fence__c": 1,
        "Heartbeat_At__c": SEVEN.isoformat(),
    }
    created = market.admin.call("POST", "sobjects/Selection_Run__c", json=values).json()
    worker = Worker(runtime)
    select = job_called("select", runtime)

    with pytest.raises(StillRunning):
        run_selection(runtime, turn_at("2025-03-11 07:00"))
    assert worker.tick(select) is RunStatus.FAILED
    assert market.order()["Status"] == "AWAITING PROPOSALS"
    market.admin.change("Selection_Run__c", created["id"], Status__c="Completed")
    assert worker.tick(select) is RunStatus.DONE
    (run,) = runs_of(runtime.engine)
    assert run.result is not None
    assert (run.result["outcome"], run.attempts) == ("already completed", 2)


def test_selection_that_could_not_read_every_order_fails_and_is_tried_again(
    market: Market, runtime: Runtime
) -> None:
    market.seed(an_order("o2"))
    market.seed(*(a_proposal(f"x{n}", "m1", "900", order="o2") for n in range(2001)))
    market.fault(action="status", status=500, path="/01g")
    worker = Worker(runtime)
    select = job_called("select", runtime)

    assert worker.tick(select) is RunStatus.FAILED
    (run,) = runs_of(runtime.engine)
    assert (run.last_error or "").startswith("The proposals of 1 due orders were not read")
    market.control("DELETE", "faults")
    assert run.retry_at is not None
    result = run_selection(runtime, turn_at("2025-03-11 07:00"))
    assert (result["outcome"], result["counts"]) == ("completed", {"AWARD": 1})
    assert market.order("o2")["Status"] == "MANUFACTURER SELECTED"


def test_pull_and_push_answer_with_counts(market: Market, runtime: Runtime) -> None:
    values = {
        "Name": "Borealis Labs",
        "RecordType": {"DeveloperName": "Hardware_Designer"},
    }
    with runtime.transaction() as session:
        enqueue(session, "Account", "HD-9", values, "test")

    pushed = run_push(runtime, turn_at("2025-03-11 07:00"))
    assert (pushed["sent"], pushed["created"], pushed["rejected"]) == (1, 1, 0)
    assert "problems" not in pushed
    pulled = run_pull(runtime, turn_at("2025-03-11 07:00"))
    assert {name: tally["inserted"] for name, tally in pulled["objects"].items()} == {
        "Account": 3,
        "Order": 1,
        "Order_Proposal__c": 1,
    }
    assert pulled["api_calls"] == 1


def test_the_nightly_sweep_answers_with_counts(market: Market, runtime: Runtime) -> None:
    run_pull(runtime, turn_at("2025-03-11 07:00"))
    market.at("2025-03-12 00:10")

    assert run_formulas(runtime, turn_at("2025-03-12 07:00")) == {
        "objects": {
            "Order": {"read": 1, "changed": 1},
            "Order_Proposal__c": {"read": 1, "changed": 0},
        }
    }


def test_a_sweep_that_is_stopped_between_pages_begins_anew(runtime: Runtime) -> None:
    def stop() -> None:
        raise Stopped("told to end")

    run_pull(runtime, turn_at("2025-03-11 07:00"))
    with pytest.raises(Stopped):
        run_formulas(runtime, Turn(turn_at("2025-03-11 07:00").slot, stop))
    assert run_formulas(runtime, turn_at("2025-03-11 07:00"))["objects"]["Order"]["read"] == 1


def test_pull_that_is_stopped_between_pages_is_continued(runtime: Runtime) -> None:
    def stop() -> None:
        raise Stopped("told to end")

    with pytest.raises(Stopped):
        run_pull(runtime, Turn(turn_at("2025-03-11 07:00").slot, stop))
    pulled = run_pull(runtime, turn_at("2025-03-11 07:00"))

    # The page that was stored before the stop is not read again.
    assert [tally["read"] for tally in pulled["objects"].values()] == [0, 1, 1]


def test_each_job_of_a_worker_logs_in_for_itself(market: Market, runtime: Runtime) -> None:
    worker = Worker(runtime)
    for job in reversed(worker.jobs):
        assert worker.tick(job) in (RunStatus.DONE, None)
    for job in worker.jobs:
        worker.tick(job)

    connections = [each.connect() for each in worker._runner._runtimes.values()]
    assert len({id(sf.session) for sf in connections}) == 4
    assert SEVEN.astimezone(WARSAW).hour == 7


def test_reconciling_heals_and_warns_with_figures(
    market: Market, runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    turn = turn_at("2025-03-11 08:00")
    market.at("2025-03-11 08:00")
    run_pull(runtime, turn)
    clean = run_reconcile(runtime, turn)
    warned_at_first = list(caplog.records)
    with transaction(runtime.engine) as session:
        session.execute(update(TABLES["Order"]).values(name="by hand"))

    found = run_reconcile(runtime, turn)

    assert clean["drifted"] == 0
    assert [each for each in warned_at_first if each.levelname == "WARNING"] == []
    assert found["drifted"] == 1
    assert found["objects"]["Order"]["kinds"] == {"cell": 1}
    (warning,) = [each for each in caplog.records if each.levelname == "WARNING"]
    assert (warning.__dict__["rows"], warning.__dict__["kinds"]) == (1, {"Order": {"cell": 1}})


def test_reconciling_stops_between_its_steps(market: Market, runtime: Runtime) -> None:
    def stop() -> None:
        raise Stopped

    run_pull(runtime, turn_at("2025-03-11 08:00"))
    with pytest.raises(Stopped):
        run_reconcile(runtime, replace(turn_at("2025-03-11 08:00"), pause=stop))


def test_reconciling_waits_for_the_first_pull_instead_of_reading_everything_beside_it(
    market: Market, runtime: Runtime
) -> None:
    with pytest.raises(SalesforceRetryable, match="Account, Order, Order_Proposal__c is not"):
        run_reconcile(runtime, turn_at("2025-03-11 08:00"))

    assert usage(runtime.connect()).calls == 0


def test_reconciling_comes_an_hour_after_the_selection() -> None:
    settings = Settings(selection_time=time(23, 30), business_timezone=WARSAW)

    (job,) = [each for each in jobs_for(settings) if each.name == "reconcile"]

    assert job.timetable.words == "daily at 00:30 Europe/Warsaw"
    assert job.gives_way
