"""Stored values as JSON values, one function per column.

Owns the shortcut: `to_json(from_sql(raw))` of `sandbox.org.values` in one step, because a page of
2,000 rows converts 30,000 values. A test holds both to the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal

from sandbox.org.schema import NUMERIC_TYPES, Field, FieldType

#: Turns a non-null stored value into its JSON value; None where they are the same.
Converter = Callable[[object], object]
#: Means are shown with as many digits as Salesforce's doubles have.
_MEAN = Context(prec=17)


def json_converter(field: Field) -> Converter | None:
    """How values of the field are shown."""
    if field.type in NUMERIC_TYPES:
        return _scaled(field.scale) if field.scale else None
    return _CONVERTERS.get(field.type)


def convert_column(values: Sequence[object], convert: Converter | None) -> Sequence[object]:
    """A whole column; missing values stay None."""
    if convert is None:
        return values
    return [None if value is None else convert(value) for value in values]


def mean_of(total: object, count: object, scale: int) -> Decimal | None:
    """A mean from its exact halves; None where nothing was counted."""
    if total is None or not isinstance(total, int) or not isinstance(count, int):
        return None
    mean = _MEAN.divide(Decimal(total).scaleb(-scale), Decimal(count))
    return Decimal(format(mean.normalize(), "f"))


def _scaled(scale: int) -> Converter:
    def convert(raw: object) -> object:
        return Decimal(raw).scaleb(-scale)  # type: ignore[arg-type]

    return convert


def _datetime(raw: object) -> object:
    return f"{raw:.19}.000+0000"


def _time(raw: object) -> object:
    return f"{raw}Z"


_CONVERTERS: dict[FieldType, Converter] = {
    FieldType.CHECKBOX: bool,
    FieldType.DATETIME: _datetime,
    FieldType.TIME: _time,
}
