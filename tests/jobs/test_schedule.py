"""What is due when: computed from the time alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from jobs.catalogue import jobs_for
from jobs.schedule import MOST_MISSED, Daily, Every, firsts, lateness_minutes
from tests.jobs.builders import MORNING, WARSAW, local

ZONES = ("Europe/Warsaw", "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kathmandu", "UTC")
instants = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@pytest.mark.parametrize("moment", ["00:00:00", "06:00:00", "06:59:59"])
def test_before_seven_nothing_is_due(moment: str) -> None:
    assert MORNING.due_slot(local(f"2025-03-11 {moment}")) is None


@pytest.mark.parametrize("moment", ["07:00:00", "07:20:00", "23:59:59"])
def test_from_seven_to_midnight_the_slot_of_that_morning_is_due(moment: str) -> None:
    slot = MORNING.due_slot(local(f"2025-03-11 {moment}"))

    assert slot is not None
    assert slot.at == datetime(2025, 3, 11, 6, tzinfo=UTC)
    assert slot.until == datetime(2025, 3, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "hour_utc", "hours_left"),
    [
        ("2025-03-29", 6, 17),
        ("2025-03-30", 5, 17),
        ("2025-03-31", 5, 17),
        ("2025-10-25", 5, 17),
        ("2025-10-26", 6, 17),
        ("2025-10-27", 6, 17),
    ],
)
def test_e34_on_days_of_23_and_25_hours_the_slot_is_at_seven_local_time(
    day: str, hour_utc: int, hours_left: int
) -> None:
    slot = MORNING.slot_on(date.fromisoformat(day))

    assert slot.at == datetime.fromisoformat(f"{day}T{hour_utc:02}:00:00+00:00")
    assert slot.at.astimezone(WARSAW).time() == time(7)
    assert slot.until - slot.at == timedelta(hours=hours_left)


def test_time_that_a_spring_night_leaves_out_comes_an_hour_later_and_once() -> None:
    night = Daily(time(2, 30), WARSAW)

    assert night.slot_on(date(2025, 3, 30)).at == datetime(2025, 3, 30, 1, 30, tzinfo=UTC)
    assert night.slot_on(date(2025, 3, 30)).at.astimezone(WARSAW).time() == time(3, 30)


def test_time_that_an_autumn_night_has_twice_counts_the_first_time() -> None:
    night = Daily(time(2, 30), WARSAW)

    first, second = (datetime(2025, 10, 26, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert night.slot_on(date(2025, 10, 26)).at == first
    found = night.due_slot(second)
    assert found is not None
    assert found.at == first


@given(instants, st.sampled_from(ZONES), st.times())
def test_due_slot_holds_the_moment_and_the_next_one_lies_ahead(
    now: datetime, zone: str, at: time
) -> None:
    daily = Daily(at.replace(microsecond=0, fold=0), ZoneInfo(zone))
    slot = daily.due_slot(now)

    assert slot is None or slot.at <= now < slot.until
    assert daily.next_at(now) > now


@given(st.dates(date(2024, 1, 1), date(2027, 12, 31)), st.sampled_from(ZONES))
def test_every_calendar_day_has_exactly_one_slot_and_they_follow_each_other(
    day: date, zone: str
) -> None:
    daily = Daily(time(7), ZoneInfo(zone))
    slot, tomorrow = daily.slot_on(day), daily.slot_on(day + timedelta(days=1))

    assert slot.at.astimezone(daily.zone) == datetime.combine(day, time(7), daily.zone)
    assert slot.at < slot.until < tomorrow.at
    assert daily.next_at(slot.at) == tomorrow.at


def test_mornings_without_a_worker_are_named_oldest_first() -> None:
    missed = MORNING.missed_between(local("2025-03-28 07:00"), local("2025-04-01 07:00"))

    assert missed == [local(f"2025-03-{day} 07:00") for day in (29, 30, 31)]


def test_two_mornings_in_a_row_have_missed_nothing() -> None:
    assert MORNING.missed_between(local("2025-03-10 07:00"), local("2025-03-11 07:00")) == []


def test_after_years_only_the_latest_missed_mornings_are_named() -> None:
    missed = MORNING.missed_between(local("2022-03-10 07:00"), local("2025-03-11 07:00"))

    assert len(missed) == MOST_MISSED
    assert missed[-1] == local("2025-03-10 07:00")


@given(instants, st.integers(1, 7200))
def test_period_of_a_repeated_job_holds_the_moment(now: datetime, period_s: int) -> None:
    slot = Every(timedelta(seconds=period_s)).due_slot(now)

    assert slot.at <= now < slot.until
    assert slot.until - slot.at == timedelta(seconds=period_s)


def test_repeated_job_counts_periods_from_a_fixed_instant_and_misses_none() -> None:
    every = Every(timedelta(minutes=5))

    assert every.due_slot(local("2025-03-11 07:04:59")).at == local("2025-03-11 07:00")
    assert every.due_slot(local("2025-03-11 07:05:00")).at == local("2025-03-11 07:05")
    assert every.missed_between(local("2025-03-10 07:00"), local("2025-03-11 07:00")) == []


@pytest.mark.parametrize(("started", "minutes"), [("07:00:59", 0), ("07:20:00", 20), ("06:59", 0)])
def test_lateness_is_in_whole_minutes(started: str, minutes: int) -> None:
    slot_at, started_at = local("2025-03-11 07:00"), local(f"2025-03-11 {started}")

    assert lateness_minutes(slot_at, started_at) == minutes


def test_selection_time_and_zone_come_from_the_settings() -> None:
    settings = Settings(selection_time=time(6, 30), business_timezone=ZoneInfo("Asia/Tokyo"))

    assert {job.name: job.timetable.words for job in jobs_for(settings)} == {
        "select": "daily at 06:30 Asia/Tokyo",
        "push": "every 10 s",
        "pull": "every 60 s",
        "reconcile": "daily at 07:30 Asia/Tokyo",
        "formulas": "daily at 00:10 Asia/Tokyo",
    }


def test_everything_gives_way_to_the_selection() -> None:
    assert [job.name for job in firsts(jobs_for(Settings()))] == ["select"]
