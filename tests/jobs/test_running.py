"""One run of a job: what is recorded, what is told, and that no error gets out."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from config.clock import ClockUnavailable, FrozenClock
from jobs.catalogue import StillRunning
from jobs.claims import Claims
from jobs.failures import FIRST_PAUSE, LONGEST_PAUSE, failure_of, tell_error
from jobs.outages import Outages
from jobs.running import Runner
from jobs.schedule import Stopped
from jobs.slots import RunStatus
from sfsync.errors import (
    OutcomeUnknown,
    SalesforceAuthFailed,
    SalesforceRejected,
    SalesforceUnavailable,
)
from sfsync.preflight import PreflightFailed
from tests.jobs.builders import (
    MACHINE_START,
    Work,
    a_daily_job,
    a_runtime,
    local,
    runs_of,
    some_claims,
)
from tests.jobs.processes import until

SEVEN = local("2025-03-11 07:00")
DOWN = SalesforceUnavailable("The org does not answer.", code="SERVER_UNAVAILABLE")


def a_runner(engine: Engine, machine: FrozenClock) -> Runner:
    return Runner(a_runtime(engine, FrozenClock(SEVEN)), some_claims(engine, machine))


def messages(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


def test_success_is_recorded_with_what_the_job_answered(
    engine: Engine, machine: FrozenClock
) -> None:
    work = Work(result={"orders": 14, "counts": {"AWARD": 12}, "api_calls": 7})

    assert a_runner(engine, machine).run_due(a_daily_job(work), SEVEN) is RunStatus.DONE
    (run,) = runs_of(engine)
    assert run.result == {"orders": 14, "counts": {"AWARD": 12}, "api_calls": 7}
    assert (run.status, run.attempts, run.last_error, run.lateness_minutes) == ("done", 1, None, 0)
    assert run.finished_at is not None
    assert SEVEN <= run.finished_at < SEVEN + timedelta(seconds=20)


def test_job_learns_which_slot_it_runs_for(engine: Engine, machine: FrozenClock) -> None:
    work = Work()
    a_runner(engine, machine).run_due(a_daily_job(work), local("2025-03-11 07:20"))

    (turn,) = work.turns
    assert (turn.slot.at, turn.slot.until) == (SEVEN, local("2025-03-12 00:00"))


def test_nothing_is_recorded_before_the_time(engine: Engine, machine: FrozenClock) -> None:
    work = Work()

    assert a_runner(engine, machine).run_due(a_daily_job(work), local("2025-03-11 06:59")) is None
    assert (work.turns, runs_of(engine)) == ([], [])


def test_bug_in_a_job_is_stored_and_told_with_its_traceback_and_goes_no_further(
    engine: Engine, machine: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    job = a_daily_job(Work(errors=[KeyError("Price__c")]))

    assert a_runner(engine, machine).run_due(job, SEVEN) is RunStatus.FAILED
    (run,) = runs_of(engine)
    assert (run.status, run.last_error) == ("failed", "KeyError: 'Price__c'")
    assert run.retry_at == machine.now() + FIRST_PAUSE
    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert (record.getMessage(), record.levelno) == ("job failed", logging.ERROR)
    assert record.exc_info is not None


def test_success_after_failure_clears_the_error(engine: Engine, machine: FrozenClock) -> None:
    runner, job = a_runner(engine, machine), a_daily_job(Work(errors=[KeyError("x")]))
    runner.run_due(job, SEVEN)
    assert runner.run_due(job, SEVEN) is None
    machine.advance(FIRST_PAUSE.total_seconds())

    assert runner.run_due(job, local("2025-03-11 07:02")) is RunStatus.DONE
    (run,) = runs_of(engine)
    assert (run.status, run.attempts, run.last_error, run.retry_at) == ("done", 2, None, None)
    assert run.lateness_minutes == 2


def test_secret_in_an_error_is_not_stored(engine: Engine, machine: FrozenClock) -> None:
    error = ValueError("no answer from postgresql://joe:hunter2@db.example/money")
    a_runner(engine, machine).run_due(a_daily_job(Work(errors=[error])), SEVEN)

    (run,) = runs_of(engine)
    assert "hunter2" not in str(run.last_error)
    assert "db.example" in str(run.last_error)


def test_org_that_is_down_is_tried_on_every_tick_and_told_once(
    engine: Engine, machine: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    runner, job = a_runner(engine, machine), a_daily_job(Work(errors=[DOWN, DOWN, DOWN]))
    seen = [runner.run_due(job, SEVEN) for _ in range(4)]

    assert seen == [RunStatus.FAILED] * 3 + [RunStatus.DONE]
    assert messages(caplog) == [
        "something is down; every tick tries again",
        "all clear: it is up again",
    ]
    (run,) = runs_of(engine)
    assert (run.status, run.attempts, run.last_error) == ("done", 4, None)


def test_run_that_asked_the_org_nothing_proves_nothing_about_it(
    engine: Engine, machine: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    runner = a_runner(engine, machine)
    runner.run_due(a_daily_job(Work(errors=[DOWN])), SEVEN)
    runner.run_due(a_daily_job(Work(result={"sent": 0, "api_calls": 0}), name="push"), SEVEN)

    assert messages(caplog) == ["something is down; every tick tries again"]


@pytest.mark.parametrize(
    ("error", "level", "first_pause"),
    [
        (DOWN, logging.WARNING, timedelta(0)),
        (ClockUnavailable("gone"), logging.WARNING, timedelta(0)),
        (StillRunning("elsewhere"), logging.INFO, timedelta(0)),
        (Stopped("told to end"), logging.INFO, timedelta(0)),
        (OutcomeUnknown("no answer"), logging.WARNING, FIRST_PAUSE),
        (SalesforceRejected("no such field"), logging.ERROR, FIRST_PAUSE),
        (SalesforceAuthFailed("refused"), logging.ERROR, FIRST_PAUSE),
        (PreflightFailed(["Order.Status: no value X"]), logging.ERROR, FIRST_PAUSE),
        (ZeroDivisionError("division by zero"), logging.ERROR, FIRST_PAUSE),
    ],
    ids=lambda value: type(value).__name__,
)
def test_kind_of_error_decides_how_loud_and_how_soon(
    error: Exception, level: int, first_pause: timedelta
) -> None:
    failure = failure_of(error)

    assert (failure.level, failure.pause(1)) == (level, first_pause)
    assert failure.is_bug is isinstance(error, ZeroDivisionError)


def test_pauses_double_up_to_a_quarter_of_an_hour() -> None:
    failure = failure_of(ValueError("x"))
    minutes = [failure.pause(n).total_seconds() / 60 for n in (1, 2, 3, 4, 5, 100_000)]

    assert minutes == [1, 2, 4, 8, 15, 15]
    assert timedelta(minutes=15) == LONGEST_PAUSE


def test_error_without_words_is_named_by_its_type() -> None:
    assert tell_error(SalesforceRejected("")) == "SalesforceRejected"


def test_lease_is_kept_while_a_run_outlasts_it_many_times(sqlite: Engine) -> None:
    """The lease's clock moves only by hand, so a busy machine cannot let it run out."""
    short, machine = timedelta(seconds=0.4), FrozenClock(MACHINE_START)
    mine = Claims(sqlite, machine, "w1", short)
    other = Claims(sqlite, machine, "w2", short)
    taken: list[object] = []

    def watch(turn: object) -> None:
        for _ in range(6):
            machine.advance(0.3)
            until(lambda: runs_of(sqlite)[0].leased_until == machine.now() + short)
            taken.append(other.take(job, job.timetable.due_slot(SEVEN), SEVEN))

    job = a_daily_job(Work(during=watch))
    runner = Runner(a_runtime(sqlite, FrozenClock(SEVEN)), mine)

    assert runner.run_due(job, SEVEN) is RunStatus.DONE
    assert taken == [None] * 6


def test_worker_whose_slot_was_taken_over_says_so_and_records_nothing(
    engine: Engine, machine: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    def lose(turn: object) -> None:
        machine.advance(61)
        assert some_claims(engine, machine, "w2").take(job, job.timetable.due_slot(SEVEN), SEVEN)

    job = a_daily_job(Work(during=lose, result={"orders": 1}))

    assert a_runner(engine, machine).run_due(job, SEVEN) is RunStatus.RUNNING
    (run,) = runs_of(engine)
    assert (run.status, run.worker, run.result) == ("running", "w2", None)
    assert messages(caplog) == ["the lease was lost; the run's new worker reports it"]


def test_outage_is_told_once_however_many_threads_meet_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now_s = [100.0]
    outages = Outages(lambda: now_s[0])
    for _ in range(3):
        outages.begin("org", "no answer")
    now_s[0] += 600
    outages.end("org")
    outages.end("org")

    first, last = (vars(record) for record in caplog.records)
    assert (first["down"], first["why"]) == ("org", "no answer")
    assert (last["up"], last["down_s"]) == ("org", 600)
