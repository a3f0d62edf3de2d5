"""Time enters through one door, and business days end where the business is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from config.clock import (
    ClockUnavailable,
    FrozenClock,
    OrgClock,
    SystemClock,
    business_date,
    clock_for,
    end_of_business_day,
)
from config.settings import Settings
from sandbox.server import LocalOrgServer
from tests.control import counted_calls

WARSAW = ZoneInfo("Europe/Warsaw")


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 11, 20), datetime(2026, 11, 20, 23, 0, tzinfo=UTC)),
        (date(2026, 7, 1), datetime(2026, 7, 1, 22, 0, tzinfo=UTC)),
        (date(2026, 3, 29), datetime(2026, 3, 29, 22, 0, tzinfo=UTC)),  # 23 hours long
        (date(2026, 10, 25), datetime(2026, 10, 25, 23, 0, tzinfo=UTC)),  # 25 hours long
        (date(2026, 12, 31), datetime(2026, 12, 31, 23, 0, tzinfo=UTC)),
    ],
)
def test_a_business_day_ends_at_local_midnight(day: date, end: datetime) -> None:
    assert end_of_business_day(day, WARSAW) == end


@given(
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    st.sampled_from(["Europe/Warsaw", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]),
)
def test_the_last_moment_of_a_day_belongs_to_it_and_the_end_does_not(day: date, name: str) -> None:
    zone = ZoneInfo(name)
    end = end_of_business_day(day, zone)

    assert business_date(end, zone) > day
    assert business_date(end.replace(microsecond=0) - datetime.resolution, zone) <= day


def test_half_past_eleven_at_night_in_london_is_tomorrow_in_warsaw() -> None:
    assert business_date(datetime(2026, 1, 5, 23, 30, tzinfo=UTC), WARSAW) == date(2026, 1, 6)


def test_a_time_without_zone_is_refused() -> None:
    naive = datetime(2026, 1, 5, 7, 0)

    with pytest.raises(ValueError, match="no time zone"):
        business_date(naive, WARSAW)
    with pytest.raises(ValueError, match="no time zone"):
        FrozenClock(naive)


def test_the_system_clock_is_aware_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_a_real_org_is_lived_with_by_the_system_clock() -> None:
    real = Settings(salesforce_url="https://acme.my.salesforce.com")

    assert isinstance(clock_for(real), SystemClock)
    assert isinstance(clock_for(Settings()), OrgClock)


def test_the_local_org_sets_the_time(org: LocalOrgServer) -> None:
    at = datetime(2025, 3, 11, 6, 0, tzinfo=UTC)
    org.org.clock.set(at, frozen=True)

    assert OrgClock(org.url).now() == at
    assert OrgClock(org.tls_url, org.ca).now() == at
    assert counted_calls(org) == 0


@responses.activate
def test_an_org_that_is_down_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ClockUnavailable, match=r"http://127\.0\.0\.1:8080.*make up"):
        OrgClock("http://127.0.0.1:8080").now()


@responses.activate
def test_an_answer_without_a_date_is_no_time() -> None:
    responses.get("http://127.0.0.1:8080/services/data", json=[])

    with pytest.raises(ClockUnavailable):
        OrgClock("http://127.0.0.1:8080").now()
