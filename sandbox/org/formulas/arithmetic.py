"""Numbers as Salesforce computes them: 39 significant digits, halves rounded up.

Owns the one decimal context of the engine. Transcendental functions go through binary doubles, as
they do in Salesforce's engine, and come back as the shortest decimal of that double, so that
`FLOOR(LOG(1000))` gives what Salesforce gives. No float leaves this module.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

from sandbox.org.formulas.errors import FormulaError

TRAPS = [DivisionByZero, InvalidOperation, Overflow]
EXACT = Context(prec=39, rounding=ROUND_HALF_UP, traps=TRAPS)
#: CEILING and FLOOR first drop the digits in which 1/3*3 differs from 1.
FORGIVING = Context(prec=33, rounding=ROUND_HALF_UP, traps=TRAPS)
#: `^` keeps 18 digits.
POWER = Context(prec=18, rounding=ROUND_HALF_UP, traps=TRAPS)
#: Rounding to a number of decimals must not fail on long integers.
WIDE = Context(prec=2000, rounding=ROUND_HALF_UP, traps=TRAPS)

ZERO, ONE = Decimal(0), Decimal(1)
MAX_POWER_DIGITS = 64
MAX_EXPONENT_DIGITS = 8
SMALLEST_POWER = Decimal("1E-39")
MAX_PLAIN_DIGITS = 1000


def add(left: Decimal, right: Decimal) -> Decimal:
    """left + right."""
    return EXACT.add(left, right)


def subtract(left: Decimal, right: Decimal) -> Decimal:
    """left - right."""
    return EXACT.subtract(left, right)


def multiply(left: Decimal, right: Decimal) -> Decimal:
    """left * right."""
    return EXACT.multiply(left, right)


def divide(left: Decimal, right: Decimal) -> Decimal:
    """left / right; raises FormulaError for a zero divisor."""
    if not right:
        raise FormulaError("Division by zero")
    return EXACT.divide(left, right)


def remainder(left: Decimal, right: Decimal) -> Decimal:
    """What is left after whole divisions, with the sign of `left`."""
    if not right:
        raise FormulaError("Division by zero in MOD()")
    return EXACT.remainder(left, right)


def power(base: Decimal, exponent: Decimal) -> Decimal:
    """base ^ exponent for whole exponents; raises FormulaError when it leaves 64 digits."""
    if exponent != exponent.to_integral_value() or exponent.adjusted() > MAX_EXPONENT_DIGITS:
        raise FormulaError(f"Exponent {plain(exponent)} of ^ must be a whole number")
    times = int(exponent)
    if not base:
        if times < 0:
            raise FormulaError("0 cannot be raised to a negative power")
        return ONE if times == 0 else ZERO
    if _magnitude(base) * times > MAX_POWER_DIGITS:
        raise FormulaError(f"{plain(base)} ^ {times} is too large")
    result = POWER.power(base, times)
    return ZERO if result.copy_abs() < SMALLEST_POWER else result


def _magnitude(base: Decimal) -> float:
    size = as_float(base.copy_abs())
    return math.log10(size) if 0 < size < math.inf else base.adjusted()


def round_to(value: Decimal, decimals: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    """`value` with that many decimals; negative counts round tens, hundreds and so on.

    A value without any digit in front of the rounded place becomes 0 (`ROUND(60, -2)` is 0).
    """
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= decimals:
        return value
    whole_digits = max(value.adjusted(), 0) + 1
    if whole_digits + decimals <= 0:
        return ZERO
    return value.quantize(Decimal((0, (1,), -decimals)), rounding, WIDE)


def truncate(value: Decimal, decimals: int) -> Decimal:
    """`value` without the decimals beyond that many."""
    return round_to(value, decimals, ROUND_DOWN)


def whole(value: Decimal) -> int:
    """The number without its fraction, as positions, lengths and calendar parts need it."""
    if value.adjusted() > 18:
        raise FormulaError(f"{plain(value)} is too large here")
    return int(value)


def to_integer(value: Decimal, rounding: str) -> Decimal:
    """A whole number in the given direction, forgiving the digits of 1/3*3."""
    return FORGIVING.plus(value).to_integral_value(rounding)


def negate(value: Decimal) -> Decimal:
    """-value, exactly; zero stays without a sign."""
    return value.copy_negate() if value else value


def absolute(value: Decimal) -> Decimal:
    """The number without its sign, exactly."""
    return value.copy_abs()


def as_float(value: Decimal) -> float:
    """A double, infinite where a double ends, for the functions that compute in binary."""
    return float(value)


def in_binary(name: str, compute: Callable[..., float]) -> Callable[..., Decimal]:
    """A function of doubles as a function of numbers; what has no result raises FormulaError."""

    def run(*arguments: Decimal) -> Decimal:
        try:
            return from_float(compute(*[as_float(a) for a in arguments]))
        except (ValueError, OverflowError, ZeroDivisionError) as error:
            given = ", ".join(plain(a) for a in arguments)
            raise FormulaError(f"{name}({given}) has no result") from error

    return run


def from_float(value: float) -> Decimal:
    """The shortest decimal of a double."""
    if not math.isfinite(value):
        raise ValueError(value)
    return Decimal(repr(value))


def plain(value: Decimal) -> str:
    """A number as TEXT() writes it: no exponent, no trailing zeros."""
    if not value:
        return "0"
    if abs(value.adjusted()) > MAX_PLAIN_DIGITS:
        raise FormulaError(f"{value} is too long to write out")
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
