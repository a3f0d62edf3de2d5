"""Turns the rows of an export into what a database stores, column by column.

Owns the short way from the text of a cell to storage, without a Python value between where there
is no need for one. It must end in the very bytes that the long way ends in, by `values` and the
types of the columns; a test compares the two. Many cells of a column are alike, so that each text
is converted once for a chunk of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zlib import crc32

from sfsync.checksums import NOTHING, SEPARATOR, spell_instant, spell_number
from sfsync.mapping import Kind, Mapping
from sfsync.values import read_instant

Column = Sequence[Any]
Spell = Callable[[str], Any]


def _spell_flag(cell: str) -> str:
    return "1" if cell == "true" else "0"


def _spell_decimal(cell: str) -> str:
    return spell_number(str(Decimal(cell)))


def _spell_date(cell: str) -> str:
    return date.fromisoformat(cell).isoformat()


def _spell_moment(cell: str) -> str:
    return spell_instant(read_instant(cell))


def _store_decimal(cell: str) -> str:
    return format(Decimal(cell), "f")


def _store_zoned(cell: str) -> str:
    return f"{spell_instant(read_instant(cell))}+00"


#: How `checksums` spells what is no text already.
CANONICAL: dict[Kind, Spell] = {
    Kind.DECIMAL: _spell_decimal,
    Kind.FLAG: _spell_flag,
    Kind.DATE: _spell_date,
    Kind.INSTANT: _spell_moment,
}
#: What each database stores where that differs from the canonical spelling.
STORED: dict[str, dict[Kind, Spell]] = {
    "sqlite": {Kind.DECIMAL: _store_decimal, Kind.FLAG: "true".__eq__},
    "postgresql": {Kind.DECIMAL: _store_decimal, Kind.INSTANT: _store_zoned},
}


@dataclass(frozen=True)
class Chunk:
    """Some rows of an export, in the order of the mapping's fields."""

    mapping: Mapping
    cells: Sequence[Sequence[str]]  #: as they arrived
    stored: list[tuple[Any, ...]]  #: as the database stores them, the checksum last
    deleted: int  #: rows that are in the recycle bin

    @property
    def ids(self) -> list[str]:
        """The record Ids."""
        place = _place(self.mapping, "salesforce_id")
        return [row[place] for row in self.cells]


def read_chunk(
    mapping: Mapping, columns: Sequence[str], cells: Sequence[Sequence[str]], dialect: str
) -> Chunk:
    """Rows of an export whose `columns` are the mapping's paths, in whatever order.

    Raises ValueError when a column is missing or a cell is not of its kind.
    """
    if tuple(columns) != mapping.paths:
        places = [list(columns).index(path) for path in mapping.paths]
        cells = [[row[place] for place in places] for row in cells]
    found = list(zip(*cells, strict=True))
    texts: list[Column] = []
    stored: list[Column] = []
    memos = {kind: _Memo(spell) for kind, spell in CANONICAL.items()}
    others = {kind: _Memo(spell) for kind, spell in STORED[dialect].items()}
    for field, column in zip(mapping.fields, found, strict=True):
        text = list(map(memos[field.kind].__getitem__, column)) if field.kind in memos else column
        own = others.get(field.kind)
        texts.append([each or NOTHING for each in text])
        stored.append(
            [each or None for each in text] if own is None else list(map(own.__getitem__, column))
        )
    sums = [crc32(line.encode()) for line in map(SEPARATOR.join, zip(*texts, strict=True))]
    flags = found[_place(mapping, "is_deleted")]
    return Chunk(mapping, cells, list(zip(*stored, sums, strict=True)), flags.count("true"))


class _Memo(dict[str, Any]):
    """What each text becomes; nothing stays nothing."""

    def __init__(self, spell: Spell) -> None:
        super().__init__({"": None})
        self._spell = spell

    def __missing__(self, cell: str) -> Any:
        found = self[cell] = self._spell(cell)
        return found


def _place(mapping: Mapping, column: str) -> int:
    return [each.column for each in mapping.fields].index(column)


__all__ = ["Chunk", "read_chunk"]
