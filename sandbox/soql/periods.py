"""Date literals: TODAY, LAST_WEEK, NEXT_N_QUARTERS:2 and the rest, as ranges of days.

Owns what each literal means. Fiscal periods are calendar ones, as in an org whose fiscal year
starts in January. Source: developer.salesforce.com, SOQL and SOSL Reference, "Date Formats and
Date Literals in WHERE".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

#: Days outside these are out of every record's range; ranges are cut here.
_FIRST, _LAST = date(1, 1, 2), date(9998, 12, 31)
#: No range of units reaches further than this many days, whatever the number says.
_MOST = 4_000_000


@dataclass(frozen=True)
class Period:
    """A range of days, both ends included."""

    first: date
    last: date


#: Moves the first day of a unit (week, month…) on by a number of units.
_Step = Callable[[date, int], date]


def _add_days(day: date, count: int) -> date:
    wanted = day.toordinal() + max(-_MOST, min(_MOST, count))
    return date.fromordinal(max(_FIRST.toordinal(), min(_LAST.toordinal(), wanted)))


def _add_weeks(day: date, count: int) -> date:
    return _add_days(day, 7 * count)


def _add_months(day: date, count: int) -> date:
    months = day.year * 12 + day.month - 1 + count
    if months < 12 * 2:
        return _FIRST
    if months >= 12 * 9998:
        return _LAST
    return date(months // 12, months % 12 + 1, 1)


def _add_quarters(day: date, count: int) -> date:
    return _add_months(day, 3 * count)


def _add_years(day: date, count: int) -> date:
    return _add_months(day, 12 * count)


_STEPS: dict[str, _Step] = {
    "DAY": _add_days,
    "WEEK": _add_weeks,
    "MONTH": _add_months,
    "QUARTER": _add_quarters,
    "YEAR": _add_years,
}


def _start_of(unit: str, day: date, week_starts_on: int) -> date:
    if unit == "WEEK":
        return _add_days(day, -((day.weekday() - week_starts_on) % 7))
    if unit == "MONTH":
        return day.replace(day=1)
    if unit == "QUARTER":
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return date(day.year, 1, 1) if unit == "YEAR" else day


#: Name -> unit, first and last unit counted from the current one.
_FIXED: dict[str, tuple[str, int, int]] = {
    "YESTERDAY": ("DAY", -1, -1),
    "TODAY": ("DAY", 0, 0),
    "TOMORROW": ("DAY", 1, 1),
    # Salesforce counts today among the last 90 days, but not among the next 90.
    "LAST_90_DAYS": ("DAY", -90, 0),
    "NEXT_90_DAYS": ("DAY", 1, 90),
    **{
        f"{which}_{fiscal}{unit}": (unit, place, place)
        for which, place in (("LAST", -1), ("THIS", 0), ("NEXT", 1))
        for fiscal, units in (("", "WEEK MONTH QUARTER YEAR"), ("FISCAL_", "QUARTER YEAR"))
        for unit in units.split()
    },
}
_UNIT = "DAY|WEEK|MONTH|(?:FISCAL_)?(?:QUARTER|YEAR)"
_COUNTED = re.compile(
    rf"(?:(?P<way>LAST|NEXT)_N_(?P<units>{_UNIT})S|N_(?P<ago>{_UNIT})S_AGO):(?P<count>\d+)"
)


def is_period(text: str) -> bool:
    """True when the upper-case word is a date literal."""
    return text in _FIXED or bool(_COUNTED.fullmatch(text))


def resolve_period(text: str, today: date, week_starts_on: int) -> Period:
    """The days that an upper-case date literal means.

    `today` is the day in the user's zone, `week_starts_on` 0 for Monday to 6 for Sunday (the
    user's locale decides). Ranges beyond the calendar are cut at its ends.
    """
    unit, first, last = _FIXED.get(text) or _read_counted(text)
    step = _STEPS[unit]
    start = _start_of(unit, today, week_starts_on)
    return Period(step(start, first), step(start, last + 1) - timedelta(days=1))


def _read_counted(text: str) -> tuple[str, int, int]:
    match = _COUNTED.fullmatch(text)
    if match is None:
        raise ValueError(f"no date literal: {text}")
    # More digits than the calendar has days mean the same; int() of very many would be refused.
    count = min(int(match["count"][:9]), _MOST)
    unit = (match["units"] or match["ago"]).removeprefix("FISCAL_")
    if match["ago"]:
        return unit, -count, -count
    if match["way"] == "NEXT":
        return unit, 1, count
    return unit, -count, 0 if unit == "DAY" else -1
