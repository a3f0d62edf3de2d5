"""Jobs with a memory, times of the business zone, and runtimes without an org."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from config.clock import Clock, FrozenClock
from config.database import transaction
from config.settings import Settings
from jobs.claims import Claims
from jobs.runtime import Runtime
from jobs.schedule import Daily, Every, Job, Turn
from jobs.slots import JobRun, read_runs

WARSAW = ZoneInfo("Europe/Warsaw")
MORNING = Daily(time(7), WARSAW)
#: Leases and pauses in tests start here; it has nothing to do with business time.
MACHINE_START = datetime(2030, 1, 1, tzinfo=UTC)


def local(text: str) -> datetime:
    """A wall-clock time of the business zone as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW).astimezone(UTC)


@dataclass
class Work:
    """What a job does: remembers each turn, and fails or waits when told to."""

    turns: list[Turn] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)  #: raised first to last, then none
    result: dict[str, Any] = field(default_factory=lambda: {"api_calls": 1})
    during: Callable[[Turn], None] = lambda _turn: None

    def __call__(self, _runtime: Runtime, turn: Turn) -> dict[str, Any]:
        self.turns.append(turn)
        self.during(turn)
        if self.errors:
            raise self.errors.pop(0)
        return self.result

    @property
    def slots(self) -> list[datetime]:
        return [turn.slot.at for turn in self.turns]


class Gate:
    """Holds a job at work until the test opens it."""

    def __init__(self) -> None:
        self.is_reached, self._is_open = threading.Event(), threading.Event()

    def __call__(self, _turn: Turn) -> None:
        self.is_reached.set()
        assert self._is_open.wait(60), "the test never opened the gate"

    def open(self) -> None:
        self._is_open.set()


def a_daily_job(work: Work | None = None, name: str = "select", **values: Any) -> Job:
    return Job(name, MORNING, work or Work(), **values)


def a_repeated_job(work: Work | None = None, name: str = "pull", **values: Any) -> Job:
    facts: dict[str, Any] = {"gives_way": True, "kept": timedelta(days=1)}
    return Job(name, Every(timedelta(minutes=5)), work or Work(), **facts | values)


def a_runtime(engine: Engine, clock: Clock, url: str = "https://acme.my.salesforce.com") -> Runtime:
    """A runtime whose org is never asked; the time of a real org is not expected to jump."""
    settings = Settings(environment="test", salesforce_url=url, salesforce_access_token="given")
    return Runtime(settings, engine, clock)


def some_claims(engine: Engine, machine: FrozenClock, worker: str = "w1") -> Claims:
    return Claims(engine, machine, worker, timedelta(seconds=60))


def runs_of(engine: Engine, job: str = "select") -> list[JobRun]:
    """Every slot of a job, oldest first."""
    with transaction(engine) as session:
        return list(read_runs(session, job, 1000))[::-1]


def statuses(engine: Engine, job: str = "select") -> list[tuple[str, str]]:
    """Slot in business time and status of each run, oldest first."""
    return [
        (f"{run.slot_at.astimezone(WARSAW):%Y-%m-%d %H:%M}", run.status)
        for run in runs_of(engine, job)
    ]
