"""Number functions: rounding, remainders, logarithms, angles.

Owns which way each one rounds. CEILING rounds away from zero and FLOOR towards it, unlike
mathematics; MCEILING and MFLOOR follow mathematics.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_UP, Decimal

from sandbox.org.formulas.arithmetic import (
    ZERO,
    absolute,
    in_binary,
    remainder,
    round_to,
    to_integer,
    truncate,
    whole,
)
from sandbox.org.formulas.errors import FormulaError
from sandbox.org.formulas.interface import Value
from sandbox.org.formulas.signature import NUMBER, Function

PI = Decimal("3.14159265358979323846")


def _logarithm(value: float) -> float:
    return math.log(value) / math.log(10)


_angle = in_binary("ATAN2", math.atan2)


def _angle_of(y: Value, x: Value) -> Decimal:
    if y is None or x is None:
        raise FormulaError("ATAN2() of a blank has no result")
    return _angle(y, x)


_ONE = ((NUMBER,),)
_TWO = ((NUMBER,), (NUMBER,))
#: Functions of doubles with one argument.
BINARY = {
    "ACOS": math.acos,
    "ASIN": math.asin,
    "ATAN": math.atan,
    "COS": math.cos,
    "EXP": math.exp,
    "LN": math.log,
    "LOG": _logarithm,
    "SIN": math.sin,
    "SQRT": math.sqrt,
    "TAN": math.tan,
}
#: Functions to a whole number, by direction.
WHOLE = {
    "CEILING": ROUND_UP,
    "FLOOR": ROUND_DOWN,
    "MCEILING": ROUND_CEILING,
    "MFLOOR": ROUND_FLOOR,
}


def _rounding(name: str) -> Function:
    direction = WHOLE[name]
    return Function(name, _ONE, NUMBER, lambda value: to_integer(value, direction))


FUNCTIONS = (
    *[Function(name, _ONE, NUMBER, in_binary(name, work)) for name, work in BINARY.items()],
    *[_rounding(name) for name in WHOLE],
    Function("ABS", _ONE, NUMBER, absolute),
    Function("ATAN2", _TWO, NUMBER, _angle_of, takes_blank=True),
    Function("MAX", _ONE, NUMBER, lambda *values: max(values), repeats=True),
    Function("MIN", _ONE, NUMBER, lambda *values: min(values), repeats=True),
    Function("MOD", _TWO, NUMBER, remainder),
    Function("PI", (), NUMBER, lambda: PI),
    Function("ROUND", _TWO, NUMBER, lambda value, digits: round_to(value, whole(digits))),
    Function(
        "TRUNC",
        _TWO,
        NUMBER,
        lambda value, digits=ZERO: truncate(value, whole(digits)),
        required=1,
    ),
)
