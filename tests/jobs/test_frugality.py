"""Repeated jobs give way as API calls become scarce, and come back by themselves."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from config.database import transaction
from jobs.catalogue import PULL_PERIOD, jobs_for
from jobs.commands.worker_jobs import tell_outcome
from jobs.frugality import number_of
from jobs.runtime import Runtime
from jobs.schedule import Every, Job
from jobs.slots import RunStatus
from jobs.worker import Worker
from sandbox.server import LocalOrgServer
from sfsync.call_ledger import CallHour, Posting, lock_allowance, post
from sfsync.degradation import SPARING
from tests.acceptance.market import Market
from tests.control import counted_calls
from tests.jobs.builders import WARSAW, runs_of
from tests.jobs.morning import SEVEN, market, runtime

__all__ = ["market", "runtime"]


def job_called(name: str, runtime: Runtime) -> Job:
    return next(job for job in jobs_for(runtime.settings) if job.name == name)


def use_up(runtime: Runtime, calls: int) -> None:
    """Calls that another process of ours made in the last hour; 50,000 are ours."""
    org = runtime.settings.salesforce_url
    with transaction(runtime.engine) as session:
        row = lock_allowance(session, org)
        row.allowance = 100_000
        post(session, org, [Posting(SEVEN - timedelta(hours=1), "pull", calls=calls)])


def pulls(market: Market, runtime: Runtime, slots: int) -> list[RunStatus | None]:
    """What the pull of each slot came to."""
    worker, found = Worker(runtime), []
    worker.tick(job_called("select", runtime))
    for number in range(slots):
        market.at(f"{(SEVEN + number * PULL_PERIOD).astimezone(WARSAW):%Y-%m-%d %H:%M}")
        found.append(worker.tick(job_called("pull", runtime)))
    return found


def test_pull_runs_every_slot_while_there_are_calls(market: Market, runtime: Runtime) -> None:
    assert pulls(market, runtime, 4) == [RunStatus.DONE] * 4


def test_pull_runs_every_fourth_slot_when_calls_become_scarce(
    market: Market, runtime: Runtime
) -> None:
    use_up(runtime, 31_000)

    found = pulls(market, runtime, 8)
    assert [status for status in found if status is not RunStatus.SKIPPED] == [RunStatus.DONE] * 2
    assert len(found) == 2 * SPARING["pull"]
    skipped = next(run for run in runs_of(runtime.engine, "pull") if run.status == "skipped")
    assert tell_outcome(skipped) == (
        "In step 'sparing' of the API budget pull and push run every fourth time."
    )
    assert skipped.retry_at is None


def test_pull_without_calls_is_skipped_and_no_failure(
    market: Market, runtime: Runtime, org: LocalOrgServer
) -> None:
    use_up(runtime, 45_000)
    before = counted_calls(org)

    found = pulls(market, runtime, 8)
    assert set(found) == {RunStatus.SKIPPED}
    made_by_selection = counted_calls(org) - before
    assert made_by_selection > 0
    assert market.order()["Status"] == "MANUFACTURER SELECTED"
    refused = [run for run in runs_of(runtime.engine, "pull") if "No API call" in tell_outcome(run)]
    assert refused
    assert "in step 'selection only'" in tell_outcome(refused[0])


def test_pull_comes_back_by_itself(market: Market, runtime: Runtime) -> None:
    use_up(runtime, 45_000)
    worker, pull = Worker(runtime), job_called("pull", runtime)
    worker.tick(job_called("select", runtime))
    assert worker.tick(pull) is RunStatus.SKIPPED

    market.at("2025-03-12 08:20")  # the calls of 06:00 have left the rolling day
    worker.tick(job_called("select", runtime))
    assert worker.tick(pull) is RunStatus.DONE


def test_selection_without_calls_fails_and_is_tried_again_the_same_day(
    market: Market, runtime: Runtime
) -> None:
    use_up(runtime, 50_000)
    worker, morning = Worker(runtime), job_called("select", runtime)

    assert worker.tick(morning) is RunStatus.FAILED
    (run,) = runs_of(runtime.engine)
    assert (run.last_error or "").startswith("No API call is left for selection: our calls are")
    assert run.retry_at is not None
    assert market.order()["Status"] == "AWAITING PROPOSALS"


def test_worker_gives_back_what_a_job_did_not_use(
    market: Market, runtime: Runtime, org: LocalOrgServer
) -> None:
    before = counted_calls(org)
    worker = Worker(runtime)
    for job in worker.jobs:
        worker.tick(job)

    made = counted_calls(org) - before
    with transaction(runtime.engine) as session:
        booked = session.execute(select(func.sum(CallHour.calls), func.sum(CallHour.unsent))).one()
    assert tuple(booked) == (made, 0)


def test_slots_are_numbered_alike_in_every_process() -> None:
    slots = [Every(PULL_PERIOD).due_slot(SEVEN + n * PULL_PERIOD) for n in range(8)]
    numbers = [number_of(slot) for slot in slots]

    assert [number - numbers[0] for number in numbers] == list(range(8))


def test_command_gives_back_what_it_did_not_use(market: Market, runtime: Runtime) -> None:
    runtime.budget.enter("pull")
    runtime.budget.leave(None)
    runtime.budget.enter("pull")
    runtime.close()

    with transaction(runtime.engine) as session:
        rows = [(row.calls, row.unsent) for row in session.scalars(select(CallHour))]
    assert rows == [(2, 1)]  # a block of one and a block of two, the second call still under way
