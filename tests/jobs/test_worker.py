"""A worker's ticks: what runs when time goes on, jumps, or does not answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from config.clock import ClockUnavailable, FrozenClock
from jobs.schedule import Every, Job
from jobs.slots import RunStatus
from jobs.worker import Worker
from sfsync.errors import SalesforceUnavailable
from tests.jobs.builders import (
    Gate,
    Work,
    a_daily_job,
    a_repeated_job,
    a_runtime,
    local,
    runs_of,
    statuses,
)
from tests.jobs.processes import until

LOCAL_ORG = "http://127.0.0.1:8080"


class BrokenClock(FrozenClock):
    """A clock that may be out of reach."""

    is_broken = True

    def now(self) -> datetime:
        if self.is_broken:
            raise ClockUnavailable("The local org does not tell the time.")
        return super().now()


def a_worker(engine: Engine, clock: FrozenClock, *jobs: Job, **options: str) -> Worker:
    return Worker(a_runtime(engine, clock, **options), jobs)


def set_to(clock: FrozenClock, text: str) -> None:
    clock.advance((local(text) - clock.now()).total_seconds())


def tick_through(
    workers: Iterable[Worker], clock: FrozenClock, until: str, step_s: float = 60
) -> None:
    """Let every worker tick for its first job, again and again."""
    while clock.now() < local(until):
        for worker in workers:
            worker.tick(worker.jobs[0])
        clock.advance(step_s)


@pytest.mark.parametrize("day", ["2025-03-11", "2025-03-30", "2025-10-26"])
def test_e34_over_a_whole_day_of_ticks_two_workers_select_once_at_seven(
    sqlite: Engine, day: str
) -> None:
    clock, work = FrozenClock(local(f"{day} 00:00")), Work()
    workers = [a_worker(sqlite, clock, a_daily_job(work)) for _ in range(2)]
    tick_through(workers, clock, f"{day} 23:59", step_s=900)

    assert work.slots == [local(f"{day} 07:00")]
    (run,) = runs_of(sqlite)
    assert (run.status, run.started_at) == ("done", local(f"{day} 07:00"))


def test_e32_tick_at_nine_does_nothing(engine: Engine) -> None:
    clock, work = FrozenClock(local("2025-03-11 07:00")), Work()
    worker = a_worker(engine, clock, a_daily_job(work))

    assert worker.tick(worker.jobs[0]) is RunStatus.DONE
    set_to(clock, "2025-03-11 09:00")
    assert worker.tick(worker.jobs[0]) is None
    assert len(work.turns) == len(runs_of(engine)) == 1


def test_e33_first_tick_at_twenty_past_seven_runs_and_records_the_lateness(engine: Engine) -> None:
    clock, work = FrozenClock(local("2025-03-11 06:50")), Work()
    worker = a_worker(engine, clock, a_daily_job(work))
    assert worker.tick(worker.jobs[0]) is None
    set_to(clock, "2025-03-11 07:20")

    assert worker.tick(worker.jobs[0]) is RunStatus.DONE
    (run,) = runs_of(engine)
    assert run.lateness_minutes == 20
    assert work.slots == [local("2025-03-11 07:00")]


def test_e40_org_that_is_down_from_before_seven_to_ten_is_selected_at_ten_past(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FrozenClock(local("2025-03-11 06:50"))

    def fail_until_ten(_turn: object) -> None:
        if clock.now() <= local("2025-03-11 10:00"):
            raise SalesforceUnavailable("The org does not answer.")

    work = Work(during=fail_until_ten)
    worker = a_worker(engine, clock, a_daily_job(work))
    tick_through([worker], clock, "2025-03-11 12:00", step_s=600)

    (run,) = runs_of(engine)
    assert (run.status, run.started_at) == ("done", local("2025-03-11 10:10"))
    assert (run.lateness_minutes, run.attempts) == (190, 20)
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == ["something is down; every tick tries again", "all clear: it is up again"]


def test_mornings_missed_are_shown_and_only_todays_runs(sqlite: Engine) -> None:
    clock, work = FrozenClock(local("2025-03-08 07:00")), Work()
    worker = a_worker(sqlite, clock, a_daily_job(work))
    worker.tick(worker.jobs[0])
    set_to(clock, "2025-03-11 06:30")
    worker.tick(worker.jobs[0])
    assert len(work.turns) == 1
    set_to(clock, "2025-03-11 13:05")
    worker.tick(worker.jobs[0])

    assert work.slots == [local("2025-03-08 07:00"), local("2025-03-11 07:00")]
    assert statuses(sqlite) == [
        ("2025-03-08 07:00", "done"),
        ("2025-03-09 07:00", "skipped"),
        ("2025-03-10 07:00", "skipped"),
        ("2025-03-11 07:00", "done"),
    ]
    assert runs_of(sqlite)[-1].lateness_minutes == 365


def test_morning_that_fails_until_midnight_is_not_made_up_for_at_night(sqlite: Engine) -> None:
    clock = FrozenClock(local("2025-03-11 23:58"))
    work = Work(errors=[SalesforceUnavailable("down")] * 2)
    worker = a_worker(sqlite, clock, a_daily_job(work))
    tick_through([worker], clock, "2025-03-12 07:01")

    assert work.slots == [local("2025-03-11 07:00")] * 2 + [local("2025-03-12 07:00")]
    assert statuses(sqlite) == [("2025-03-11 07:00", "given up"), ("2025-03-12 07:00", "done")]


def test_pull_waits_while_a_selection_is_due_or_at_work(sqlite: Engine) -> None:
    gate, pulled = Gate(), Work()
    select, pull = a_daily_job(Work(during=gate)), a_repeated_job(pulled)
    clock = FrozenClock(local("2025-03-11 06:59"))
    worker = a_worker(sqlite, clock, select, pull)
    assert worker.tick(pull) is RunStatus.DONE
    set_to(clock, "2025-03-11 07:00")

    assert worker.tick(pull) is None
    selecting = threading.Thread(target=worker.tick, args=[select])
    selecting.start()
    assert gate.is_reached.wait(60)
    assert worker.tick(pull) is None
    gate.open()
    selecting.join(60)
    assert worker.tick(pull) is RunStatus.DONE
    assert pulled.slots == [local("2025-03-11 06:55"), local("2025-03-11 07:00")]


def test_long_pull_does_not_hold_up_the_selection(sqlite: Engine) -> None:
    gate, selected = Gate(), Work()
    select, pull = a_daily_job(selected), a_repeated_job(Work(during=gate))
    clock = FrozenClock(local("2025-03-11 06:59"))
    worker = a_worker(sqlite, clock, select, pull)
    pulling = threading.Thread(target=worker.tick, args=[pull])
    pulling.start()
    assert gate.is_reached.wait(60)
    set_to(clock, "2025-03-11 07:00")

    assert worker.tick(select) is RunStatus.DONE
    gate.open()
    pulling.join(60)
    assert [status for _, status in statuses(sqlite, "pull")] == ["done"]


def test_pull_goes_on_while_a_failed_selection_rests(sqlite: Engine) -> None:
    select, pull = a_daily_job(Work(errors=[ValueError("a bug")])), a_repeated_job()
    worker = a_worker(sqlite, FrozenClock(local("2025-03-11 07:00")), select, pull)

    assert worker.tick(select) is RunStatus.FAILED
    assert worker.tick(pull) is RunStatus.DONE


def test_clock_out_of_reach_is_told_once_and_the_slot_waits(
    sqlite: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    clock, work = BrokenClock(local("2025-03-11 07:00")), Work()
    worker = a_worker(sqlite, clock, a_daily_job(work))
    assert [worker.tick(worker.jobs[0]) for _ in range(5)] == [None] * 5
    assert (work.turns, runs_of(sqlite)) == ([], [])

    clock.is_broken = False
    assert worker.tick(worker.jobs[0]) is RunStatus.DONE
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == ["something is down; every tick tries again", "all clear: it is up again"]


def test_database_out_of_reach_is_told_once_and_the_worker_lives_on(
    sqlite: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work()
    worker = a_worker(sqlite, FrozenClock(local("2025-03-11 07:00")), a_daily_job(work))
    with sqlite.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE job_run RENAME TO elsewhere")
    assert [worker.tick(worker.jobs[0]) for _ in range(3)] == [None] * 3
    assert work.turns == []
    with sqlite.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO job_run")

    assert worker.tick(worker.jobs[0]) is RunStatus.DONE
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [vars(record).get("down", vars(record).get("up")) for record in told] == ["database"] * 2


def test_morning_comes_again_when_a_local_orgs_clock_is_set_back(sqlite: Engine) -> None:
    clock, work = FrozenClock(local("2025-03-12 07:00")), Work()
    worker = a_worker(sqlite, clock, a_daily_job(work), url=LOCAL_ORG)
    worker.tick(worker.jobs[0])
    set_to(clock, "2025-03-11 06:00")
    worker.tick(worker.jobs[0])
    assert runs_of(sqlite) == []
    set_to(clock, "2025-03-12 07:00")
    worker.tick(worker.jobs[0])

    assert work.slots == [local("2025-03-12 07:00")] * 2


def test_slots_are_never_forgotten_for_a_real_org(sqlite: Engine) -> None:
    clock, work = FrozenClock(local("2025-03-12 07:00")), Work()
    worker = a_worker(sqlite, clock, a_daily_job(work))
    worker.tick(worker.jobs[0])
    set_to(clock, "2025-03-11 06:00")
    worker.tick(worker.jobs[0])

    assert statuses(sqlite) == [("2025-03-12 07:00", "done")]


def test_started_worker_ticks_at_once_and_begins_nothing_after_its_end(sqlite: Engine) -> None:
    is_done, work = threading.Event(), Work(during=lambda _turn: is_done.set())
    clock = FrozenClock(local("2025-03-11 07:00"))
    worker = a_worker(sqlite, clock, a_daily_job(work))
    worker.start()
    assert is_done.wait(60)

    assert worker.stop()
    set_to(clock, "2025-03-12 07:00")
    assert worker.tick(worker.jobs[0]) is None
    assert statuses(sqlite) == [("2025-03-11 07:00", "done")]


def test_job_that_can_be_interrupted_is_free_for_the_next_worker_after_a_stop(
    sqlite: Engine,
) -> None:
    gate = Gate()

    def work_in_steps(turn: object) -> None:
        gate.is_reached.set()
        while True:
            gate._is_open.wait(0.01)
            work.turns[0].pause()

    work = Work(during=work_in_steps)
    worker = a_worker(sqlite, FrozenClock(local("2025-03-11 07:00")), a_repeated_job(work))
    worker.start()
    assert gate.is_reached.wait(60)

    assert worker.stop(60)
    (run,) = runs_of(sqlite, "pull")
    assert (run.status, run.last_error) == (
        "failed",
        "The worker was told to end; the job continues with the next one.",
    )
    next_work = Work()
    other = a_worker(sqlite, FrozenClock(local("2025-03-11 07:00")), a_repeated_job(next_work))
    assert other.tick(other.jobs[0]) is RunStatus.DONE


def test_job_that_outlasts_the_grace_is_left_to_the_next_worker(sqlite: Engine) -> None:
    gate = Gate()
    worker = a_worker(
        sqlite, FrozenClock(local("2025-03-11 07:00")), a_daily_job(Work(during=gate))
    )
    worker.start()
    assert gate.is_reached.wait(60)

    assert not worker.stop(0.1)
    heir_work = Work()
    heir = a_worker(sqlite, FrozenClock(local("2025-03-11 07:01")), a_daily_job(heir_work))
    assert heir.tick(heir.jobs[0]) is RunStatus.DONE
    gate.open()
    until(lambda: not worker._ticks_at_work)
    (run,) = runs_of(sqlite)
    assert (run.status, run.worker, run.attempts) == ("done", heir.name, 2)


def test_no_tick_is_dropped_while_another_is_at_work(sqlite: Engine) -> None:
    """APScheduler joins ticks that pile up; none of them is lost for being late."""
    worker = a_worker(sqlite, FrozenClock(local("2025-03-11 07:00")), a_daily_job())
    worker._scheduler.start(paused=True)
    jobs = worker._scheduler.get_jobs()
    worker._scheduler.shutdown(wait=False)

    assert {(job.coalesce, job.max_instances, job.misfire_grace_time) for job in jobs} == {
        (True, 1, None)
    }
    # The job's two ticks, and the one that looks for what Salesforce told.
    triggers = sorted(type(job.trigger).__name__ for job in jobs)
    assert triggers == ["CronTrigger", "IntervalTrigger", "IntervalTrigger"]


def test_each_job_is_looked_at_as_often_as_it_needs(sqlite: Engine) -> None:
    push = Job("push", Every(timedelta(seconds=30)), Work())
    clock = FrozenClock(local("2025-03-11 07:00"))
    worker = a_worker(sqlite, clock, a_daily_job(), push, a_repeated_job())

    assert [worker._tick_s(job) for job in worker.jobs] == [60, 30, 60]
