"""From the result of a formula to the value that a field holds.

Owns rounding and units at that border: fractions become percents, numbers get the field's decimals
(halves up), an unknown checkbox is unchecked, an empty text is a blank.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from sandbox.org.formulas.arithmetic import WIDE, multiply
from sandbox.org.formulas.errors import FormulaError
from sandbox.org.formulas.interface import Value
from sandbox.org.schema import NUMERIC_TYPES, Field, FieldType

HUNDRED = Decimal(100)


def to_percent(value: Value) -> Value:
    """A fraction as a Percent field holds it: 0.24 is 24. A blank stays blank."""
    return None if value is None else multiply(value, HUNDRED)


def to_field_value(value: Value, field: Field) -> Value:
    """The canonical value that `field` shows for the formula result `value`.

    Used for formula fields and for defaults. Numbers come back with exactly the field's scale.
    Raises FormulaError for a number of more digits than can be written out.
    """
    if field.type is FieldType.CHECKBOX:
        return bool(value)
    if value is None or value == "":
        return None
    if field.type in NUMERIC_TYPES:
        number = to_percent(value) if field.type is FieldType.PERCENT else value
        try:
            return number.quantize(Decimal((0, (1,), -field.scale)), ROUND_HALF_UP, WIDE)
        except InvalidOperation as error:
            raise FormulaError(f"The result is too large for {field.name}") from error
    if field.type is FieldType.DATETIME and isinstance(value, datetime):
        return value.replace(microsecond=0)
    return value
