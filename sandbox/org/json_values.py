"""Canonical values as JSON carries them, and back.

Owns what a request may say about a field: JSON type, length, precision and form of Ids, refused
with Salesforce's own codes. Which picklist values exist and which records exist is not decided
here. Source: developer.salesforce.com, REST API guide, "Data Types and Formats"; message texts
follow what public issue threads quote.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

from sandbox.org.canonical import quantize, text_or_none, whole_second
from sandbox.org.errors import OrgError, refuse
from sandbox.org.ids import MalformedIdError, normalize_id
from sandbox.org.schema import NUMERIC_TYPES, REFERENCE_TYPES, Field, FieldType

#: What Salesforce's parser calls each type in its refusals.
_WIRE_NAMES = {
    FieldType.CHECKBOX: "boolean",
    FieldType.NUMBER: "double",
    FieldType.CURRENCY: "currency",
    FieldType.PERCENT: "percent",
    FieldType.DATE: "date",
    FieldType.DATETIME: "datetime",
    FieldType.TIME: "time",
}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")


def to_json(field: Field, value: object) -> object:
    """What a REST answer shows for a canonical value.

    Whole numbers become int, other numbers exact Decimal (the caller's encoder must not round).
    """
    if value is None:
        return None
    if isinstance(value, Decimal):
        return int(value) if field.scale == 0 else value
    if isinstance(value, datetime):
        return value.isoformat()[:19] + ".000+0000"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="milliseconds") + "Z"
    return value


def from_json(field: Field, raw: object) -> object:
    """The canonical value of what a request gives for `field`.

    `raw` is str, int, Decimal, bool or None; text that spells a number or a truth is taken for
    one, as Salesforce does. Raises OrgError: JSON_PARSER_ERROR, STRING_TOO_LONG,
    NUMBER_OUTSIDE_VALID_RANGE, MALFORMED_ID, INVALID_EMAIL_ADDRESS.
    """
    if isinstance(raw, float):
        raise TypeError(f"{field.name}: floats lose cents; parse JSON with parse_float=Decimal")
    if raw is None or raw == "":
        return False if field.type is FieldType.CHECKBOX else None
    return _PARSERS[field.type](field, raw)


def _parse_text(field: Field, raw: object) -> object:
    if not isinstance(raw, str):
        raise _wrong_json_type(field, raw)
    text = text_or_none(raw)
    if text is not None and field.length is not None and len(text) > field.length:
        raise refuse(
            "STRING_TOO_LONG",
            f"{label(field)}: data value too large: {_shown(text)} (max length={field.length})",
            field.name,
        )
    return text


def _parse_email(field: Field, raw: object) -> object:
    text = _parse_text(field, raw)
    if isinstance(text, str) and not _EMAIL.fullmatch(text):
        raise refuse(
            "INVALID_EMAIL_ADDRESS", f"{label(field)}: invalid email address: {text}", field.name
        )
    return text


def _parse_number(field: Field, raw: object) -> object:
    number = _read_number(field, raw)
    limit = Decimal(10) ** ((field.precision or 18) - field.scale)
    # Compared before rounding too: `1e999999` must not be spelled out digit by digit. And
    # copied, since abs() fails on exponents that only a constructor takes.
    rounded = quantize(number, field.scale) if number.copy_abs() < limit else limit
    if abs(rounded) >= limit:
        raise refuse(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{label(field)}: value outside of valid range on numeric field: {raw}",
            field.name,
        )
    return rounded


def _read_number(field: Field, raw: object) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal | str):
        raise _wrong_json_type(field, raw)
    try:
        number = Decimal(raw.strip() if isinstance(raw, str) else raw)
    except InvalidOperation:
        raise _wrong_json_type(field, raw) from None
    if number.is_nan():
        raise _wrong_json_type(field, raw)
    return number


def _parse_checkbox(field: Field, raw: object) -> object:
    if isinstance(raw, bool):
        return raw
    spelled = raw.strip().lower() if isinstance(raw, str) else None
    if spelled not in {"true", "false"}:
        raise _wrong_json_type(field, raw)
    return spelled == "true"


def _parse_date(field: Field, raw: object) -> object:
    # fromisoformat also takes week dates and 20261120, which Salesforce refuses.
    if isinstance(raw, str) and len(raw) == 10 and raw[4] == raw[7] == "-":
        try:
            return date.fromisoformat(raw)
        except ValueError:
            pass  # answered below like every other text that is no date
    raise _wrong_json_type(field, raw)


def _parse_datetime(field: Field, raw: object) -> object:
    if isinstance(raw, str) and _DATETIME.fullmatch(raw):
        try:
            return whole_second(datetime.fromisoformat(raw))
        except (ValueError, OverflowError):
            pass  # answered below like every other text that is no instant
    raise _wrong_json_type(field, raw)


def _parse_time(field: Field, raw: object) -> object:
    if isinstance(raw, str):
        try:
            moment = time.fromisoformat(raw.removesuffix("Z")).replace(tzinfo=None)
        except ValueError:
            raise _wrong_json_type(field, raw) from None
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    raise _wrong_json_type(field, raw)


def _parse_id(field: Field, raw: object) -> object:
    if not isinstance(raw, str):
        raise _wrong_json_type(field, raw)
    try:
        return normalize_id(raw.strip())
    except MalformedIdError:
        message = f"{label(field)}: id value of incorrect type: {_shown(raw)}"
        raise refuse("MALFORMED_ID", message, field.name) from None


def label(field: Field) -> str:
    """How refusals name the field to people."""
    return field.label or field.name


def _shown(text: str) -> str:
    return text if len(text) <= 80 else text[:80] + "…"


def _wrong_json_type(field: Field, raw: object) -> OrgError:
    wanted = _WIRE_NAMES.get(field.type, "string")
    return refuse(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {wanted} from {_token(raw)} value {_shown(str(raw))} "
        f"or request may be missing a required field ({field.name})",
        field.name,
    )


def _token(raw: object) -> str:
    if isinstance(raw, bool):
        return "VALUE_TRUE" if raw else "VALUE_FALSE"
    tokens: list[tuple[type, str]] = [
        (int, "VALUE_NUMBER_INT"),
        (Decimal, "VALUE_NUMBER_FLOAT"),
        (str, "VALUE_STRING"),
        (dict, "START_OBJECT"),
    ]
    return next((name for kind, name in tokens if isinstance(raw, kind)), "START_ARRAY")


_PARSERS: dict[FieldType, Callable[[Field, object], object]] = {
    **dict.fromkeys(FieldType, _parse_text),
    **dict.fromkeys(NUMERIC_TYPES, _parse_number),
    **dict.fromkeys(REFERENCE_TYPES, _parse_id),
    FieldType.ID: _parse_id,
    FieldType.EMAIL: _parse_email,
    FieldType.CHECKBOX: _parse_checkbox,
    FieldType.DATE: _parse_date,
    FieldType.DATETIME: _parse_datetime,
    FieldType.TIME: _parse_time,
}
