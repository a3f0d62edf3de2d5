"""Says what is due: when each job is to happen, by the clock of the business.

Owns the misfire policy. A daily job belongs to its business day: late within that day is better
than never, while a day that is over is left to the next one, whose run handles everything anyway.
A job that repeats is due once per period, and missed periods are not made up for. All of it is
computed from the time alone, so that restarts, late ticks and several workers name the same slot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from config.clock import business_date, end_of_business_day

if TYPE_CHECKING:
    from jobs.runtime import Runtime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: After a very long outage only the latest missed days are named; more would tell nobody more.
MOST_MISSED = 31


@dataclass(frozen=True)
class Slot:
    """One occasion on which a job is to happen once, however many workers run."""

    at: datetime  #: aware UTC; the slot's name
    until: datetime  #: aware UTC; from here on this slot is not run any more


@dataclass(frozen=True)
class Daily:
    """Once per business day, at a wall-clock time in the business time zone.

    Days of 23 and 25 hours have one slot like any other. A time that a spring night leaves out
    comes an hour later; one that an autumn night has twice counts the first time.
    """

    at: time
    zone: ZoneInfo

    @property
    def words(self) -> str:
        """For people."""
        return f"daily at {self.at:%H:%M} {self.zone.key}"

    def slot_on(self, day: date) -> Slot:
        """The slot of one business day."""
        at = datetime.combine(day, self.at, self.zone).astimezone(UTC)
        return Slot(at, end_of_business_day(day, self.zone))

    def due_slot(self, now: datetime) -> Slot | None:
        """Today's slot once its time has come, else None."""
        slot = self.slot_on(business_date(now, self.zone))
        return slot if slot.at <= now else None

    def next_at(self, now: datetime) -> datetime:
        """The next slot that is not due yet, aware UTC."""
        today = business_date(now, self.zone)
        slot = self.slot_on(today)
        return slot.at if now < slot.at else self.slot_on(today + timedelta(days=1)).at

    def missed_between(self, last_at: datetime, slot_at: datetime) -> list[datetime]:
        """Slots after `last_at` and before `slot_at` that no worker was there for; oldest first."""
        last = business_date(last_at, self.zone)
        days = (business_date(slot_at, self.zone) - last).days
        first = max(1, days - MOST_MISSED)
        return [self.slot_on(last + timedelta(days=n)).at for n in range(first, days)]


@dataclass(frozen=True)
class Every:
    """Once per period, counted from a fixed instant so that all workers agree."""

    period: timedelta

    @property
    def words(self) -> str:
        """For people."""
        return f"every {int(self.period.total_seconds())} s"

    def due_slot(self, now: datetime) -> Slot:
        """The period that `now` lies in."""
        at = EPOCH + (now - EPOCH) // self.period * self.period
        return Slot(at, at + self.period)

    def next_at(self, now: datetime) -> datetime:
        """The start of the next period, aware UTC."""
        return self.due_slot(now).until

    def missed_between(self, last_at: datetime, slot_at: datetime) -> list[datetime]:
        """None: the next run does what the missed ones would have done."""
        return []


Timetable = Daily | Every


class Stopped(Exception):
    """The worker was told to end, and the job gave way at a place where it can be continued."""


class Skipped(Exception):
    """The job gave this slot up for a reason that is no failure; the next slot does its work."""


def go_on() -> None:
    """The pause of a job that nobody will stop."""


@dataclass(frozen=True)
class Turn:
    """What a job is given when it runs: which slot, and a way to be stopped between steps."""

    slot: Slot
    pause: Callable[[], None] = go_on  #: raises Stopped when the worker is to end


@dataclass(frozen=True)
class Job:
    """One line of the schedule."""

    name: str
    timetable: Timetable
    run: Callable[[Runtime, Turn], dict[str, Any]]  #: answers what it did, as JSON values
    gives_way: bool = False  #: does not begin while a job without this is due or at work
    kept: timedelta | None = None  #: how long finished runs are remembered; None: for good


def firsts(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """The jobs that others give way to."""
    return tuple(job for job in jobs if not job.gives_way)


def lateness_minutes(slot_at: datetime, started_at: datetime) -> int:
    """Whole minutes by which a start is after its slot."""
    return max(0, int((started_at - slot_at).total_seconds() // 60))
