"""Processes that share one allowance, die, and live through days, against the local org.

Each process is a thread with an engine, a gate and a connection of its own. The org counts, and its
answer to each call is what the simulation judges by.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, event

from config.clock import FrozenClock
from config.database import create_engine_at
from config.settings import Settings
from sandbox.server import LocalOrgServer
from sfsync.allowance import DAY, HOUR, Level, Shares, hour_of
from sfsync.budget import Budget
from sfsync.client import connect, usage
from sfsync.edge import reading
from sfsync.errors import BudgetExhausted, SalesforceRetryable
from sfsync.usage import purpose
from tests.control import control, counted_calls

START = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
PURPOSES = ("selection", "selection", "pull", "push", "reconcile", "other")
PHASES = 2
STEPS = 7
#: How likely a death is at a step, and at a transaction.
DEATH_AT_STEP, DEATH_AT_COMMIT = 0.06, 0.03


class Killed(BaseException):
    """The process is gone, wherever it was."""


@dataclass
class Process:
    """One process: lives until it is killed, and forgets everything then."""

    world: World
    rng: random.Random

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Starts anew, knowing nothing."""
        world = self.world
        self.engine = create_engine_at(world.database_url)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", hurry)
        clock = world.clock
        self.budget = Budget(
            self.engine,
            clock,
            world.name,
            world.shares,
            monotonic_s=lambda: clock.now().timestamp(),
        )
        settings = Settings(environment="test", salesforce_url=world.org.url)
        self.sf = connect(settings, gate=self.budget, sleep=lambda _: None)

    def live(self, steps: int) -> None:
        """A few steps, with deaths between and inside of transactions."""
        for _ in range(steps):
            try:
                with mortal(self.engine, self.rng):
                    self.step()
            except Killed:
                self.engine.dispose()
                self.world.count_death()
                self.begin()

    def step(self) -> None:
        """A call or several, or the end of a piece of work."""
        act = self.rng.random()
        if act < DEATH_AT_STEP:
            raise Killed
        if act < 0.15:
            self.budget.settle()
            return
        with purpose(self.rng.choice(PURPOSES)), suppress(BudgetExhausted):
            for _ in range(self.rng.choice((1, 1, 2, 5, 12))):
                self.call()

    def call(self) -> None:
        """One call, judged by what the org then says is used."""
        try:
            with reading(self.sf):
                self.sf.restful("limits")
        except SalesforceRetryable as error:
            if isinstance(error, BudgetExhausted) or not self.world.others:
                raise
            return  # others took the very last call, which nobody had heard of yet
        self.world.judge(usage(self.sf).used or 0)

    def use_up(self) -> None:
        """Calls until none is left for anybody."""
        with purpose("selection"), suppress(BudgetExhausted):
            for _ in range(2 * self.world.limit):
                self.call()
            self.world.problems.append("there was always one call more")


@dataclass
class World:
    """One seed's org and its processes."""

    seed: int
    org: LocalOrgServer
    database_url: str
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.lock = threading.Lock()
        self.name = f"{self.org.url}#{self.seed}"  # a ledger of its own
        self.clock = FrozenClock(START)
        self.shares = Shares(self.rng.choice((25, 50, 80)), self.rng.choice((0, 20)))
        self.limit = self.rng.randrange(30, 120)
        self.others: dict[datetime, int] = {}
        self.sent = 0
        self.org.reset()
        control(self.org, "POST", "requests", {"daily_limit": self.limit})
        self.set_time(START)
        if self.rng.random() < 0.5:
            self.spend(self.rng.randrange(self.limit // 2))
        self.processes = [self.start() for _ in range(self.rng.randrange(2, 4))]

    def start(self) -> Process:
        """Another process."""
        return Process(self, random.Random(self.rng.random()))

    def set_time(self, at: datetime) -> None:
        """Moves the time of the org, and with it everybody's."""
        control(self.org, "POST", "clock", {"now": at.isoformat(), "frozen": True})
        self.clock.advance((at - self.clock.now()).total_seconds())

    def spend(self, calls: int) -> None:
        """Other clients of the org use its calls."""
        control(self.org, "POST", "requests", {"spend": calls})
        hour = hour_of(self.clock.now())
        self.others[hour] = self.others.get(hour, 0) + calls

    def live(self) -> None:
        """All phases: everybody at once, then time passes."""
        for _ in range(PHASES):
            self.begin_phase()
            with ThreadPoolExecutor(len(self.processes)) as pool:
                list(pool.map(lambda each: each.live(STEPS), self.processes))
            self.set_time(
                self.clock.now() + self.rng.choice((1, 40, 300, 1320, 1600)) * timedelta(minutes=1)
            )
            if self.rng.random() < 0.2:
                self.spend(self.rng.randrange(self.limit // 3))
        self.begin_phase()
        for process in self.processes:
            process.use_up()
        if self.sent != counted_calls(self.org):
            self.problems.append(f"{self.sent} were sent and {counted_calls(self.org)} counted")

    def end(self) -> None:
        """Closes what the processes have open."""
        for process in self.processes:
            process.engine.dispose()

    def begin_phase(self) -> None:
        """What was spent by others meanwhile is learnt by each process with one call at most.

        One that dies before it has written down what it heard leaves that call to its heir.
        """
        used = int(control(self.org, "GET", "requests")["daily"]["used"])
        level = Level(self.shares, self.limit, 0, 0)
        self.unheard = used + len(self.processes) if self.others else 0
        self.own_ceiling, self.org_ceiling = level.own_ceiling, level.org_ceiling

    def count_death(self) -> None:
        """Notes that a process died, and with it what it alone had heard."""
        with self.lock:
            self.unheard += 1 if self.others else 0

    def judge(self, used: int) -> None:
        """The org's count after a call of ours against both ceilings."""
        hour = hour_of(self.clock.now())
        others = sum(n for at, n in self.others.items() if hour - DAY + HOUR <= at <= hour)
        with self.lock:
            self.sent += 1
            if used - others > self.own_ceiling:
                self.problems.append(f"{used - others} of {self.own_ceiling} of ours were used")
            ceiling = max(self.org_ceiling, self.unheard)
            if used > ceiling:
                self.problems.append(f"{used} of {ceiling} of all were used")


def hurry(connection: Any, _record: object) -> None:
    """No waiting for the disk: nobody pulls the plug here, and the seeds are many."""
    connection.execute("PRAGMA synchronous=OFF")


@contextmanager
def mortal(engine: Engine, rng: random.Random) -> Iterator[None]:
    """Now and then the process dies before a commit, or right after it."""

    def die(_connection: object) -> None:
        if rng.random() < DEATH_AT_COMMIT:
            raise Killed

    moment = rng.choice(("commit", "begin"))
    event.listen(engine, moment, die)
    try:
        yield
    finally:
        event.remove(engine, moment, die)
