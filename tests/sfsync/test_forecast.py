"""The forecast meets what comes: within 10 % after two hours, on steady and on daily loads."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from sfsync.allowance import DAY, HOUR, hour_of
from sfsync.forecast import Forecast, Planned, foresee

MIDNIGHT = datetime(2025, 3, 11, tzinfo=UTC)
Load = Callable[[datetime], float]


def history(load: Load, start: datetime, now: datetime) -> dict[datetime, int]:
    """Calls by hour of a load between two instants; the last hour in part."""
    hours = {}
    hour = hour_of(start)
    while hour < now:
        part = (min(now, hour + HOUR) - max(start, hour)) / HOUR
        hours[hour] = round(load(hour) * part)
        hour += HOUR
    return hours


def total(load: Load, start: datetime, end: datetime) -> float:
    return sum(history(load, start, end).values())


def steady(per_hour: float) -> Load:
    return lambda _hour: per_hour


def daily(mean: float, swing: float, peak_hour: int = 10) -> Load:
    """Busy around `peak_hour`, quiet twelve hours later."""
    return lambda hour: mean * (1 + swing * math.cos((hour.hour - peak_hour) * math.pi / 12))


def noisy(load: Load, seed: int, share: float = 0.1) -> Load:
    """Each hour is off by up to `share`, the same each time that it is asked for."""

    def calls(hour: datetime) -> float:
        return load(hour) * (1 + random.Random(f"{seed}{hour}").uniform(-share, share))

    return calls


def forecast_of_the_day(load: Load, start: datetime, day: datetime) -> tuple[float, float]:
    """(foreseen, real) calls of the 24 hours from `day` on, foreseen two hours into them."""
    now = day + timedelta(hours=2)
    found = foresee({"pull": history(load, start, now)}, start, now)
    return total(load, day, now) + found.expected_until(day + DAY), total(load, day, day + DAY)


@pytest.mark.parametrize("seed", range(100))
@pytest.mark.parametrize("begins", ["00:00", "09:20"])
def test_steady_load_is_foreseen_within_10_percent_after_its_first_two_hours(
    seed: int, begins: str
) -> None:
    start = datetime.fromisoformat(f"2025-03-11T{begins}+00:00")
    load = noisy(steady(random.Random(seed).uniform(40, 4000)), seed)

    foreseen, real = forecast_of_the_day(load, start, start)
    assert abs(foreseen - real) <= real / 10


@pytest.mark.parametrize("seed", range(200))
def test_daily_pattern_is_foreseen_within_10_percent_two_hours_into_the_day(seed: int) -> None:
    rng = random.Random(seed)
    pattern = daily(rng.uniform(60, 3000), rng.uniform(0, 0.95), rng.randrange(24))
    load = noisy(pattern, seed)

    foreseen, real = forecast_of_the_day(load, MIDNIGHT - rng.randrange(1, 12) * DAY, MIDNIGHT)
    assert abs(foreseen - real) <= real / 10


@pytest.mark.parametrize("seed", range(50))
def test_two_hours_take_away_much_of_the_surprise_of_an_unusual_day(
    seed: int,
) -> None:
    rng = random.Random(seed)
    usual, factor = daily(rng.uniform(500, 3000), 0.5, rng.randrange(24)), rng.uniform(0.6, 1.8)
    load = noisy(lambda hour: usual(hour) * (factor if hour >= MIDNIGHT else 1), seed, 0.02)

    now = MIDNIGHT + timedelta(hours=2)
    since = MIDNIGHT - 5 * DAY
    before = history(load, since, MIDNIGHT)
    found = foresee({"pull": before | history(load, MIDNIGHT, now)}, since, now)
    foreseen = total(load, MIDNIGHT, now) + found.expected_until(MIDNIGHT + DAY)
    real = total(load, MIDNIGHT, MIDNIGHT + DAY)
    surprise = abs(total(usual, MIDNIGHT, MIDNIGHT + DAY) - real)
    assert abs(foreseen - real) <= 0.6 * surprise + real / 20


def two_hours(**calls: int) -> dict[str, dict[datetime, int]]:
    hours = [MIDNIGHT, MIDNIGHT + HOUR]
    return {purpose: dict.fromkeys(hours, each) for purpose, each in calls.items()}


def test_job_at_a_fixed_time_counts_at_its_time_until_there_is_a_day_to_go_by() -> None:
    now, seven = MIDNIGHT + 2 * HOUR, MIDNIGHT + 7 * HOUR
    plan = [Planned("selection", seven, 40)]
    found = foresee(two_hours(pull=12), MIDNIGHT, now, plan)

    assert found.expected_until(seven) == 60
    assert found.expected_until(seven + HOUR) == 112
    assert found.expected_for("selection") == 40
    later = foresee(
        {"selection": {seven: 50}}, MIDNIGHT, now + DAY, [Planned("selection", seven + DAY, 40)]
    )
    assert later.expected_for("selection") == 50


def test_burst_is_not_taken_for_the_rest_of_the_day_where_there_are_days_to_go_by() -> None:
    now = MIDNIGHT + 2 * HOUR
    since = MIDNIGHT - 3 * DAY
    calls = history(steady(100), since, now) | {MIDNIGHT + HOUR: 5000}

    assert foresee({"pull": calls}, since, now).expected_until(now + DAY) <= 2400 + 1500


def test_later_days_weigh_more() -> None:
    now = MIDNIGHT
    calls = {MIDNIGHT - 2 * DAY: 100, MIDNIGHT - DAY: 200}
    found = foresee({"pull": calls}, MIDNIGHT - 2 * DAY, now)

    assert found.expected["pull"][MIDNIGHT] == pytest.approx(130)


def test_used_calls_leave_the_rolling_day_as_new_ones_come() -> None:
    now = MIDNIGHT + 2 * HOUR
    found = foresee(two_hours(pull=10), MIDNIGHT, now)

    assert found.used_at(now) == 20
    assert found.used_at(now + 10 * HOUR) == 120
    assert found.used_at(now + DAY) == pytest.approx(250)  # the first hour has surely left


def test_present_hour_counts_with_the_part_that_is_left() -> None:
    now = MIDNIGHT + timedelta(minutes=90)
    found = foresee({"pull": {MIDNIGHT: 60, MIDNIGHT + HOUR: 30}}, MIDNIGHT, now)

    assert found.expected["pull"][MIDNIGHT + HOUR] == 30
    assert found.expected_until(now + timedelta(minutes=15)) == 15
    assert found.expected_until(now + DAY) == pytest.approx(24 * 60)


def test_nothing_is_foreseen_from_nothing() -> None:
    found = foresee({}, MIDNIGHT, MIDNIGHT)

    assert found == Forecast(MIDNIGHT, {}, {})
    assert (found.expected_until(MIDNIGHT + DAY), found.used_at(MIDNIGHT + DAY)) == (0, 0)
