"""Canonical values: the one form in which the org holds each kind of field in memory.

Owns normalisation (scale of numbers, whole seconds, blank text as None), so that comparing two
values of a field is always `==`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TypeVar

from sandbox.org.schema import NUMERIC_TYPES, Field, FieldType

T = TypeVar("T")


def canonical(field: Field, value: object) -> object:
    """The canonical form of a value that a formula or the org itself made for `field`.

    Numbers are rounded half up to the field's scale, times lose fractions of a second, blank text
    becomes None and a missing checkbox is False. Raises TypeError for a value of another kind,
    which is a mistake in this program or a formula of the wrong type.
    """
    if field.type is FieldType.CHECKBOX:
        return bool(value)
    if value is None:
        return None
    if field.type in NUMERIC_TYPES:
        return quantize(_number(field, value), field.scale)
    if field.type is FieldType.DATE:
        return _date(field, value)
    if field.type is FieldType.DATETIME:
        return whole_second(_expect(field, value, datetime))
    if field.type is FieldType.TIME:
        return _expect(field, value, time)
    return text_or_none(_expect(field, value, str))


def text_or_none(text: str) -> str | None:
    """Salesforce keeps no empty strings: blank text is no value."""
    return text if text and not text.isspace() else None


@lru_cache(maxsize=32)
def _unit(scale: int) -> Decimal:
    return Decimal(1).scaleb(-scale)


def quantize(value: Decimal, scale: int) -> Decimal:
    """`value` rounded half up to `scale` decimal places."""
    return value.quantize(_unit(scale), rounding=ROUND_HALF_UP)


def whole_second(moment: datetime) -> datetime:
    """The same instant in UTC without the fraction: Salesforce keeps whole seconds."""
    if moment.tzinfo is None:
        raise TypeError(f"a datetime needs a zone, got {moment.isoformat()}")
    return moment.astimezone(UTC).replace(microsecond=0)


def _number(field: Field, value: object) -> Decimal:
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return _expect(field, value, Decimal)


def _date(field: Field, value: object) -> date:
    # A datetime is a date to Python, and a formula default of NOW() on a date field means today.
    if isinstance(value, datetime):
        return value.astimezone(UTC).date()
    return _expect(field, value, date)


def _expect(field: Field, value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(
            f"{field.name} ({field.type}) takes {kind.__name__}, got {type(value).__name__}"
        )
    return value
