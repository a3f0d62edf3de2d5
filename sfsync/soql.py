"""Writes SOQL with values quoted, so that no value can change a query.

Owns the spelling of values. Users' text never reaches a query by string formatting of our own.
Source: SOQL and SOSL Reference, "Quoted String Escape Sequences".
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from urllib.parse import quote

from simple_salesforce.format import SoqlFormatter

#: What a query may take of the 16,384 bytes that an address may have (error 414).
LONGEST_QUERY_BYTES = 14_000


def soql(template: str, **values: object) -> str:
    """`template` with each `{name}` replaced by the quoted value of that name.

    Text, numbers, booleans, None, dates, aware datetimes, and lists of these (for IN). Raises
    ValueError for an empty list, which SOQL cannot express, and for a naive datetime.
    """
    return _FORMATTER.vformat(template, (), values)


def encoded_bytes(query: str) -> int:
    """How long `query` becomes in an address."""
    return len(quote(query, safe=""))


class _Formatter(SoqlFormatter):
    """Adds what the library's formatter lets pass or cannot spell."""

    def format_field(self, value: object, format_spec: str) -> str:
        if not format_spec:
            if isinstance(value, Decimal):
                return format(value, "f")
            if isinstance(value, list | tuple | set | frozenset):
                value = self._checked(list(value))
            if isinstance(value, datetime) and value.tzinfo is None:
                raise ValueError(f"{value.isoformat()} has no time zone; give an aware datetime")
        return str(super().format_field(value, format_spec))

    def _checked(self, values: list[object]) -> list[object]:
        if not values:
            raise ValueError("an empty list cannot be searched for; skip the query instead")
        return values


_FORMATTER = _Formatter()
