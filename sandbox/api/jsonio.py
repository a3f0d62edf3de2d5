"""JSON in and out of the org without ever passing a number through a float.

A price of 0.10 must come back as 0.10, so numbers are read as `Decimal` and written digit by digit.
Decimals travel through the fast standard encoder as strings behind a secret mark, which is then
cut away: an encoder of our own in Python would be several times slower on a page of 2,000 rows.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import NoReturn

from sandbox.org.errors import refuse

#: Unknown outside this process, so that no text of a client can pretend to be a number.
_MARK = f"\x00{secrets.token_hex(8)}:"
_ESCAPED_MARK = json.dumps(_MARK)[1:-1]
_MARKED_NUMBER = re.compile(f'"{re.escape(_ESCAPED_MARK)}([-+0-9.E]+)"')
#: A number with more digits before or behind its point is written with an exponent after all.
_LONGEST_PLAIN = 1_000
#: Levels of lists and objects in a body; a tree of five generations has about fifteen.
DEEPEST = 100


def dumps(value: object) -> bytes:
    """`value` as UTF-8 JSON; a Decimal becomes the same digits, as a rule without exponent."""
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
        # Left to itself, json.loads lets half a character through.
        text = data.decode(json.detect_encoding(data))
        value = json.loads(text, parse_float=_read_fraction, parse_constant=_refuse_constant)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False, default=str).encode()
        _check_depth(value)
    except (ValueError, RecursionError) as error:
        raise refuse("JSON_PARSER_ERROR", _describe(error)) from error
    return value


def _mark_decimal(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        is_short = abs(value.adjusted()) <= _LONGEST_PLAIN
        return f"{_MARK}{value:f}" if is_short else f"{_MARK}{value}"
    raise TypeError(f"{value!r} of type {type(value).__name__} has no place in JSON")


def _check_depth(value: object) -> None:
    """Raise RecursionError for what would make a recursive reader of it fail later."""
    level = [value]
    for _ in range(DEEPEST + 1):
        inner = (_inside(each) for each in level)
        level = [v for values in inner for v in values if isinstance(v, (dict, list))]
        if not level:
            return
    raise RecursionError


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _read_fraction(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError("A number's exponent is too large") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _describe(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at [line:{error.lineno}, column:{error.colno}]"
    if isinstance(error, RecursionError):
        return "The body nests too deep"
    return str(error)
