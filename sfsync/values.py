"""Turns the values of answers into Python values, and says when two of them are the same.

Owns the meaning of Salesforce's JSON, and of its tables, per kind of field: text stays text (even
"NA" and "null"), numbers are Decimals, instants are aware UTC. Source: REST API guide, "Valid Date
and DateTime Formats".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sfsync.mapping import FieldMap, Kind


def read_instant(text: str) -> datetime:
    """`2026-11-20T07:00:00.000+0000`, or with Z or +00:00, as an aware UTC instant."""
    return datetime.fromisoformat(text).astimezone(UTC)


def read_decimal(number: object) -> Decimal:
    """A JSON number, exactly. A float has lost digits before it came here, so it is refused."""
    if isinstance(number, float):
        raise TypeError(f"{number!r} is a float; parse the answer with Decimal")
    return Decimal(str(number))


def read_time(text: str) -> time:
    """`10:40:55.666Z` as a time of day; the Z says nothing, a time of day has no zone."""
    return time.fromisoformat(text.removesuffix("Z"))


def read_flag(value: object) -> bool:
    """A JSON truth. Anything else is no checkbox, and `bool` would take it for one."""
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


READERS: dict[Kind, Callable[[Any], object]] = {
    Kind.ID: str,
    Kind.TEXT: str,
    Kind.DECIMAL: read_decimal,
    Kind.FLAG: read_flag,
    Kind.DATE: date.fromisoformat,
    Kind.INSTANT: read_instant,
    Kind.TIME: read_time,
}


CELL_READERS: dict[Kind, Callable[[str], object]] = {
    Kind.ID: str,
    Kind.TEXT: str,
    Kind.DECIMAL: Decimal,
    Kind.FLAG: {"true": True, "false": False}.__getitem__,
    Kind.DATE: date.fromisoformat,
    Kind.INSTANT: read_instant,
    Kind.TIME: read_time,
}


def read_cell(text: str, field: FieldMap) -> object:
    """The value of `field` in a cell of an export, where an empty cell is an empty value."""
    return read_empty(field) if text == "" else CELL_READERS[field.kind](text)


def read_field(record: Mapping[str, Any], field: FieldMap) -> object:
    """The value of `field` in a record of an answer; None when it, or its parent, is empty.

    Raises KeyError when the answer has no such field: it says nothing of it.
    """
    value: Any = record
    for step in field.path.split("."):
        if value is None:
            return None
        value = value[step]
    return read_empty(field) if value is None else READERS[field.kind](value)


def read_empty(field: FieldMap) -> object:
    """What nothing means: a checkbox of the record itself is then not ticked, never unknown."""
    return False if is_own_flag(field) else None


def is_own_flag(field: FieldMap) -> bool:
    """Whether the field is a checkbox of the record itself, not of a parent that may be missing."""
    return field.kind is Kind.FLAG and "." not in field.path


def are_equal(sent: object, found: object) -> bool:
    """Whether the org holds what was sent: amounts by value, instants to the second.

    Salesforce keeps no empty text, so "" and None are the same.
    """
    sent, found = (None if value == "" else value for value in (sent, found))
    if sent is None or found is None:
        return sent is found
    if isinstance(sent, Decimal | int) and isinstance(found, Decimal | int):
        return Decimal(sent) == Decimal(found)
    if isinstance(sent, str) and isinstance(found, str) and sent != found:
        return _same_instant(sent, found)
    return sent == found


def _same_instant(sent: str, found: str) -> bool:
    # Salesforce keeps whole seconds and spells the offset in its own way.
    if len(found) < 19 or "T" not in found or "T" not in sent:
        return False
    try:
        first, second = read_instant(sent), read_instant(found)
    except ValueError:
        return False
    return first.replace(microsecond=0) == second.replace(microsecond=0)
