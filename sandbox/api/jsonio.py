"""JSON in and out of the org without ever passing a number through a float.

A price of 0.10 must come back as 0.10, so numbers are read as `Decimal` and written digit by digit.
Decimals travel through the fast standard encoder as strings behind a secret mark, which is then
cut away: an encoder of our own in Python would be several times slower on a page of 2,000 rows.
"""

from __future__ import annotations

import json
import re
import secrets
from decimal import Decimal
from typing import NoReturn

from sandbox.org.errors import refuse

#: Unknown outside this process, so that no text of a client can pretend to be a number.
_MARK = f"\x00{secrets.token_hex(8)}:"
_ESCAPED_MARK = json.dumps(_MARK)[1:-1]
_MARKED_NUMBER = re.compile(f'"{re.escape(_ESCAPED_MARK)}([-0-9.]+)"')


def dumps(value: object) -> bytes:
    """`value` as UTF-8 JSON; a Decimal becomes the same digits, never an exponent."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_mark_decimal)
    if _ESCAPED_MARK in text:
        text = _MARKED_NUMBER.sub(r"\1", text)
    return text.encode()


def loads(data: bytes) -> object:
    """The value that a request's body holds, fractions as Decimal.

    Raises OrgError JSON_PARSER_ERROR when the body is not JSON, nests too deep, or holds text that
    is not Unicode; the client must send another body.
    """
    try:
        value = json.loads(data, parse_float=Decimal, parse_constant=_refuse_constant)
        if b"\\ud" in data.lower():
            json.dumps(value, ensure_ascii=False, default=str).encode()
    except (ValueError, RecursionError) as error:
        raise refuse("JSON_PARSER_ERROR", _describe(error)) from error
    return value


def _mark_decimal(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return f"{_MARK}{value:f}"
    raise TypeError(f"{value!r} of type {type(value).__name__} has no place in JSON")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _describe(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at [line:{error.lineno}, column:{error.colno}]"
    if isinstance(error, RecursionError):
        return "The body nests too deep"
    return str(error)
