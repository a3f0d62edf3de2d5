"""Date literals and datetimes: what TODAY is, and where days begin."""

# ruff: noqa: S608 - these are SOQL texts

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sandbox.soql.periods import is_period, resolve_period
from tests.sandbox_soql.small_org import SmallOrg

FRIDAY = date(2026, 11, 20)
SUNDAY, MONDAY = 6, 0


def _d(text: str) -> date:
    return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}")


@pytest.mark.parametrize(
    ("literal", "first", "last"),
    [
        ("YESTERDAY", "20261119", "20261119"),
        ("TODAY", "20261120", "20261120"),
        ("TOMORROW", "20261121", "20261121"),
        ("LAST_WEEK", "20261108", "20261114"),
        ("THIS_WEEK", "20261115", "20261121"),
        ("NEXT_WEEK", "20261122", "20261128"),
        ("LAST_MONTH", "20261001", "20261031"),
        ("THIS_MONTH", "20261101", "20261130"),
        ("NEXT_MONTH", "20261201", "20261231"),
        ("LAST_90_DAYS", "20260822", "20261120"),
        ("NEXT_90_DAYS", "20261121", "20270218"),
        ("LAST_N_DAYS:3", "20261117", "20261120"),
        ("NEXT_N_DAYS:3", "20261121", "20261123"),
        ("N_DAYS_AGO:3", "20261117", "20261117"),
        ("LAST_N_WEEKS:2", "20261101", "20261114"),
        ("NEXT_N_WEEKS:2", "20261122", "20261205"),
        ("N_WEEKS_AGO:1", "20261108", "20261114"),
        ("LAST_N_MONTHS:12", "20251101", "20261031"),
        ("NEXT_N_MONTHS:2", "20261201", "20270131"),
        ("N_MONTHS_AGO:9", "20260201", "20260228"),
        ("THIS_QUARTER", "20261001", "20261231"),
        ("LAST_QUARTER", "20260701", "20260930"),
        ("NEXT_QUARTER", "20270101", "20270331"),
        ("LAST_N_QUARTERS:2", "20260401", "20260930"),
        ("NEXT_N_QUARTERS:1", "20270101", "20270331"),
        ("N_QUARTERS_AGO:4", "20251001", "20251231"),
        ("THIS_YEAR", "20260101", "20261231"),
        ("LAST_YEAR", "20250101", "20251231"),
        ("NEXT_YEAR", "20270101", "20271231"),
        ("LAST_N_YEARS:2", "20240101", "20251231"),
        ("NEXT_N_YEARS:1", "20270101", "20271231"),
        ("N_YEARS_AGO:2", "20240101", "20241231"),
        ("THIS_FISCAL_QUARTER", "20261001", "20261231"),
        ("LAST_FISCAL_YEAR", "20250101", "20251231"),
        ("NEXT_N_FISCAL_QUARTERS:2", "20270101", "20270630"),
        ("LAST_N_FISCAL_YEARS:1", "20250101", "20251231"),
        ("N_FISCAL_QUARTERS_AGO:1", "20260701", "20260930"),
    ],
)
def test_each_literal_is_a_range_of_days(literal: str, first: str, last: str) -> None:
    period = resolve_period(literal, FRIDAY, SUNDAY)

    assert (period.first, period.last) == (_d(first), _d(last))


def test_a_week_starts_as_the_locale_says() -> None:
    period = resolve_period("THIS_WEEK", date(2026, 11, 22), MONDAY)

    assert (period.first, period.last) == (date(2026, 11, 16), date(2026, 11, 22))


@pytest.mark.parametrize(
    "literal", ["LAST_N_DAYS:99999999999999999999", "NEXT_N_YEARS:999999", "N_MONTHS_AGO:888888888"]
)
def test_a_range_beyond_the_calendar_is_cut_and_no_crash(literal: str) -> None:
    period = resolve_period(literal, FRIDAY, SUNDAY)

    assert date(1, 1, 1) <= period.first <= date(9999, 1, 1)
    assert date(1, 1, 1) <= period.last <= date(9999, 1, 1)


@pytest.mark.parametrize("word", ["LAST_N_DAYS", "LAST_N_FISCAL_DAYS:1", "NOW", "TODAY:1"])
def test_other_words_are_no_date_literals(word: str) -> None:
    assert not is_period(word)


def test_today_is_the_users_day_and_not_the_servers() -> None:
    org = SmallOrg()
    org.add("Part__c", Name="20th", Due__c=date(2026, 11, 20))
    org.add("Part__c", Name="21st", Due__c=date(2026, 11, 21))
    evening = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    query = "SELECT Name FROM Part__c WHERE Due__c = TODAY"

    assert org.names(query, now=evening) == ["21st"]
    assert org.names(query, now=evening, time_zone=ZoneInfo("America/New_York")) == ["20th"]


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("=", {"first", "last"}),
        ("!=", {"before", "after", "none"}),
        ("<", {"before"}),
        ("<=", {"before", "first", "last"}),
        (">", {"after"}),
        (">=", {"first", "last", "after"}),
    ],
)
def test_a_day_reaches_from_midnight_to_midnight_in_the_users_zone(
    operator: str, expected: set[object]
) -> None:
    org = SmallOrg()
    midnight = datetime(2026, 11, 19, 23, 0, tzinfo=UTC)  # in Warsaw
    one = timedelta(seconds=1)
    for name, moment in (
        ("before", midnight - one),
        ("first", midnight),
        ("last", midnight + timedelta(days=1) - one),
        ("after", midnight + timedelta(days=1)),
        ("none", None),
    ):
        org.add("Part__c", Name=name, Seen_At__c=moment)

    found = org.names(f"SELECT Name FROM Part__c WHERE Seen_At__c {operator} TODAY")

    assert set(found) == expected


def test_the_day_the_clocks_change_has_twenty_five_hours() -> None:
    org = SmallOrg()
    start = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)  # midnight in Warsaw, summer time
    org.add("Part__c", Name="last second", Seen_At__c=start + timedelta(hours=25, seconds=-1))
    org.add("Part__c", Name="next day", Seen_At__c=start + timedelta(hours=25))

    found = org.names(
        "SELECT Name FROM Part__c WHERE Seen_At__c = TODAY",
        now=datetime(2026, 10, 25, 10, 0, tzinfo=UTC),
    )

    assert found == ["last second"]


def test_datetimes_compare_as_instants_whatever_their_offset() -> None:
    org = SmallOrg()
    org.add("Part__c", Name="seven", Seen_At__c=datetime(2026, 11, 20, 7, 0, tzinfo=UTC))
    where = "SELECT Name FROM Part__c WHERE Seen_At__c"

    assert org.names(f"{where} = 2026-11-20T07:00:00Z") == ["seven"]
    assert org.names(f"{where} = 2026-11-20T08:00:00.000+01:00") == ["seven"]
    assert org.names(f"{where} = 2026-11-20T08:00:00+0100") == ["seven"]
    assert org.names(f"{where} = 2026-11-20T02:00:00-05:00") == ["seven"]
    assert org.names(f"{where} < 2026-11-20T07:00:00.500Z") == ["seven"]
    assert org.names(f"{where} = 2026-11-20T07:00:00.500Z") == []
    assert org.names(f"{where} > 2026-11-20T07:00:00Z") == []


def test_literals_mix_with_dates_in_a_list() -> None:
    org = SmallOrg()
    for day in (18, 19, 20, 21):
        org.add("Part__c", Name=str(day), Due__c=date(2026, 11, day))

    names = org.names(
        "SELECT Name FROM Part__c WHERE Due__c IN (TODAY, YESTERDAY, 2026-11-18) ORDER BY Name"
    )

    assert names == ["18", "19", "20"]
