"""Canonical values as SQLite holds them, and back.

Owns the storage form: numbers are whole numbers scaled by 10**scale, so that sums and order are
exact; datetimes are UTC text that sorts; a checkbox is 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal

from sandbox.org.canonical import quantize
from sandbox.org.schema import NUMERIC_TYPES, Field, FieldType

#: What sqlite3 stores and gives back for the org's columns.
SqlValue = str | int | None
#: Turns one non-null stored value into the canonical one; None when they are the same.
Decoder = Callable[[SqlValue], object]
Encoder = Callable[[object], SqlValue]


def column_type(field: Field) -> str:
    """The SQLite type of the field's column."""
    is_integer = field.type in NUMERIC_TYPES or field.type is FieldType.CHECKBOX
    return "INTEGER" if is_integer else "TEXT"


def to_sql(field: Field, value: object) -> SqlValue:
    """The stored form of a canonical value; None stays NULL, except that checkboxes are 0."""
    if value is None:
        return 0 if field.type is FieldType.CHECKBOX else None
    encode = encoder(field)
    return encode(value) if encode else value  # type: ignore[return-value]


def from_sql(field: Field, raw: object) -> object:
    """The canonical form of a stored value."""
    if raw is None:
        return False if field.type is FieldType.CHECKBOX else None
    decode = decoder(field)
    return decode(raw) if decode else raw  # type: ignore[arg-type]


def encoder(field: Field) -> Encoder | None:
    """How to store non-null values of this field; None when they are stored as they are."""
    if field.type in NUMERIC_TYPES:
        return _scaled_encoder(field.scale)
    return _ENCODERS.get(field.type)


def decoder(field: Field) -> Decoder | None:
    """How to read non-null values of this field; None when they are read as they are."""
    if field.type in NUMERIC_TYPES:
        return _scaled_decoder(field.scale)
    return _DECODERS.get(field.type)


def _scaled_encoder(scale: int) -> Encoder:
    def encode(value: object) -> SqlValue:
        assert isinstance(value, Decimal)  # noqa: S101 - a float here would corrupt money
        return int(quantize(value, scale).scaleb(scale))

    return encode


def _scaled_decoder(scale: int) -> Decoder:
    def decode(raw: SqlValue) -> object:
        return Decimal(raw).scaleb(-scale)  # type: ignore[arg-type]

    return decode


def _encode_datetime(value: object) -> SqlValue:
    moment: datetime = value  # type: ignore[assignment]
    return moment.astimezone(UTC).isoformat()[:19] + "Z"


def _encode_date(value: object) -> SqlValue:
    return value.isoformat()  # type: ignore[attr-defined, no-any-return]


def _encode_time(value: object) -> SqlValue:
    moment: time = value  # type: ignore[assignment]
    return moment.isoformat(timespec="milliseconds")


def _encode_checkbox(value: object) -> SqlValue:
    return 1 if value else 0


_ENCODERS: dict[FieldType, Encoder] = {
    FieldType.DATETIME: _encode_datetime,
    FieldType.DATE: _encode_date,
    FieldType.TIME: _encode_time,
    FieldType.CHECKBOX: _encode_checkbox,
}
_DECODERS: dict[FieldType, Decoder] = {
    FieldType.DATETIME: datetime.fromisoformat,  # type: ignore[dict-item]
    FieldType.DATE: date.fromisoformat,  # type: ignore[dict-item]
    FieldType.TIME: time.fromisoformat,  # type: ignore[dict-item]
    FieldType.CHECKBOX: bool,
}
