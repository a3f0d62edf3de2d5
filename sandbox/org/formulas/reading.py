"""How a field's stored value becomes the value of an expression.

Owns two rules: a blank number is 0 under BlankAsZero, and a percent of 24 is 0.24.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol

from sandbox.org.formulas.arithmetic import ZERO, multiply
from sandbox.org.formulas.interface import Path, Value
from sandbox.org.schema import NUMERIC_TYPES, FieldType

HUNDREDTH = Decimal("0.01")


class FieldSource(Protocol):
    """The part of a context that reading a field needs."""

    @property
    def blanks_as_zero(self) -> bool:
        """True when a blank number is 0."""

    def value(self, path: Path, /) -> Value:
        """The stored value, None when blank."""


def read_field(
    field_type: FieldType, path: Path, read: Callable[[Any], Value] | None = None
) -> Callable[[FieldSource], Value]:
    """A closure that reads one field from the record it is given, by `read` or by its path."""
    fetch = read or (lambda source: source.value(path))
    if field_type not in NUMERIC_TYPES:
        return fetch
    is_percent = field_type is FieldType.PERCENT

    def read_number(source: FieldSource) -> Value:
        value = fetch(source)
        if value is None:
            return ZERO if source.blanks_as_zero else None
        return multiply(value, HUNDREDTH) if is_percent else value

    return read_number
