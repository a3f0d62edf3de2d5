"""One number per replica row that tells whether anybody changed the row behind the sync's back.

Owns the canonical text of a row, over which the number is the CRC-32 of its UTF-8 bytes: the values
in the order of the mapping, parted by NUL, which no text of Salesforce or PostgreSQL holds. Each
value is spelled as SQLite stores it (`config.database`), so that a row which is stored straight
from the text of an export needs no detour over Python values:

- nothing at all: U+0001, alone; "" is empty text and something else
- Ids and text: as they are
- checkboxes: 1 or 0
- dates: 2026-11-27
- instants: UTC with six decimals of the second, 2026-11-27 07:00:00.000000
- times of day: six decimals of the second, 07:00:00.000000
- numbers: plain digits without zeros behind the last decimal that counts; 10.50 and 1.05E1 are 10.5
- the text of the column `extra` at the end, where there is one

The number guards against accidents and hand-written SQL, not against somebody who computes it too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from operator import itemgetter
from typing import Any
from zlib import crc32

from sfsync import mapping as maps
from sfsync.mapping import Kind

NOTHING = "\x01"
SEPARATOR = "\x00"

Checksum = Callable[[Mapping[str, Any]], int]


def spell_number(text: str) -> str:
    """A number's text, as a cell or a database holds it, in its one canonical spelling."""
    if "E" in text or "e" in text:
        text = format(Decimal(text), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def spell_instant(value: datetime) -> str:
    """An aware instant in UTC, to the microsecond."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:26]


def _spell_decimal(value: Decimal) -> str:
    return spell_number(str(value))


def _spell_time(value: time) -> str:
    return value.isoformat("microseconds")


def _spell_flag(value: bool) -> str:
    return "1" if value else "0"


#: How values are spelled that are no text already.
SPELLERS: dict[Kind, Callable[[Any], str]] = {
    Kind.DECIMAL: _spell_decimal,
    Kind.FLAG: _spell_flag,
    Kind.DATE: date.isoformat,
    Kind.INSTANT: spell_instant,
    Kind.TIME: _spell_time,
}


def spell_value(kind: Kind, value: Any) -> str | None:
    """One value for people and for the drift ledger; None for nothing."""
    return None if value is None else SPELLERS.get(kind, str)(value)


def checksum_of(mapping: maps.Mapping, row: Mapping[str, Any]) -> int:
    """The checksum of one row, its values by column, `extra` as text; others do not count.

    A page of rows is cheaper with `checksummer`, by the time that preparing one takes.
    """
    return checksummer(mapping)(row)


def checksummer(mapping: maps.Mapping) -> Checksum:
    """The function that gives a row of `mapping` its checksum."""
    pick = itemgetter(*(each.column for each in mapping.fields))
    spelled = [
        (place, SPELLERS[each.kind])
        for place, each in enumerate(mapping.fields)
        if each.kind in SPELLERS
    ]

    def checksum(row: Mapping[str, Any]) -> int:
        values = list(pick(row))
        for place, spell in spelled:
            if values[place] is not None:
                values[place] = spell(values[place])
        return checksum_of_texts([*values, row["extra"]] if row.get("extra") else values)

    return checksum


def checksum_of_texts(texts: list[str | None]) -> int:
    """The checksum of a row whose values are spelled already, in the order of its mapping."""
    line = SEPARATOR.join([NOTHING if text is None else text for text in texts])
    return crc32(line.encode())
