"""A record of the org, from an answer or an export, as a row of the replica by column.

Owns what becomes of a value that its column cannot hold: the whole read is refused by name, because
the field has another type than when it was described last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sfsync.errors import SalesforceRejected
from sfsync.extra import spell_extra
from sfsync.mapping import FieldMap, Mapping
from sfsync.values import read_cell, read_field

#: The code of our own error for a value that its column cannot hold.
VALUE_MISFIT = "VALUE_MISFIT"


def read_rows(mapping: Mapping, records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records of an answer as rows by column. Raises SalesforceRejected, VALUE_MISFIT."""
    with fitting(mapping):
        return [read_row(mapping, each) for each in records]


def read_table(mapping: Mapping, table: Iterable[Sequence[str]]) -> list[dict[str, Any]]:
    """The same for rows of an export, their cells in the order of the mapping's paths."""
    with fitting(mapping):
        return [read_whole_cells(mapping, each) for each in table]


def read_row(mapping: Mapping, record: dict[str, Any]) -> dict[str, Any]:
    """A record of an answer as a row by column."""
    row = {each.column: read_field(record, each) for each in mapping.fields}
    return row | _extra_column({each.path: read_field(record, each) for each in mapping.extra})


def read_cells(fields: Sequence[FieldMap], cells: Sequence[str]) -> dict[str, Any]:
    """A row of an export, its cells in the order of `fields`, as a row by column."""
    pairs = zip(fields, cells, strict=True)
    return {field.column: read_cell(cell, field) for field, cell in pairs}


def read_whole_cells(mapping: Mapping, cells: Sequence[str]) -> dict[str, Any]:
    """A row of an export of all of the mapping's paths, in their order, as a row by column."""
    count = len(mapping.fields)
    own = zip(mapping.extra, cells[count:], strict=True)
    row = read_cells(mapping.fields, cells[:count])
    return row | _extra_column({field.path: read_cell(cell, field) for field, cell in own})


def _extra_column(values: dict[str, object]) -> dict[str, Any]:
    """The column `extra`; a row that was read without any such field says nothing of it."""
    return {"extra": spell_extra(values)} if values else {}


@contextmanager
def fitting(mapping: Mapping) -> Iterator[None]:
    """Wraps the reading of values: one that is not of its column's kind raises SalesforceRejected.

    Its code is VALUE_MISFIT: the field has another type than when it was described last.
    """
    try:
        yield
    except (ValueError, TypeError, ArithmeticError) as error:
        raise SalesforceRejected(
            f"A value of {mapping.sobject} is not of its column's kind: {error}.",
            code=VALUE_MISFIT,
            remedy="See `flask doctor`; ask a developer if it finds nothing.",
        ) from error
