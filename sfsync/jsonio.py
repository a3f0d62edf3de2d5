"""JSON in which an amount keeps every digit, both ways.

Owns the spelling of values for Salesforce: Decimals become exact JSON numbers, dates, instants and
times of day its ISO forms. The standard library would turn a Decimal into a float or refuse it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

#: How JSON spells what is neither text nor number.
_CONSTANTS = {None: "null", True: "true", False: "false"}


def dumps(value: object, *, sort_keys: bool = False) -> str:
    """`value` as JSON text. Raises TypeError for a float or anything without an exact spelling."""
    return _spell(value, sort_keys)


def encode(value: object) -> bytes:
    """`value` as the body of a request."""
    return dumps(value).encode()


def loads(text: str | bytes) -> Any:
    """JSON text as Python values; numbers with a point or exponent become Decimal."""
    return json.loads(text, parse_float=Decimal)


def spell_instant(value: datetime) -> str:
    """An instant as Salesforce reads it: UTC, whole milliseconds."""
    if value.tzinfo is None:
        raise TypeError(f"{value.isoformat()} has no time zone; give an aware datetime")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{value.microsecond // 1000:03d}+0000"
    )


def spell_time(value: time) -> str:
    """A time of day as Salesforce reads it, whole milliseconds."""
    if value.tzinfo is not None:
        raise TypeError(f"{value.isoformat()} has a time zone; a time of day has none")
    return f"{value.isoformat(timespec='milliseconds')}Z"


def _spell(value: object, sort_keys: bool) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None or isinstance(value, bool):
        return _CONSTANTS[value]
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, Decimal):
        return _spell_decimal(value)
    if isinstance(value, datetime):
        return f'"{spell_instant(value)}"'
    if isinstance(value, date):
        return f'"{value.isoformat()}"'
    if isinstance(value, time):
        return f'"{spell_time(value)}"'
    if isinstance(value, Mapping):
        items = sorted(value.items()) if sort_keys else value.items()
        pairs = (
            f"{encode_basestring(str(name))}:{_spell(each, sort_keys)}" for name, each in items
        )
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return "[" + ",".join(_spell(each, sort_keys) for each in value) + "]"
    raise TypeError(f"{value!r} ({type(value).__name__}) has no exact JSON spelling")


def _spell_decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise TypeError(f"{value} is not a number that JSON can hold")
    return format(value, "f")
