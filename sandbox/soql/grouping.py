"""Aggregate queries: GROUP BY, ROLLUP, CUBE, HAVING and their SELECT list.

Owns which expressions a grouped query may show, filter and order by, and how subtotals are made:
one SELECT per grouping set, joined in one statement. Source: developer.salesforce.com, SOQL and
SOSL Reference, "GROUP BY", "GROUP BY ROLLUP", "HAVING".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

from sandbox.org.schema import Field, FieldType
from sandbox.soql.conditions import ConditionCompiler
from sandbox.soql.converters import json_converter
from sandbox.soql.functions import FunctionKind, is_aggregate, kind_of
from sandbox.soql.nodes import Call, Operand, Path, Query, SelectedField
from sandbox.soql.operands import (
    Expression,
    argument_path,
    compile_aggregate,
    compile_operand,
)
from sandbox.soql.ordering import direction_sql, sort_keys
from sandbox.soql.scope import Scope
from sandbox.soql.shapes import AggregateCell, Cell, ColumnCell, MeanCell
from sandbox.soql.syntax import malformed

_UNGROUPABLE = frozenset(
    {
        FieldType.LONG_TEXT_AREA,
        FieldType.HTML,
        FieldType.MULTISELECT,
        FieldType.CURRENCY,
        FieldType.PERCENT,
        FieldType.DATETIME,
        FieldType.TIME,
    }
)
_MAX_CUBE = 5


@dataclass(frozen=True)
class Output:
    """A column of the answer. `key` is its place among the grouped fields, None for aggregates;
    `shows_total` marks GROUPING(field), which is 1 where that field is totalled."""

    sql: str
    key: int | None = None
    shows_total: bool = False


class Grouping:
    """One aggregate query being compiled."""

    def __init__(self, scope: Scope, query: Query) -> None:
        self._scope = scope
        self._query = query
        operands, self.sets = _read_sets(query.group)
        self.keys = [self._compile_key(operand) for operand in operands]
        self.outputs: list[Output] = []
        self.shape = AggregateCell()
        self._unnamed = 0

    def compile(self) -> AggregateCell:
        """The shape of the rows. Raises OrgError for items that are neither grouped nor counted."""
        for item in self._query.items:
            if not isinstance(item, SelectedField):
                raise malformed("subqueries are not allowed in an aggregate query")
            self._add(item)
        return self.shape

    def compile_order(self) -> list[str]:
        """ORDER BY keys as names of further columns with their direction."""
        keys = []
        for ordering in self._query.order:
            expression, key = self._expression(ordering.operand, "Ordered")
            for sql in sort_keys(self._scope.statement, expression):
                place = self._place(Output(sql, key))
                keys.append(f"c{place} {direction_sql(ordering)}")
        return keys

    def set_sql(self, members: frozenset[int], source_sql: str) -> str:
        """The SELECT of one grouping set; `source_sql` is FROM and WHERE."""
        columns = ", ".join(
            f"{_output_sql(output, members)} AS c{place}"
            for place, output in enumerate(self.outputs)
        )
        parts = [f"SELECT {columns} {source_sql}"]
        if self.keys:
            keys = [self.keys[place].sql for place in sorted(members)]
            parts.append("GROUP BY " + (", ".join(keys) or "NULL"))
        if self._query.having:
            parts.append(f"HAVING {self._compile_having(members)}")
        return " ".join(parts)

    def _compile_key(self, operand: Operand) -> Expression:
        expression = compile_operand(self._scope, operand)
        if not _can_group(expression.field):
            reason = f"field '{expression.name}' can not be grouped in a query call"
            raise self._scope.statement.refuse("MALFORMED_QUERY", expression.position, reason)
        return expression

    def _compile_having(self, members: frozenset[int]) -> str:
        def compile_operand(operand: Operand) -> Expression:
            expression, key = self._expression(operand, "Having")
            is_totalled = key is not None and key not in members
            return replace(expression, sql="NULL") if is_totalled else expression

        condition = self._query.having
        assert condition is not None  # noqa: S101 - the caller has asked
        return ConditionCompiler(self._scope.statement, compile_operand, None).compile(condition)

    def _expression(self, operand: Operand, clause: str) -> tuple[Expression, int | None]:
        if is_aggregate(operand):
            assert isinstance(operand, Call)  # noqa: S101 - only calls are aggregates
            return compile_aggregate(self._scope, operand), None
        expression = compile_operand(self._scope, operand)
        return expression, self._key_of(expression, operand, clause)

    def _key_of(self, expression: Expression, operand: Operand, clause: str) -> int:
        for place, key in enumerate(self.keys):
            if key.sql == expression.sql:
                return place
        named = operand.text if isinstance(operand, Path) else argument_path(operand).text
        what = f"{clause} field must" if clause else "Field must"
        raise malformed(f"{what} be grouped or aggregated: {named}")

    def _add(self, item: SelectedField) -> None:
        operand = item.operand
        if isinstance(operand, Call) and kind_of(operand) is FunctionKind.GROUPING:
            cell = self._grouping_cell(operand)
            name = item.alias or self._next_name()
        else:
            expression, key = self._expression(operand, "")
            cell = self._cell(expression, key)
            name = item.alias or (
                expression.name if isinstance(operand, Path) else self._next_name()
            )
        if name in self.shape.cells:
            raise malformed(f"duplicate alias: {name}")
        self.shape.cells[name] = cell

    def _cell(self, expression: Expression, key: int | None) -> Cell:
        if expression.average:
            total = self._place(Output(expression.average.sum_sql))
            count = self._place(Output(expression.average.count_sql))
            return MeanCell(total, count, expression.field.scale)
        place = self._place(Output(expression.sql, key))
        return ColumnCell(place, json_converter(expression.field))

    def _grouping_cell(self, call: Call) -> Cell:
        operand = call.arguments[0]
        assert isinstance(operand, Path | Call)  # noqa: S101 - the parser has checked it
        key = self._key_of(compile_operand(self._scope, operand), operand, "")
        return ColumnCell(self._place(Output("", key, shows_total=True)), None)

    def _next_name(self) -> str:
        self._unnamed += 1
        return f"expr{self._unnamed - 1}"

    def _place(self, output: Output) -> int:
        if output not in self.outputs:
            self.outputs.append(output)
        return self.outputs.index(output)


def _output_sql(output: Output, members: frozenset[int]) -> str:
    is_totalled = output.key is not None and output.key not in members
    if output.shows_total:
        return str(int(is_totalled))
    return "NULL" if is_totalled else output.sql


def _can_group(field: Field) -> bool:
    if field.type is FieldType.NUMBER and field.custom:
        return False  # custom numbers are doubles to Salesforce, which groups by none
    return field.type not in _UNGROUPABLE and not field.is_formula and not field.holds_any_type


def _read_sets(group: tuple[Operand, ...]) -> tuple[list[Operand], list[frozenset[int]]]:
    """The grouped operands, and which of them each row of the answer is grouped by."""
    sets = [g for g in group if isinstance(g, Call) and kind_of(g) is FunctionKind.SETS]
    if not sets:
        return list(group), [frozenset(range(len(group)))]
    if len(group) > 1:
        raise malformed("GROUP BY can not be combined with ROLLUP or CUBE")
    operands = [a for a in sets[0].arguments if isinstance(a, Path | Call)]
    places = range(len(operands))
    if sets[0].name == "ROLLUP":
        return operands, [frozenset(places[:size]) for size in range(len(operands), -1, -1)]
    if len(operands) > _MAX_CUBE:
        raise malformed(f"CUBE takes at most {_MAX_CUBE} fields")
    cube = [
        frozenset(c) for size in range(len(operands), -1, -1) for c in combinations(places, size)
    ]
    return operands, cube
