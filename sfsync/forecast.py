"""Foresees our API calls of the next 24 hours from those of the past, as plain values.

Owns the rule. An hour is expected to be like the same hour of the days before, the later ones
weighing more, and all of them as much higher or lower as the last hours were. Where there is no
such hour yet, the present rate goes on; jobs at a fixed time count at theirs. Days are those of
UTC: where clocks change, the profile is an hour late for some days and then right again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sfsync.allowance import DAY, HOUR, hour_of, left_at

#: Weight of the latest day against all days before it.
NEWEST_DAY = 0.3
#: Complete hours of late that tell how today compares with the days before. The middle one counts,
#: so that a burst is not taken for a busy day.
LEVEL_HOURS = 3
#: What holds this back in quiet hours, in hours of the average day.
LEVEL_PRIOR = 0.5
LEVEL_RANGE = (0.5, 2.0)
#: Hours that the present rate is taken from.
RATE_HOURS = 6

Hours = Mapping[datetime, float]


@dataclass(frozen=True)
class Planned:
    """A job at a fixed time, and the calls that it is expected to make."""

    purpose: str
    at: datetime
    calls: int


@dataclass(frozen=True)
class Forecast:
    """Our expected calls from `now` on, for 24 hours."""

    now: datetime
    expected: Mapping[str, Hours]  #: by purpose and UTC hour; the present hour's is what is left
    past: Hours  #: calls by UTC hour that may still count

    def expected_until(self, at: datetime) -> float:
        """Calls between now and `at`, the hour of `at` in part."""
        total = 0.0
        for hours in self.expected.values():
            for hour, calls in hours.items():
                begins, ends = max(hour, self.now), min(hour + HOUR, self.now + DAY)
                if begins < min(at, ends):
                    total += calls * ((min(at, ends) - begins) / (ends - begins))
        return total

    def expected_for(self, purpose: str) -> float:
        """Calls of one purpose in the next 24 hours."""
        return sum(self.expected.get(purpose, {}).values())

    def used_at(self, at: datetime) -> float:
        """Calls of ours that may count at `at`: what is left of the past, and what comes."""
        lasting = sum(calls for hour, calls in self.past.items() if left_at(hour) > at)
        return lasting + self.expected_until(at)


def foresee(
    calls: Mapping[str, Hours], since: datetime, now: datetime, planned: Sequence[Planned] = ()
) -> Forecast:
    """What is to be expected.

    `calls` are our calls by purpose and UTC hour, complete from the instant `since` on: an hour
    that is missing had none.
    """
    future = [hour_of(now) + n * HOUR for n in range(25)]
    fixed = {each.purpose for each in planned}
    expected = {}
    for purpose in {*calls, *fixed}:
        hours = calls.get(purpose, {})
        base = {hour: _profile(hours, hour, since, now) for hour in future}
        scale = 1.0 if purpose in fixed else _level(hours, since, now)
        rate = 0.0 if purpose in fixed else _rate(hours, since, now)
        expected[purpose] = {
            hour: (rate if known is None else known * scale) * _share_ahead(hour, now)
            for hour, known in base.items()
        }
        for job in planned:
            if job.purpose == purpose and base.get(hour_of(job.at), 0.0) is None:
                expected[purpose][hour_of(job.at)] += job.calls
    past: dict[datetime, float] = {}
    for hours in calls.values():
        for hour, count in hours.items():
            past[hour] = past.get(hour, 0.0) + count
    return Forecast(now, expected, {h: n for h, n in past.items() if left_at(h) > now})


def _share_ahead(hour: datetime, now: datetime) -> float:
    """Which part of that hour lies within the next 24 hours."""
    begins, ends = max(hour, now), min(hour + HOUR, now + DAY)
    return max(0.0, (ends - begins) / HOUR)


def _profile(hours: Hours, hour: datetime, since: datetime, now: datetime) -> float | None:
    """Calls of that hour by the same hour of the days before; None: there is none yet."""
    value: float | None = None
    days = int((hour - since) / DAY)
    for day in range(days, 0, -1):
        before = hour - day * DAY
        if before < since or before + HOUR > now:
            continue
        calls = float(hours.get(before, 0))
        value = calls if value is None else value + NEWEST_DAY * (calls - value)
    return value


def _level(hours: Hours, since: datetime, now: datetime) -> float:
    """How busy the last hours were beside the same hours of the days before; 1: as busy."""
    late = [hour_of(now) - back * HOUR for back in range(1, LEVEL_HOURS + 1)]
    usual = {hour: _profile(hours, hour, since, hour) for hour in late}
    average = sum(hours.values()) / max(1.0, (now - since) / HOUR)
    prior = LEVEL_PRIOR * average
    if prior == 0 or None in usual.values():
        return 1.0
    ratios = [(hours.get(hour, 0) + prior) / ((usual[hour] or 0) + prior) for hour in late]
    low, high = LEVEL_RANGE
    return min(high, max(low, median(ratios)))


def _rate(hours: Hours, since: datetime, now: datetime) -> float:
    """Calls per hour of late."""
    begins = max(since, hour_of(now) - RATE_HOURS * HOUR)
    span = max((now - begins) / HOUR, 1 / 60)
    calls = sum(calls for hour, calls in hours.items() if hour >= hour_of(begins))
    return calls / span


def first_hour(calls: Mapping[str, Hours]) -> datetime | None:
    """The oldest hour with calls."""
    return min((hour for hours in calls.values() for hour in hours), default=None)
