"""Reads calendar days and moments: date cells, serial numbers, and dates typed as text.

Owns the order of day and month in slashed dates: the column decides, or the cell is refused.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

from babel import Locale

from spreadsheets.columns import LANGUAGES, Column, read_text
from spreadsheets.problems import CellRejected

#: Serials of 2000-01-01 and 2079-06-06: outside them a bare number is no plausible deadline.
FIRST_SERIAL, LAST_SERIAL = 36526, 65536
DATE_REMEDY = "Write the date as year-month-day, for example 2026-03-12."


def read_date(value: object, column: Column) -> date:
    """A calendar day from a date cell, a serial number or text in one of the usual notations."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return date_of_serial(Decimal(str(value)), column.epoch)
    text = read_text(value, column)
    if re.fullmatch(r"\d{5}(\.0+)?", text):
        return date_of_serial(Decimal(text), column.epoch)
    return date_of_text(text, column)


def date_of_serial(serial: Decimal, epoch: datetime) -> date:
    """The day behind a spreadsheet's date serial; a time of day in the fraction is dropped."""
    if not FIRST_SERIAL <= serial <= LAST_SERIAL:
        raise CellRejected(f"The number {serial} is no date of this century.", DATE_REMEDY)
    return (epoch + timedelta(days=int(serial))).date()


def date_of_text(text: str, column: Column) -> date:
    """A day from text: ISO, dotted day.month.year, slashes where the column decides, or words."""
    if match := re.fullmatch(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?:[T ].*)?", text):
        year, month, day = (int(part) for part in match.groups())
    elif match := re.fullmatch(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", text):
        day, month, year = (int(part) for part in match.groups())
    elif match := re.fullmatch(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})", text):
        day, month, year = order_day_and_month(text, match, column)
    else:
        day, month, year = split_worded_date(text)
    try:
        return date(year, month, day)
    except ValueError as error:
        raise CellRejected(f"There is no such day as '{text}'.", DATE_REMEDY) from error


def order_day_and_month(text: str, match: re.Match[str], column: Column) -> tuple[int, int, int]:
    """Day, month, year of 03/04/2026; refused when neither the cell nor the column decides."""
    first, second, year = (int(part) for part in match.groups())
    day_first = day_first_of(first, second)
    if day_first is None:
        day_first = column.day_first
    if day_first is None and first != second:
        raise CellRejected(
            f"'{text}' may be {year}-{second:02}-{first:02} or {year}-{first:02}-{second:02}.",
            DATE_REMEDY,
        )
    return (first, second, year) if day_first or first == second else (second, first, year)


def day_first_of(first: int, second: int) -> bool | None:
    """Whether a slashed date starts with the day; None when both readings are possible."""
    if first > 12 >= second:
        return True
    if second > 12 >= first:
        return False
    return None


def decide_day_first(texts: list[str]) -> bool | None:
    """How a column writes slashed dates: decided when some decide and none contradicts."""
    verdicts = set()
    for text in texts:
        if match := re.fullmatch(r"\s*(\d{1,2})[/-](\d{1,2})[/-]\d{4}\s*", text):
            verdicts.add(day_first_of(int(match[1]), int(match[2])))
    verdicts.discard(None)
    return verdicts.pop() if len(verdicts) == 1 else None


def split_worded_date(text: str) -> tuple[int, int, int]:
    """Day, month and year of `12 March 2026`, `12. marca 2026` or `March 12, 2026`."""
    words = re.findall(r"[^\W\d_]+|\d+", text)
    numbers = [int(word) for word in words if word.isdigit()]
    months = [month_names()[w.casefold()] for w in words if w.casefold() in month_names()]
    years = [number for number in numbers if number > 1900]
    days = [number for number in numbers if 1 <= number <= 31]
    if len(words) != 3 or not (len(months) == len(years) == len(days) == 1):
        raise CellRejected(f"'{text}' is no date.", DATE_REMEDY)
    return days[0], months[0], years[0]


@cache
def month_names() -> dict[str, int]:
    """Month names and their usual short forms in the understood languages."""
    names: dict[str, int] = {}
    for language in LANGUAGES:
        months = Locale(language).months
        for form in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in months[form][width].items():
                    names.setdefault(name.casefold().rstrip("."), number)
    return names


def read_instant(value: object, column: Column) -> datetime:
    """A moment in the business time zone, still naive: the layout adds the zone."""
    if isinstance(value, datetime):
        return value.replace(microsecond=0)
    if isinstance(value, int | float) and not isinstance(value, bool):
        day = date_of_serial(Decimal(str(value)), column.epoch)
        seconds = round(value % 1 * 86_400)
        return datetime.combine(day, time.min) + timedelta(seconds=seconds)
    text = read_text(value, column)
    match = re.fullmatch(r"(.+?)[ T](\d{1,2}):(\d{2})(?::(\d{2}))?", text)
    if match is None:
        raise CellRejected(f"'{text}' is no date with a time.", "Write it like 2026-03-12 14:30.")
    day = read_date(match[1], column)
    try:
        return datetime(  # noqa: DTZ001 -- the zone is added by the caller, who knows it
            day.year, day.month, day.day, int(match[2]), int(match[3]), int(match[4] or 0)
        )
    except ValueError as error:
        raise CellRejected(f"There is no such time as '{text}'.", "Check the hour.") from error
