"""A slot happens once: the same promises on SQLite and on PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine

from config.clock import FrozenClock
from jobs.claims import Claim
from jobs.schedule import Slot
from tests.jobs.builders import (
    MACHINE_START,
    MORNING,
    a_daily_job,
    a_repeated_job,
    local,
    runs_of,
    some_claims,
    statuses,
)

SEVEN = local("2025-03-11 07:00")
JOB = a_daily_job()
NO_PAUSE = timedelta(0)


def slot_of(text: str) -> Slot:
    slot = MORNING.due_slot(local(text))
    assert slot is not None
    return slot


SLOT = slot_of("2025-03-11 07:00")


def take(engine: Engine, machine: FrozenClock, worker: str = "w1", **options: bool) -> Claim | None:
    return some_claims(engine, machine, worker).take(JOB, SLOT, SEVEN, **options)


def test_of_many_threads_one_gets_the_slot(engine: Engine, machine: FrozenClock) -> None:
    barrier = Barrier(12)

    def race(number: int) -> Claim | None:
        barrier.wait()
        return take(engine, machine, f"w{number}")

    with ThreadPoolExecutor(12) as pool:
        claims = [claim for claim in pool.map(race, range(12)) if claim]

    (claim,) = claims
    (run,) = runs_of(engine)
    assert (claim.fence, claim.attempts, run.attempts, run.status) == (1, 1, 1, "running")


def test_of_many_threads_one_resumes_an_orphan(engine: Engine, machine: FrozenClock) -> None:
    take(engine, machine, "dead")
    machine.advance(61)
    barrier = Barrier(12)

    def race(number: int) -> Claim | None:
        barrier.wait()
        return take(engine, machine, f"w{number}")

    with ThreadPoolExecutor(12) as pool:
        claims = [claim for claim in pool.map(race, range(12)) if claim]

    (claim,) = claims
    assert (claim.fence, claim.attempts) == (2, 2)


def test_slot_that_is_done_is_never_handed_out_again(engine: Engine, machine: FrozenClock) -> None:
    claims = some_claims(engine, machine)
    claim = take(engine, machine)
    assert claim is not None
    assert claims.finish(claim, SEVEN + timedelta(seconds=9), {"orders": 3})

    machine.advance(1_000_000)
    assert take(engine, machine, "w2") is None
    assert take(engine, machine, "w2", is_urgent=True) is None
    (run,) = runs_of(engine)
    assert (run.status, run.result, run.last_error) == ("done", {"orders": 3}, None)
    assert run.finished_at == SEVEN + timedelta(seconds=9)


def test_failed_slot_rests_and_then_is_handed_out_again(
    engine: Engine, machine: FrozenClock
) -> None:
    claim = take(engine, machine)
    assert claim is not None
    some_claims(engine, machine).fail(claim, SEVEN, "the org is down", timedelta(seconds=30))

    assert take(engine, machine, "w2") is None
    (run,) = runs_of(engine)
    assert (run.status, run.last_error, run.attempts) == ("failed", "the org is down", 1)
    machine.advance(30)
    again = take(engine, machine, "w2")
    assert again is not None
    assert (again.fence, again.attempts) == (2, 2)


def test_person_in_a_hurry_does_not_wait_for_the_rest(engine: Engine, machine: FrozenClock) -> None:
    claim = take(engine, machine)
    assert claim is not None
    some_claims(engine, machine).fail(claim, SEVEN, "refused", timedelta(hours=1))

    assert take(engine, machine, is_urgent=True) is not None


def test_person_in_a_hurry_does_not_disturb_a_run_at_work(
    engine: Engine, machine: FrozenClock
) -> None:
    take(engine, machine)

    assert take(engine, machine, "w2", is_urgent=True) is None


def test_renewed_lease_is_not_taken_over(engine: Engine, machine: FrozenClock) -> None:
    claim = take(engine, machine)
    assert claim is not None
    for _ in range(5):
        machine.advance(40)
        assert some_claims(engine, machine).renew(claim)
        assert take(engine, machine, "w2") is None


def test_worker_that_lost_its_lease_can_report_nothing(
    engine: Engine, machine: FrozenClock
) -> None:
    claims = some_claims(engine, machine)
    late = take(engine, machine)
    assert late is not None
    machine.advance(61)
    new = take(engine, machine, "w2")
    assert new is not None

    assert not claims.renew(late)
    assert not claims.finish(late, SEVEN, {"orders": 1})
    assert not claims.fail(late, SEVEN, "too late", NO_PAUSE)
    assert not claims.let_go(late)
    (run,) = runs_of(engine)
    assert (run.status, run.worker, run.result, run.last_error) == ("running", "w2", None, None)
    assert run.leased_until == MACHINE_START + timedelta(seconds=121)
    assert claims.finish(new, SEVEN, {"orders": 2})


def test_run_that_was_let_go_is_resumed_at_once(engine: Engine, machine: FrozenClock) -> None:
    claim = take(engine, machine)
    assert claim is not None

    assert some_claims(engine, machine).let_go(claim)
    assert take(engine, machine, "w2") is not None


def test_mornings_without_a_worker_are_shown_and_not_run(
    engine: Engine, machine: FrozenClock
) -> None:
    claims = some_claims(engine, machine)
    first = claims.take(JOB, slot_of("2025-03-08 07:00"), local("2025-03-08 07:00"))
    assert first is not None
    claims.finish(first, local("2025-03-08 07:01"), {})

    assert take(engine, machine) is not None
    assert statuses(engine) == [
        ("2025-03-08 07:00", "done"),
        ("2025-03-09 07:00", "skipped"),
        ("2025-03-10 07:00", "skipped"),
        ("2025-03-11 07:00", "running"),
    ]
    skipped = runs_of(engine)[1]
    assert (skipped.attempts, skipped.started_at, skipped.lateness_minutes) == (0, None, None)


def test_yesterday_that_failed_to_its_end_is_given_up_with_its_error(
    engine: Engine, machine: FrozenClock
) -> None:
    claims = some_claims(engine, machine)
    yesterday = claims.take(JOB, slot_of("2025-03-10 07:00"), local("2025-03-10 07:00"))
    assert yesterday is not None
    claims.fail(yesterday, local("2025-03-10 07:01"), "a field is gone", NO_PAUSE)

    take(engine, machine)
    given_up = runs_of(engine)[0]
    assert (given_up.status, given_up.last_error) == ("given up", "a field is gone")


def test_orphan_of_yesterday_is_given_up(engine: Engine, machine: FrozenClock) -> None:
    claims = some_claims(engine, machine)
    claims.take(JOB, slot_of("2025-03-10 07:00"), local("2025-03-10 07:00"))
    machine.advance(61)

    take(engine, machine)
    assert statuses(engine) == [("2025-03-10 07:00", "given up"), ("2025-03-11 07:00", "running")]


def test_two_slots_of_one_job_are_never_at_work_together(
    engine: Engine, machine: FrozenClock
) -> None:
    claims, job = some_claims(engine, machine), a_repeated_job()
    now, later = local("2025-03-11 07:00"), local("2025-03-11 07:05")
    first = claims.take(job, job.timetable.due_slot(now), now)
    assert first is not None

    assert claims.take(job, job.timetable.due_slot(later), later) is None
    assert len(runs_of(engine, "pull")) == 1
    claims.finish(first, later, {})
    assert claims.take(job, job.timetable.due_slot(later), later) is not None


def test_jobs_do_not_stand_in_each_others_way(engine: Engine, machine: FrozenClock) -> None:
    pull = a_repeated_job()
    take(engine, machine)

    assert some_claims(engine, machine).take(pull, pull.timetable.due_slot(SEVEN), SEVEN)


def test_runs_of_a_repeated_job_are_forgotten_after_a_day(
    engine: Engine, machine: FrozenClock
) -> None:
    claims, job = some_claims(engine, machine), a_repeated_job()
    for text in ("2025-03-10 06:55", "2025-03-10 07:00", "2025-03-11 07:00"):
        now = local(text)
        claim = claims.take(job, job.timetable.due_slot(now), now)
        assert claim is not None
        claims.finish(claim, now, {})

    assert [slot for slot, _ in statuses(engine, "pull")] == [
        "2025-03-10 07:00",
        "2025-03-11 07:00",
    ]


@pytest.mark.parametrize(
    ("fate", "is_wanted"),
    [("new", True), ("running", True), ("resting", False), ("rested", True), ("done", False)],
)
def test_slot_is_wanted_while_it_is_due_or_at_work(
    engine: Engine, machine: FrozenClock, fate: str, is_wanted: bool
) -> None:
    claims = some_claims(engine, machine)
    claim = take(engine, machine) if fate != "new" else None
    if claim and fate == "done":
        claims.finish(claim, SEVEN, {})
    elif claim and fate in ("resting", "rested"):
        claims.fail(claim, SEVEN, "no", timedelta(seconds=60))
    if fate == "rested":
        machine.advance(60)

    assert claims.is_wanted(JOB, SLOT) is is_wanted


def test_slots_of_a_future_that_was_taken_back_are_forgotten_except_those_at_work(
    engine: Engine, machine: FrozenClock
) -> None:
    claims = some_claims(engine, machine)
    for text in ("2025-03-10 07:00", "2025-03-11 07:00", "2025-03-12 07:00"):
        claim = claims.take(JOB, slot_of(text), local(text))
        assert claim is not None
        if not text.startswith("2025-03-12"):
            claims.finish(claim, local(text), {})

    assert claims.forget_after(local("2025-03-11 06:00")) == 1
    assert statuses(engine) == [("2025-03-10 07:00", "done"), ("2025-03-12 07:00", "running")]
