"""How many API calls we may use, and how many are used, as plain values.

Owns the arithmetic of the ceiling. There are two: our own share of the org's allowance, and the
part of it that is left to people and their programs, whoever uses the rest. Every figure that is
not certain is taken at its worse end, so that a call that is let in is never one too many.
Source: Salesforce Developer Limits, "API Request Limits and Allocations": the allowance holds for
any 24 hours, not for a calendar day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: Developer Edition's allowance, the smallest there is: what we go by before the org said more.
SMALLEST_ALLOWANCE = 15_000
DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)
#: How far our clock and the org's may differ before a call could be missed at an hour's edge.
SKEW = timedelta(minutes=10)
#: For so long what the org said of others is taken as it was; then it fades over a day.
FRESH = timedelta(hours=1)


@dataclass(frozen=True)
class Shares:
    """The settings of the budget, in percent of the org's allowance."""

    own_percent: int  #: what we may use
    reserve_percent: int  #: what is left to people, whoever used the rest


def hour_of(at: datetime) -> datetime:
    """The UTC hour that an instant lies in."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def left_at(hour: datetime) -> datetime:
    """When the calls of an hour no longer count."""
    return hour + HOUR + DAY + SKEW


def counted_since(at: datetime) -> datetime:
    """The oldest hour whose calls the org surely counted, all of them, when it spoke at `at`.

    Of the hour before it some had left its window: they are not taken off what it said.
    """
    return hour_of(at - DAY) + HOUR


def fade(others: int, age: timedelta) -> int:
    """What is left of the calls of others after `age`: as if they had been made evenly."""
    if age <= FRESH:
        return others
    rest = max(timedelta(0), DAY - (age - FRESH))
    return -(-others * int(rest.total_seconds()) // int(DAY.total_seconds()))


@dataclass(frozen=True)
class Level:
    """How the rolling day stands."""

    shares: Shares
    limit: int  #: the org's allowance
    ours: int  #: our calls that may still count, with those that are booked and not sent yet
    total: int  #: calls of everybody

    @property
    def own_ceiling(self) -> int:
        """The most calls of ours."""
        return self.limit * self.shares.own_percent // 100

    @property
    def org_ceiling(self) -> int:
        """The most calls of everybody that we may add to."""
        return self.limit - self.reserve

    @property
    def reserve(self) -> int:
        """Calls that stay for people."""
        return -(-self.limit * self.shares.reserve_percent // 100)

    @property
    def percent(self) -> float:
        """How much of the nearer ceiling is used; 100 and more: nothing is left."""
        pairs = ((self.ours, self.own_ceiling), (self.total, self.org_ceiling))
        return max(100 * used / ceiling if ceiling else 100.0 for used, ceiling in pairs)

    @property
    def nearer(self) -> tuple[int, int, str]:
        """Used, ceiling and name of the ceiling that is nearer."""
        if self.own_ceiling - self.ours <= self.org_ceiling - self.total:
            return self.ours, self.own_ceiling, "our calls"
        return self.total, self.org_ceiling, "the calls not kept for people"

    def room(self, top_percent: int) -> int:
        """Calls that are free for who may use up to `top_percent` of the ceilings."""
        own = self.own_ceiling * top_percent // 100 - self.ours
        org = self.org_ceiling * top_percent // 100 - self.total
        return max(0, min(own, org))


@dataclass(frozen=True)
class Standing:
    """What is known of the rolling day: our calls exactly, everybody else's by the org's word."""

    shares: Shares
    limit: int  #: the org's allowance
    hours: Mapping[datetime, int]  #: our calls by UTC hour, sent or booked
    others: int = 0  #: what the org last said is used, beyond our calls since `counted_since`
    heard_at: datetime | None = None  #: when that was; None: it never did

    def level_at(self, at: datetime) -> Level:
        """How the rolling day stands at that instant if nobody calls until then."""
        lasting = {hour: calls for hour, calls in self.hours.items() if left_at(hour) > at}
        if self.heard_at is None:
            return Level(self.shares, self.limit, sum(lasting.values()), sum(lasting.values()))
        since = counted_since(self.heard_at)
        known = sum(calls for hour, calls in lasting.items() if hour >= since)
        total = known + fade(self.others, at - self.heard_at)
        return Level(self.shares, self.limit, sum(lasting.values()), total)

    def is_stale(self, now: datetime) -> bool:
        """Whether the org's word is too old to book many calls at once."""
        return self.heard_at is None or now - self.heard_at > FRESH

    def free_at(self, now: datetime, percent: float) -> datetime:
        """By when use is below `percent` of the ceilings if nobody calls meanwhile."""
        last = now + DAY + 2 * HOUR
        instants = {left_at(hour) for hour in self.hours} | {last}
        if self.heard_at is not None:
            instants |= {self.heard_at + FRESH + HOUR * n for n in range(25)}
        later = sorted(each for each in instants if each > now)
        return next((at for at in later if self.level_at(at).percent < percent), last)
