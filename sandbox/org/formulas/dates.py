"""Date, date/time and time functions.

Owns the calendar: impossible days are errors, never rolled over; the last day of a month stays the
last day when months are added. NOW and TODAY come from the context, which knows the user's zone.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal

from sandbox.org.formulas.arithmetic import EXACT, whole
from sandbox.org.formulas.errors import FormulaError
from sandbox.org.formulas.interface import FormulaContext, Value
from sandbox.org.formulas.nodes import Call
from sandbox.org.formulas.signature import (
    BOOLEAN,
    DATE,
    DATETIME,
    NULL,
    NUMBER,
    TEXT,
    TIME,
    Bound,
    Function,
    check_count,
    check_kind,
)
from sandbox.org.formulas.times import (
    day_milliseconds,
    parse_date,
    parse_datetime,
    parse_time,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _date(year: Decimal, month: Decimal, day: Decimal) -> date:
    parts = whole(year), whole(month), whole(day)
    try:
        return date(*parts)
    except (ValueError, OverflowError) as error:
        raise FormulaError(
            f"DATE({parts[0]}, {parts[1]}, {parts[2]}) is no day of the calendar"
        ) from error


def _add_months(start: date, months: Decimal) -> date:
    count = start.year * 12 + start.month - 1 + whole(months)
    year, month = count // 12, count % 12 + 1
    if not 1 <= year <= 9999:
        raise FormulaError(f"ADDMONTHS({start}, {whole(months)}) leaves the calendar")
    last = monthrange(year, month)[1]
    was_last = start.day == monthrange(start.year, start.month)[1]
    return start.replace(year=year, month=month, day=last if was_last else min(start.day, last))


def _date_value(context: FormulaContext, value: Value) -> Value:
    if value is None:
        return None
    if isinstance(value, datetime):
        zone: tzinfo = getattr(context, "time_zone", UTC)
        return value.astimezone(zone).date()
    return parse_date(value)


def _datetime_value(value: Value) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return parse_datetime(value)


def _time_value(value: Value) -> time:
    if isinstance(value, datetime):
        return value.astimezone(UTC).time()
    return value if isinstance(value, time) else parse_time(value)


def _unix_timestamp(value: Value) -> Decimal:
    if isinstance(value, time):
        return Decimal(day_milliseconds(value) // 1000)
    gap = _datetime_value(value) - EPOCH
    return Decimal(gap.days * 86_400 + gap.seconds)


def _from_unix_time(seconds: Decimal) -> datetime:
    milliseconds = whole(EXACT.multiply(seconds, Decimal(1000)))
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise FormulaError(f"FROMUNIXTIME({seconds}) leaves the calendar") from error


def _seconds_between(first: Value, second: Value) -> tuple[int, bool]:
    if isinstance(first, Decimal):
        return whole(first), bool(second)
    if isinstance(first, time):
        return (day_milliseconds(second) - day_milliseconds(first)) // 1000, False
    gap = second - first
    return gap.days * 86_400 + gap.seconds, True


def _format_duration(first: Value, second: Value = False) -> Value:
    if first is None or (second is None and not isinstance(first, Decimal)):
        return None
    seconds, with_days = _seconds_between(first, second)
    minutes, rest = divmod(abs(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if with_days:
        return f"{hours // 24}:{hours % 24:02}:{minutes:02}:{rest:02}"
    return f"{hours:02}:{minutes:02}:{rest:02}"


def _bind_duration(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 1, 2)
    first = arguments[0]
    check_kind(call, first, (NUMBER,) if len(arguments) == 1 else (NUMBER, TIME, DATETIME))
    if len(arguments) > 1 and first.type is not NULL:
        check_kind(call, arguments[1], (BOOLEAN,) if first.type is NUMBER else (first.type,))
    runs = [argument.run for argument in arguments]
    return Bound(TEXT, lambda context: _format_duration(*[run(context) for run in runs]), call)


def _bind_add_months(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 2, 2)
    start, months = arguments
    check_kind(call, start, (DATE, DATETIME))
    check_kind(call, months, (NUMBER,))

    def run(context: FormulaContext) -> Value:
        day, count = start.run(context), months.run(context)
        return None if day is None or count is None else _add_months(day, count)

    return Bound(start.type, run, call)


_DAY, _MOMENT, _CLOCK = (DATE,), (DATE, DATETIME), (TIME,)
_NUMBER = (NUMBER,)
FUNCTIONS = (
    Function("ADDMONTHS", binding=_bind_add_months),
    Function("DATE", (_NUMBER, _NUMBER, _NUMBER), DATE, _date),
    Function("DATETIMEVALUE", ((TEXT, DATE, DATETIME),), DATETIME, _datetime_value),
    Function("DATEVALUE", ((TEXT, DATETIME),), DATE, _date_value, needs_context=True),
    Function("DAY", (_DAY,), NUMBER, lambda day: Decimal(day.day)),
    Function("DAYOFYEAR", (_MOMENT,), NUMBER, lambda day: Decimal(day.timetuple().tm_yday)),
    Function("FORMATDURATION", binding=_bind_duration),
    Function("FROMUNIXTIME", (_NUMBER,), DATETIME, _from_unix_time),
    Function("HOUR", (_CLOCK,), NUMBER, lambda clock: Decimal(clock.hour)),
    Function("ISOWEEK", (_MOMENT,), NUMBER, lambda day: Decimal(day.isocalendar()[1])),
    Function("ISOYEAR", (_MOMENT,), NUMBER, lambda day: Decimal(day.isocalendar()[0])),
    Function("MILLISECOND", (_CLOCK,), NUMBER, lambda clock: Decimal(clock.microsecond // 1000)),
    Function("MINUTE", (_CLOCK,), NUMBER, lambda clock: Decimal(clock.minute)),
    Function("MONTH", (_DAY,), NUMBER, lambda day: Decimal(day.month)),
    Function("NOW", (), DATETIME, lambda context: context.now, needs_context=True),
    Function("SECOND", (_CLOCK,), NUMBER, lambda clock: Decimal(clock.second)),
    Function("TIMENOW", (), TIME, lambda context: _time_value(context.now), needs_context=True),
    Function("TIMEVALUE", ((TEXT, DATETIME, TIME),), TIME, _time_value),
    Function("TODAY", (), DATE, lambda context: context.today, needs_context=True),
    Function("UNIXTIMESTAMP", ((DATE, DATETIME, TIME),), NUMBER, _unix_timestamp),
    Function("WEEKDAY", (_MOMENT,), NUMBER, lambda day: Decimal(day.isoweekday() % 7 + 1)),
    Function("YEAR", (_DAY,), NUMBER, lambda day: Decimal(day.year)),
)
