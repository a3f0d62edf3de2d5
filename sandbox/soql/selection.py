"""The SELECT list of a query without groups.

Owns how names in the list become keys of the answer: canonical spelling, parents nested, every
field once. Source: developer.salesforce.com, SOQL and SOSL Reference, "SELECT" and "FIELDS()".
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.org.errors import OrgError
from sandbox.org.schema import Field
from sandbox.soql.converters import json_converter
from sandbox.soql.functions import FunctionKind, kind_of
from sandbox.soql.nodes import Call, ChildQuery, Path, Query, SelectedField, TypeOf
from sandbox.soql.operands import Expression, argument_path, compile_column, compile_operand
from sandbox.soql.scope import Column, Parent, Scope, Source
from sandbox.soql.shapes import (
    Cell,
    ChildrenCell,
    ColumnCell,
    FormulaCell,
    Projection,
    RecordCell,
)
from sandbox.soql.syntax import malformed
from sandbox.soql.typeof import ChoiceCell, add_type_of, refuse_both

_MAX_FIELDS_LIMIT = 200
#: Compiles a child subquery of the given object: the key of its rows, and what runs it.
CompileChild = Callable[[Scope, Query], tuple[str, object]]


class Selection:
    """Builds the shape of a row while the SELECT list is read."""

    def __init__(self, scope: Scope, query: Query, compile_child: CompileChild) -> None:
        self._scope = scope
        self._query = query
        self._compile_child = compile_child
        self.projection = Projection()
        self.shape = self._record((scope.root,))

    def compile(self) -> RecordCell:
        """The shape of all rows. Raises OrgError for unknown, doubled or misplaced items."""
        for item in self._query.items:
            if isinstance(item, ChildQuery):
                self._add_children(item)
            elif isinstance(item, TypeOf):
                add_type_of(self, self._scope, item)
            else:
                self._add_field(item)
        return self.shape

    def add_column(self, column: Column, record: RecordCell | None = None) -> None:
        """Add a plain field to its record, by default the one at the end of its path."""
        record = record or self.record_of(column.trail)
        self._add(record, column.field.name, self._cell(column))

    def record_of(self, trail: tuple[Parent, ...]) -> RecordCell:
        """The record that a path of parents leads to, added when it is the first to lead there."""
        record = self.shape
        for parent in trail:
            known = record.cells.get(parent.name)
            if isinstance(known, ChoiceCell):
                raise refuse_both(parent)
            if not isinstance(known, RecordCell):
                known = self._record(parent.sources)
                record.cells[parent.name] = known
            record = known
        return record

    def place_id(self, sources: tuple[Source, ...]) -> int:
        """Where the Id of the record stands in a row."""
        ids = [source.id_sql for source in sources]
        return self.projection.place(ids[0] if len(ids) == 1 else f"COALESCE({', '.join(ids)})")

    def _record(self, sources: tuple[Source, ...]) -> RecordCell:
        if len(sources) == 1:
            return RecordCell(sources[0].sobject.name, self.place_id(sources))
        names = {source.sobject.key_prefix: source.sobject.name for source in sources}
        return RecordCell(sources[0].sobject.name, self.place_id(sources), type_names=names)

    def _add_children(self, item: ChildQuery) -> None:
        key, child = self._compile_child(self._scope, item.query)
        self._add(self.shape, key, ChildrenCell(self.shape.id_place, child))

    def _add_field(self, item: SelectedField) -> None:
        operand = item.operand
        if isinstance(operand, Path):
            if item.alias:
                raise malformed("only aggregate expressions use field aliasing")
            self.add_column(self._scope.resolve(operand))
        elif kind_of(operand) is FunctionKind.FIELDS:
            self._add_all(operand)
        else:
            self._add_function(operand, item.alias)

    def _add_function(self, call: Call, alias: str | None) -> None:
        if kind_of(call) is FunctionKind.DATE_PART:
            raise malformed(f"Field must be grouped or aggregated: {argument_path(call).text}")
        expression = compile_operand(self._scope, call)
        trail = () if alias else self._scope.resolve(argument_path(call)).trail
        self._add(self.record_of(trail), alias or expression.name, self._column_cell(expression))

    def _add_all(self, call: Call) -> None:
        which = argument_path(call).text.upper()
        limit = self._query.limit
        if which != "STANDARD" and (limit is None or limit > _MAX_FIELDS_LIMIT):
            raise malformed(
                f"The SOQL FIELDS function must have a LIMIT of at most {_MAX_FIELDS_LIMIT}"
            )
        for field in self._scope.root.sobject.fields.values():
            if _is_among(field, which) and self._scope.can_read(self._scope.root, field):
                self.add_column(self._scope.resolve(Path((field.name,), call.position)))

    def _cell(self, column: Column) -> Cell:
        if column.is_formula and len(column.sources) == 1:
            source = column.sources[0]
            return FormulaCell(self.place_id((source,)), source.sobject, column.field)
        return self._column_cell(compile_column(self._scope, column))

    def _column_cell(self, expression: Expression) -> Cell:
        return ColumnCell(self.projection.place(expression.sql), json_converter(expression.field))

    def _add(self, record: RecordCell, key: str, cell: Cell) -> None:
        if key in record.cells:
            raise _doubled(key)
        record.cells[key] = cell


def _doubled(name: str) -> OrgError:
    return malformed(f"duplicate field selected: {name}")


def _is_among(field: Field, which: str) -> bool:
    return which == "ALL" or field.custom == (which == "CUSTOM")
