"""Records as the table of an ingest job, and which records a table cannot say.

Owns the spelling of a cell. A value has three states: an empty cell leaves the field alone, so it
stands for a field that the record does not name; `#N/A` empties the field; anything else is the
value. A record with a value that would come out as another one is no row of a table: it travels as
JSON instead. Source: Bulk API 2.0 and Bulk API Developer Guide, "Prepare CSV Files" and
"Relationship Fields in a Header Row"; limits: "Bulk API and Bulk API 2.0" (read 2026-11).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, TypeVar

from sfsync import jsonio
from sfsync.mapping import REFERENCES

#: The cell that empties a field.
NULL = "#N/A"
LONGEST_CELL = 32_000
LONGEST_ROW = 400_000
#: Bytes after which a table takes no further row. The org takes 150 MB of base64, which the guide
#: puts at 100 MB of CSV.
FULL_BYTES = 100_000_000
PIECE_BYTES = 256 * 1024
#: Characters that CSV readers drop or stumble over.
UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")

Cells = dict[str, str]
T = TypeVar("T")


class Table:
    """A table on disk as the body of a request; it may be sent again from its beginning."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = file.tell()

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(PIECE_BYTES):
            yield piece


def can_be_row(key: str, record: Mapping[str, object]) -> bool:
    """Whether a table can say the record, which is upserted by the field `key`."""
    return _try_to_spell(key, record) is not None


def spell_record(key: str, record: Mapping[str, object]) -> Cells:
    """The record as cells by column. Raises ValueError when a table cannot say it.

    `key` is the field that the job upserts by. A lookup by external ID,
    `{"Account": {"External_Id__c": "HD-1"}}`, is the column `Account.External_Id__c`.
    """
    cells = _try_to_spell(key, record)
    if cells is None:
        raise ValueError("a value of this record cannot be said in a table")
    return cells


def columns_of(rows: Iterable[Cells]) -> list[str]:
    """Every column that any of the rows has, in the order of their first appearance."""
    return list(dict.fromkeys(name for cells in rows for name in cells))


def cut_tables(
    columns: Sequence[str], rows: Iterable[tuple[T, Cells]]
) -> Iterator[tuple[list[T], Table]]:
    """The rows in tables that the org takes, each with what its rows belong to.

    A table is gone when the next one is asked for. Lines end with LF.
    """
    remaining = iter(rows)
    while True:
        with TemporaryFile() as file:
            owners = _fill(file, columns, remaining)
            if not owners:
                return
            yield owners, Table(file)


def _fill(file: IO[bytes], columns: Sequence[str], rows: Iterator[tuple[T, Cells]]) -> list[T]:
    """Writes the header and rows until the table is full; what its rows belong to."""
    owners: list[T] = []
    with _text(file) as text:
        writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        for owner, cells in rows:
            writer.writerow([cells.get(name, "") for name in columns])
            owners.append(owner)
            if file.tell() >= FULL_BYTES:
                break
    return owners


@contextmanager
def _text(file: IO[bytes]) -> Iterator[IO[str]]:
    """The file for text; it stays open."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        yield text
    finally:
        text.detach()


def _try_to_spell(key: str, record: Mapping[str, object]) -> Cells | None:
    cells: Cells = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            name, value = _open_lookup(name, value)
            cell = None if value in (None, "") else _spell(value)
        else:
            # The name of a relationship is no column.
            cell = None if name in REFERENCES else _spell(value)
        if cell is None:
            return None
        cells[name] = cell
    is_key_plain = cells.get(key, NULL) != NULL and cells[key] == cells[key].strip()
    return cells if is_key_plain and sum(map(len, cells.values())) <= LONGEST_ROW else None


def _open_lookup(name: str, value: Mapping[str, object]) -> tuple[str, object]:
    """The one column of a lookup, and its value; no value when it is not that simple."""
    if len(value) != 1:
        return name, None
    ((field, inner),) = value.items()
    return f"{name}.{field}", inner


def _spell(value: object) -> str | None:
    if value is None or value == "":
        return NULL
    if isinstance(value, str):
        return value if _can_be_said(value) else None
    if isinstance(value, Mapping | Sequence):
        return None
    return jsonio.dumps(value).strip('"')


def _can_be_said(text: str) -> bool:
    bare = text.strip()
    is_meant = bare != "" and bare != NULL
    return is_meant and len(text) <= LONGEST_CELL and not UNSAFE.search(text)
