"""Turns the rows of an export into what a database stores, column by column.

Owns the short way from the text of a cell to storage, without a Python value between where there
is no need for one. It must end in the very bytes that the long way ends in, by `values` and the
types of the columns; a test compares the two. Many cells of a column are alike, so that each text
is converted once for a chunk of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zlib import crc32

from sfsync.checksums import NOTHING, SEPARATOR, spell_instant, spell_number
from sfsync.extra import spell_extra
from sfsync.mapping import BY_SOBJECT, Kind, Mapping
from sfsync.values import CELL_READERS, is_own_flag, read_cell, read_instant, read_time

Column = Sequence[Any]
Spell = Callable[[str], Any]


def _spell_decimal(cell: str) -> str:
    return spell_number(str(Decimal(cell)))


def _spell_date(cell: str) -> str:
    return date.fromisoformat(cell).isoformat()


def _spell_moment(cell: str) -> str:
    moment = datetime.fromisoformat(cell)
    if len(cell) == len("2026-11-27T07:00:00.000Z") and moment.tzinfo is UTC:
        # As an org writes it; the long way costs ten times as much.
        return f"{cell[:10]} {cell[11:23]}000"
    return spell_instant(read_instant(cell))


def _spell_time(cell: str) -> str:
    return read_time(cell).isoformat("microseconds")


def _store_decimal(cell: str) -> str:
    text = str(Decimal(cell))
    return format(Decimal(cell), "f") if "E" in text else text


def _store_zoned(cell: str) -> str:
    return f"{_spell_moment(cell)}+00"


#: How `checksums` spells what is no text already.
CANONICAL: dict[Kind, Spell] = {
    Kind.DECIMAL: _spell_decimal,
    Kind.FLAG: {"true": "1", "false": "0"}.__getitem__,
    Kind.DATE: _spell_date,
    Kind.INSTANT: _spell_moment,
    Kind.TIME: _spell_time,
}
#: What each database stores where that differs from the canonical spelling.
STORED: dict[str, dict[Kind, Spell]] = {
    "sqlite": {Kind.DECIMAL: _store_decimal, Kind.FLAG: CELL_READERS[Kind.FLAG]},
    "postgresql": {Kind.DECIMAL: str, Kind.INSTANT: _store_zoned},
}


@dataclass(frozen=True)
class Chunk:
    """Some rows of an export, in the order of the mapping's fields."""

    mapping: Mapping
    cells: Sequence[Sequence[str]]  #: as they arrived
    #: as the database stores them, column by column; then `extra`, if any, and the checksum
    stored: list[Column]
    deleted: int  #: rows that are in the recycle bin

    @property
    def ids(self) -> Column:
        """The record Ids."""
        return self.stored[_place(self.mapping, "salesforce_id")]


def read_chunk(mapping: Mapping, cells: Sequence[Sequence[str]], dialect: str) -> Chunk:
    """Rows of an export, their cells in the order of the mapping's paths.

    Raises ValueError when a cell is not of its kind.
    """
    found = list(zip(*cells, strict=True))
    texts: dict[str, Column] = {}
    stored: list[Column] = []
    canonical = {kind: _Memo(spell, "") for kind, spell in CANONICAL.items()}
    own = {kind: _Memo(spell, None) for kind, spell in STORED[dialect].items()}
    missing, nulls = [NOTHING] * len(cells), [None] * len(cells)
    for field, cells_of_field in zip(mapping.fields, found, strict=False):
        if is_empty(cells_of_field, "") and not is_own_flag(field):
            texts[field.column] = missing
            stored.append(nulls)
            continue
        column = _fill(cells_of_field, "false") if is_own_flag(field) else cells_of_field
        text = _convert(column, canonical.get(field.kind))
        texts[field.column] = _fill(text, NOTHING)
        other = own.get(field.kind)
        stored.append(_fill(text, None) if other is None else _convert(column, other))
    extra = _spell_extra(mapping, found[len(mapping.fields) :]) if mapping.extra else []
    if mapping.extra:
        stored.append(extra)
    # Over all columns: one that is paused, and not among the cells, holds nothing in a new row.
    whole = [texts.get(each.column, missing) for each in BY_SOBJECT[mapping.sobject].fields]
    lines = map(SEPARATOR.join, zip(*whole, strict=True))
    if extra:
        lines = map(_add_extra, lines, extra)
    sums = [crc32(line.encode()) for line in lines]
    flags = found[_place(mapping, "is_deleted")]
    return Chunk(mapping, cells, [*stored, sums], flags.count("true"))


def is_empty(column: Column, nothing: str | None) -> bool:
    """Whether a column of at least one row holds `nothing` alone."""
    return column[0] == nothing and column.count(nothing) == len(column)


def _spell_extra(mapping: Mapping, columns: Sequence[Column]) -> Column:
    """The texts of the column `extra`, of rows whose cells of the org's own fields these are."""
    fields = mapping.extra
    return [
        spell_extra({f.path: read_cell(cell, f) for f, cell in zip(fields, row, strict=True)})
        for row in zip(*columns, strict=True)
    ]


def _add_extra(line: str, extra: str | None) -> str:
    return f"{line}{SEPARATOR}{extra}" if extra else line


def _convert(column: Column, memo: _Memo | None) -> Column:
    return column if memo is None else list(map(memo.__getitem__, column))


def _fill(column: Column, nothing: str | None) -> Column:
    """The column with `nothing` for its empty cells."""
    return [each or nothing for each in column] if "" in column else column


class _Memo(dict[str, Any]):
    """What each cell becomes; an empty one is `nothing`."""

    def __init__(self, spell: Spell, nothing: str | None) -> None:
        super().__init__({"": nothing})
        self._spell = spell

    def __missing__(self, cell: str) -> Any:
        found = self[cell] = self._spell(cell)
        return found


def _place(mapping: Mapping, column: str) -> int:
    return [each.column for each in mapping.fields].index(column)


__all__ = ["Chunk", "read_chunk"]
