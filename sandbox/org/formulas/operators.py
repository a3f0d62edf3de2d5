"""The operators `+ - * / ^ & = <> < > <= >=`, typed by what stands on both sides.

Owns which types may meet and what a blank does to each pair. Text is never null (`null = ""` is
true) and an unknown truth equals false, everything else is three-valued. Adding to a date counts
whole days, adding to a date/time counts seconds, adding to a time counts milliseconds.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sandbox.org.formulas.arithmetic import (
    EXACT,
    add,
    divide,
    multiply,
    negate,
    power,
    round_to,
    subtract,
    whole,
)
from sandbox.org.formulas.errors import FormulaError, FormulaTypeError
from sandbox.org.formulas.interface import Evaluate, FormulaContext, ResultType, Value
from sandbox.org.formulas.nodes import Call
from sandbox.org.formulas.signature import (
    ANY,
    BOOLEAN,
    DATE,
    DATETIME,
    LOCATION,
    MULTIPICKLIST,
    NULL,
    NUMBER,
    PICKLIST,
    TEXT,
    TIME,
    Bound,
    Function,
    check_count,
    check_kind,
    common_type,
)
from sandbox.org.formulas.times import DAY_MILLISECONDS, day_milliseconds, time_at

SECONDS_PER_DAY = Decimal(86_400)
MICROSECONDS_PER_DAY = Decimal(86_400_000_000)
#: Types without a `=`.
INCOMPARABLE = (LOCATION, PICKLIST, MULTIPICKLIST)


def _shift_date(day: date, days: Decimal) -> date:
    try:
        return day + timedelta(days=whole(days))
    except OverflowError as error:
        raise FormulaError(f"{day} plus {whole(days)} days is outside the calendar") from error


def _shift_datetime(moment: datetime, days: Decimal) -> datetime:
    seconds = round_to(EXACT.multiply(days, SECONDS_PER_DAY), 0, ROUND_HALF_UP)
    try:
        return moment + timedelta(seconds=whole(seconds))
    except OverflowError as error:
        raise FormulaError(f"{moment} plus {days} days is outside the calendar") from error


def _shift_time(start: time, milliseconds: Decimal) -> time:
    return time_at(day_milliseconds(start) + whole(milliseconds))


def _days_between(later: Value, earlier: Value) -> Decimal:
    gap: timedelta = later - earlier
    microseconds = (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds
    return EXACT.divide(Decimal(microseconds), MICROSECONDS_PER_DAY)


def _milliseconds_between(later: time, earlier: time) -> Decimal:
    gap = day_milliseconds(later) - day_milliseconds(earlier)
    return Decimal(gap % DAY_MILLISECONDS)


#: `+` by the types of both sides: result and work.
ADDITIONS: dict[tuple[ResultType, ResultType], tuple[ResultType, Callable[..., Value]]] = {
    (NUMBER, NUMBER): (NUMBER, add),
    (DATE, NUMBER): (DATE, _shift_date),
    (NUMBER, DATE): (DATE, lambda days, day: _shift_date(day, days)),
    (DATETIME, NUMBER): (DATETIME, _shift_datetime),
    (NUMBER, DATETIME): (DATETIME, lambda days, moment: _shift_datetime(moment, days)),
    (TIME, NUMBER): (TIME, _shift_time),
}
#: `-` by the types of both sides.
SUBTRACTIONS: dict[tuple[ResultType, ResultType], tuple[ResultType, Callable[..., Value]]] = {
    (NUMBER, NUMBER): (NUMBER, subtract),
    (DATE, NUMBER): (DATE, lambda day, days: _shift_date(day, negate(days))),
    (DATE, DATE): (NUMBER, _days_between),
    (DATETIME, NUMBER): (DATETIME, lambda moment, days: _shift_datetime(moment, negate(days))),
    (DATETIME, DATETIME): (NUMBER, _days_between),
    (TIME, NUMBER): (TIME, lambda start, count: _shift_time(start, negate(count))),
    (TIME, TIME): (NUMBER, _milliseconds_between),
}
#: What a null stands for where the type has no null of its own: `(1 > null) <> true` is true.
BLANKS: dict[ResultType, Value] = {TEXT: "", BOOLEAN: False}
COMPARISONS = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
COMPARABLE = (NUMBER, DATE, DATETIME, TIME, TEXT)


def _known(work: Callable[..., Value], left: Evaluate, right: Evaluate) -> Evaluate:
    def run(context: FormulaContext) -> Value:
        first, second = left(context), right(context)
        return None if first is None or second is None else work(first, second)

    return run


def _unknown(left: Evaluate, right: Evaluate) -> Evaluate:
    return _known(lambda _first, _second: None, left, right)


def _bind_sum(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 1, 2)
    if len(arguments) == 1:
        check_kind(call, arguments[0], (NUMBER,))
        return _bind_sign(call, arguments[0])
    left, right = arguments
    if call.name == "+" and TEXT in (left.type, right.type):
        return _bind_concatenation(call, arguments)
    table = ADDITIONS if call.name == "+" else SUBTRACTIONS
    found = table.get((left.type, right.type))
    if found is not None:
        return Bound(found[0], _known(found[1], left.run, right.run), call)
    if NULL in (left.type, right.type):
        return Bound(NULL, _unknown(left.run, right.run), call)
    raise _mismatch(call, left, right, [pair for pair in table if pair[0] is left.type])


def _bind_sign(call: Call, operand: Bound) -> Bound:
    if call.name == "+":
        return Bound(NUMBER, operand.run, call)
    run = operand.run

    def negated(context: FormulaContext) -> Value:
        value = run(context)
        return None if value is None else negate(value)

    return Bound(NUMBER, negated, call)


def _mismatch(
    call: Call, left: Bound, right: Bound, pairs: list[tuple[ResultType, ResultType]]
) -> FormulaTypeError:
    wrong, expected = (right, [pair[1] for pair in pairs]) if pairs else (left, [NUMBER, DATE])
    hint = "; use TEXT() of the picklist" if wrong.type is PICKLIST else ""
    return FormulaTypeError(
        f"Incorrect parameter type for {call.label}. Expected "
        f"{' or '.join(str(kind) for kind in expected)}, received {wrong.type}{hint}",
        wrong.node.line,
        wrong.node.column,
    )


def _bind_concatenation(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 2, 2)
    for argument in arguments:
        check_kind(call, argument, (TEXT,))
    left, right = arguments[0].run, arguments[1].run

    def run(context: FormulaContext) -> Value:
        return ((left(context) or "") + (right(context) or "")) or None

    return Bound(TEXT, run, call)


def _bind_equality(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 2, 2)
    first, second = arguments
    for argument in arguments:
        if argument.type in INCOMPARABLE:
            raise _incomparable(call, argument)
    kind = common_type(call, first, second)
    work = operator.eq if call.name == "=" else operator.ne
    if kind in BLANKS:
        run = _filled_equality(work, first.run, second.run, BLANKS[kind])
        return Bound(BOOLEAN, run, call)
    return Bound(BOOLEAN, _known(work, first.run, second.run), call)


def _filled_equality(
    work: Callable[..., Value], left: Evaluate, right: Evaluate, blank: Value
) -> Evaluate:
    def run(context: FormulaContext) -> Value:
        return work(left(context) or blank, right(context) or blank)

    return run


def _incomparable(call: Call, argument: Bound) -> FormulaTypeError:
    field = getattr(argument.node, "name", "this value")
    remedy = {
        PICKLIST: f"use ISPICKVAL({field}, …) or TEXT({field})",
        MULTIPICKLIST: f"use INCLUDES({field}, …)",
        LOCATION: "use DISTANCE()",
    }[argument.type]
    return FormulaTypeError(
        f"{field} has type {argument.type}, which {call.label} cannot compare; {remedy}",
        argument.node.line,
        argument.node.column,
    )


def _bind_comparison(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 2, 2)
    for argument in arguments:
        if argument.type in INCOMPARABLE:
            raise _incomparable(call, argument)
        check_kind(call, argument, COMPARABLE)
    common_type(call, arguments[0], arguments[1])
    work = COMPARISONS[call.name]
    return Bound(BOOLEAN, _known(work, arguments[0].run, arguments[1].run), call)


_NUMBERS = ((NUMBER,), (NUMBER,))
OPERATORS = (
    Function("+", returns=ANY, binding=_bind_sum),
    Function("-", returns=ANY, binding=_bind_sum),
    Function("*", _NUMBERS, NUMBER, multiply),
    Function("/", _NUMBERS, NUMBER, divide),
    Function("^", _NUMBERS, NUMBER, power),
    Function("&", returns=TEXT, binding=_bind_concatenation),
    Function("=", returns=BOOLEAN, binding=_bind_equality),
    Function("<>", returns=BOOLEAN, binding=_bind_equality),
    *[Function(name, returns=BOOLEAN, binding=_bind_comparison) for name in COMPARISONS],
)
