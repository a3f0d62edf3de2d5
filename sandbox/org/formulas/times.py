"""Times of day and Java's text formats of dates, as Salesforce reads them.

Owns the conversions between text, milliseconds and calendar values. Salesforce parses with lenient
digits ("2011-1-9 5:2:33" is fine) but strict ranges, and DATEVALUE, DATETIMEVALUE and TIMEVALUE
differ in what may follow.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

from sandbox.org.formulas.errors import FormulaError

#: A number of a date; nine digits are beyond every range and cheap to read.
_PART = r"\s*(\d{1,9})"
DATE_TEXT = re.compile(rf"(\d{{4}})-{_PART}-{_PART}", re.ASCII)
DATETIME_TEXT = re.compile(rf"{DATE_TEXT.pattern}\s{_PART}:{_PART}:{_PART}", re.ASCII)
TIME_TEXT = re.compile(rf"{_PART}:{_PART}:{_PART}\.{_PART}", re.ASCII)
EXAMPLES = {
    "date": "2026-11-20",
    "date/time": "2026-11-20 17:30:00",
    "time": "17:30:45.125",
}
DAY_MILLISECONDS = 86_400_000


def day_milliseconds(value: time) -> int:
    """Milliseconds since midnight."""
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return seconds * 1000 + value.microsecond // 1000


def time_at(milliseconds: int) -> time:
    """The time that many milliseconds after midnight, on whatever day.

    Raises FormulaError before midnight: Salesforce's engine does not wrap backwards.
    """
    if milliseconds < 0 and milliseconds % DAY_MILLISECONDS:
        raise FormulaError("The time lies before midnight; a time cannot go back past 00:00")
    seconds, thousandths = divmod(milliseconds % DAY_MILLISECONDS, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return time(hour, minute, second, thousandths * 1000)


def parse_date(text: str) -> date:
    """DATEVALUE of a text such as "2026-11-20"; whatever follows is ignored."""
    year, month, day = _numbers(DATE_TEXT.match(text), "date", text)
    try:
        return date(year, month, day)
    except ValueError as error:
        raise FormulaError(f"'{text}' is no date of the calendar: {error}") from error


def parse_datetime(text: str) -> datetime:
    """DATETIMEVALUE of a text such as "2026-11-20 17:00:00", read as UTC."""
    year, month, day, hour, minute, second = _numbers(DATETIME_TEXT.match(text), "date/time", text)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise FormulaError(f"'{text}' is no date/time of the calendar: {error}") from error


def parse_time(text: str) -> time:
    """TIMEVALUE of a text such as "17:30:45.125"; nothing may follow."""
    hour, minute, second, thousandths = _numbers(TIME_TEXT.fullmatch(text), "time", text)
    try:
        return time(hour, minute, second, thousandths * 1000)
    except ValueError as error:
        raise FormulaError(f"'{text}' is no time of a day: {error}") from error


def format_datetime(value: datetime) -> str:
    """A date/time as TEXT() writes it: UTC, to the second, with a Z."""
    return f"{value.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat(' ')}Z"


def _numbers(match: re.Match[str] | None, name: str, text: str) -> list[int]:
    if match is None:
        raise FormulaError(f"'{text}' is no {name}; write it as {EXAMPLES[name]}")
    return [int(part) for part in match.groups()]
