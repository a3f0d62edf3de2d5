"""Date literals for the oracle: it tries every day around today and keeps those that fit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache


@lru_cache(maxsize=4096)
def days_of(name: str, today: date) -> tuple[date, date]:
    """The first and last day for which the literal is true, found by trying days."""
    holds = _PREDICATES[name.split(":")[0]]
    count = int(name.split(":")[1]) if ":" in name else 0
    span = [today + timedelta(days=n) for n in range(-1600, 1600)]
    found = [day for day in span if holds(day, today, count)]
    return found[0], found[-1]


def _week(day: date) -> int:
    return (day.toordinal() - 7) // 7  # 7 January of year 1 was a Sunday


def _month(day: date) -> int:
    return day.year * 12 + day.month


def _quarter(day: date) -> int:
    return day.year * 4 + (day.month - 1) // 3


def _distance(unit: Callable[[date], int]) -> Callable[[date, date], int]:
    return lambda day, today: unit(day) - unit(today)


_UNITS = {
    "DAY": _distance(date.toordinal),
    "WEEK": _distance(_week),
    "MONTH": _distance(_month),
    "QUARTER": _distance(_quarter),
    "FISCAL_QUARTER": _distance(_quarter),
    "YEAR": _distance(lambda day: day.year),
    "FISCAL_YEAR": _distance(lambda day: day.year),
}
_PREDICATES: dict[str, Callable[[date, date, int], bool]] = {
    "TODAY": lambda d, t, n: d == t,
    "YESTERDAY": lambda d, t, n: (t - d).days == 1,
    "TOMORROW": lambda d, t, n: (d - t).days == 1,
    "LAST_90_DAYS": lambda d, t, n: 0 <= (t - d).days <= 90,
    "NEXT_90_DAYS": lambda d, t, n: 1 <= (d - t).days <= 90,
}
for _name, _away in _UNITS.items():
    if _name != "DAY":
        _PREDICATES[f"LAST_{_name}"] = lambda d, t, n, away=_away: away(d, t) == -1
        _PREDICATES[f"THIS_{_name}"] = lambda d, t, n, away=_away: away(d, t) == 0
        _PREDICATES[f"NEXT_{_name}"] = lambda d, t, n, away=_away: away(d, t) == 1
    _until = 0 if _name == "DAY" else -1
    _PREDICATES[f"LAST_N_{_name}S"] = lambda d, t, n, away=_away, until=_until: (
        -n <= away(d, t) <= until
    )
    _PREDICATES[f"NEXT_N_{_name}S"] = lambda d, t, n, away=_away: 1 <= away(d, t) <= n
    _PREDICATES[f"N_{_name}S_AGO"] = lambda d, t, n, away=_away: away(d, t) == -n
