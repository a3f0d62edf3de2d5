"""From SQL columns to nested rows.

Owns how a batch of rows becomes records: column by column, so that each conversion is chosen once
and a page costs little more than building its dictionaries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sandbox.org.schema import Field, SObject
from sandbox.org.values import to_json
from sandbox.soql.converters import Converter, convert_column, mean_of
from sandbox.soql.results import QueryResult, Row

#: One SQL column of a batch.
Values = Sequence[object]


class Projection:
    """The columns of one SELECT; equal SQL is selected once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, sql: str) -> int:
        """Where the expression stands in a row."""
        return self._places.setdefault(sql, len(self._places))

    @property
    def columns(self) -> list[str]:
        """The expressions in order."""
        return list(self._places)


@dataclass(frozen=True)
class Batch:
    """Rows that were read together, and the means to complete them."""

    columns: Sequence[Values]
    size: int
    read_formula: Callable[[SObject, Field, Sequence[str]], Sequence[object]]
    read_children: Callable[[object, Values], Mapping[object, QueryResult]]


class Cell(Protocol):
    """One key of a record."""

    def read(self, batch: Batch) -> Values:
        """The JSON values of this key, one per row."""
        ...


@dataclass(frozen=True)
class ColumnCell:
    """A stored or computed column."""

    place: int
    convert: Converter | None

    def read(self, batch: Batch) -> Values:
        return convert_column(batch.columns[self.place], self.convert)


@dataclass(frozen=True)
class FormulaCell:
    """A formula field, computed only for rows that are shown."""

    id_place: int
    sobject: SObject
    field: Field

    def read(self, batch: Batch) -> Values:
        found = batch.columns[self.id_place]
        ids = [str(record_id) for record_id in found if record_id is not None]
        values = iter(batch.read_formula(self.sobject, self.field, ids))
        return [
            None if record_id is None else to_json(self.field, next(values)) for record_id in found
        ]


@dataclass(frozen=True)
class MeanCell:
    """AVG: the quotient of two columns."""

    total_place: int
    count_place: int
    scale: int

    def read(self, batch: Batch) -> Values:
        totals, counts = batch.columns[self.total_place], batch.columns[self.count_place]
        return [mean_of(t, c, self.scale) for t, c in zip(totals, counts, strict=True)]


@dataclass(frozen=True)
class ChildrenCell:
    """A child subquery, read for all rows of the batch at once."""

    id_place: int
    child: object  #: opaque here: what `Batch.read_children` takes

    def read(self, batch: Batch) -> Values:
        ids = batch.columns[self.id_place]
        found = batch.read_children(self.child, ids)
        return [found.get(record_id) for record_id in ids]


@dataclass
class RecordCell:
    """A record: the row itself, or a parent in it, which is None where the lookup is empty.

    `type_names` gives the sObject by key prefix when the relationship is polymorphic.
    """

    type_name: str
    id_place: int
    cells: dict[str, Cell] = field(default_factory=dict)
    type_names: Mapping[str, str] | None = None

    def read(self, batch: Batch) -> list[Row | None]:
        ids = batch.columns[self.id_place]
        keys = ("attributes", *self.cells)
        columns = [self._attributes(ids), *(cell.read(batch) for cell in self.cells.values())]
        rows = [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]
        return [row if found is not None else None for row, found in zip(rows, ids, strict=True)]

    def _attributes(self, ids: Values) -> Values:
        name, names = self.type_name, self.type_names
        if names is None:
            return [{"type": name, "id": record_id} for record_id in ids]
        return [{"type": names.get(str(found)[:3], name), "id": found} for found in ids]


@dataclass
class AggregateCell:
    """One row of a grouped query."""

    cells: dict[str, Cell] = field(default_factory=dict)

    def read(self, batch: Batch) -> list[Row | None]:
        keys = ("attributes", *self.cells)
        types = [{"type": "AggregateResult"} for _ in range(batch.size)]
        columns = [types, *(cell.read(batch) for cell in self.cells.values())]
        return [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]


#: What a compiled query turns its rows into.
Shape = RecordCell | AggregateCell
