"""Values in the text as SQL parameters.

Owns escapes, LIKE patterns, and what to do with a value finer than the column: a price of 1.005
against cents, or half a second against whole ones, is never rounded but compared exactly.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction

from sandbox.soql.periods import Period

_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
#: SQLite's whole numbers end here; no stored number comes near.
_LARGEST = 2**63 - 1
#: Number literals of more digits than this are taken for the largest number.
_MAX_DIGITS = 400


@dataclass(frozen=True)
class Point:
    """A value on the column's grid, or between `value` and the next one when not `exact`."""

    value: str | int
    exact: bool = True


@dataclass(frozen=True)
class Span:
    """A half-open range on the column's grid: `first` is in it, `end` is not."""

    first: str
    end: str


def decode_text(raw: str) -> str:
    """The characters that a quoted literal stands for."""
    return _join_surrogates(_ESCAPE.sub(_decode_escape, raw)) if "\\" in raw else raw


def _join_surrogates(text: str) -> str:
    """Two escapes may make one character; half a character is none and becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _decode_escape(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 5:
        return chr(int(code[1:], 16))
    return _CONTROLS.get(code.lower(), code)


def like_pattern(raw: str) -> str:
    r"""A LIKE literal as a pattern for SQLite's LIKE with ESCAPE '\'."""
    return _join_surrogates(_ESCAPE.sub(_escape_for_like, raw)) if "\\" in raw else raw


def _escape_for_like(match: re.Match[str]) -> str:
    char = _decode_escape(match)
    return "\\" + char if char in {"\\", "%", "_"} else char


def fold(text: str) -> str:
    """Text as comparisons see it: letter case has no meaning."""
    return text.lower()


def scaled_number(text: str, scale: int) -> Point:
    """A number literal in units of 10**-scale."""
    if len(text) > _MAX_DIGITS:
        text = text[:_MAX_DIGITS].rstrip(".")
    return scaled_fraction(Fraction(Decimal(text)), scale)


def scaled_fraction(value: Fraction, scale: int) -> Point:
    """An exact value in units of 10**-scale, cut to what SQLite can hold."""
    scaled = value * 10**scale
    floor = math.floor(scaled)
    if abs(floor) >= _LARGEST:
        return Point(_LARGEST if floor > 0 else -_LARGEST, exact=False)
    return Point(floor, exact=floor == scaled)


def datetime_point(text: str) -> Point:
    """A datetime literal with its offset, as UTC to the second."""
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return Point(_utc_text(moment), exact=moment.microsecond == 0)


def time_point(text: str) -> Point:
    """A time-of-day literal to the millisecond."""
    moment = time.fromisoformat(text).replace(tzinfo=None)
    exact = moment.microsecond % 1000 == 0
    return Point(moment.isoformat(timespec="milliseconds"), exact=exact)


def day_span(period: Period) -> Span:
    """The days of a period, for a date column."""
    return Span(period.first.isoformat(), (period.last + timedelta(days=1)).isoformat())


def instant_span(period: Period, zone: tzinfo) -> Span:
    """The instants of a period, from midnight to midnight in the user's zone, for a datetime."""
    midnight = time(tzinfo=zone)
    first = datetime.combine(period.first, midnight).astimezone(UTC)
    end = datetime.combine(period.last + timedelta(days=1), midnight).astimezone(UTC)
    return Span(_utc_text(first), _utc_text(end))


def _utc_text(moment: datetime) -> str:
    return moment.isoformat()[:19] + "Z"


def as_json_list(values: Iterable[str | int]) -> str:
    """Many values as one parameter for json_each."""
    return json.dumps(list(values))
