"""A query as one SQL statement and the shape of its rows.

Owns the assembly of clauses, for the query itself, for child subqueries (all parents of a batch at
once) and for the sub-selects of semi-joins.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.org.ddl import quote
from sandbox.org.schema import Field, Schema, SObject
from sandbox.soql.clauses import (
    check_query,
    compile_order,
    compile_where,
    find_child,
    find_sobject,
    is_count,
    is_grouped,
)
from sandbox.soql.environment import QueryEnv
from sandbox.soql.grouping import Grouping
from sandbox.soql.nodes import Path, Query, SelectedField
from sandbox.soql.operands import compile_path
from sandbox.soql.scope import Scope, Statement
from sandbox.soql.selection import Selection
from sandbox.soql.shapes import Shape
from sandbox.soql.syntax import malformed

_MAX_CHILD_LEVELS = 5
#: Objects that no sub-select of a semi-join may read.
_NO_INNER = frozenset({"Event", "Task"})
_PARENTS = "(SELECT value FROM json_each(:parents))"


@dataclass(frozen=True)
class Compiled:
    """SQL with its parameters, and what its rows become; COUNT() has no shape."""

    sql: str
    parameters: dict[str, object]
    shape: Shape | None

    @property
    def is_count(self) -> bool:
        """True for COUNT(): the answer is one number."""
        return self.shape is None


@dataclass(frozen=True)
class Compiler:
    """Compiles queries of one caller; `formulas` is the number of his formula calls in SQL."""

    schema: Schema
    env: QueryEnv
    text: str
    formulas: int

    def compile(self, query: Query) -> Compiled:
        """The query as SQL. Raises OrgError when a name, a type or a combination is wrong."""
        check_query(query)
        statement = self.new_statement()
        scope = self.new_scope(statement, find_sobject(statement, query), query)
        if is_count(query):
            return self._compile_count(scope, query)
        if is_grouped(query):
            return self._compile_groups(scope, query)
        return self._compile_rows(scope, query)

    def new_statement(self) -> Statement:
        """An SQL statement with nothing in it."""
        return Statement(self.schema, self.env, self.text, self.formulas)

    def new_scope(self, statement: Statement, sobject: SObject, query: Query) -> Scope:
        """The tables of a query on `sobject`, with the names that FROM gives."""
        scope = Scope(statement, sobject)
        scope.name_source(query.source.alias)
        scope.name_parents(query.sources[1:])
        return scope

    def _compile_count(self, scope: Scope, query: Query) -> Compiled:
        where = self.where_sql(scope, query)
        if query.order:
            raise malformed("COUNT() can not be combined with ORDER BY")
        inner = f"SELECT 1 {scope.from_sql()} {where} {_window(scope.statement, query)}"
        sql = f"SELECT COUNT(*) FROM ({inner})"  # noqa: S608 - identifiers and placeholders
        return Compiled(sql, scope.statement.parameters, None)

    def _compile_groups(self, scope: Scope, query: Query) -> Compiled:
        grouping = Grouping(scope, query)
        shape = grouping.compile()
        order = grouping.compile_order()
        where = self.where_sql(scope, query)
        source = f"{scope.from_sql()} {where}"
        sets = " UNION ALL ".join(grouping.set_sql(members, source) for members in grouping.sets)
        by = f"ORDER BY {', '.join(order)}" if order else ""
        sql = f"SELECT * FROM ({sets}) {by} {_window(scope.statement, query)}"  # noqa: S608
        return Compiled(sql, scope.statement.parameters, shape)

    def _compile_rows(self, scope: Scope, query: Query) -> Compiled:
        selection = Selection(scope, query, _ChildCompiler(self, 1))
        shape = selection.compile()
        where = self.where_sql(scope, query)
        order = compile_order(scope, query)
        columns = ", ".join(selection.projection.columns)
        window = _window(scope.statement, query)
        sql = f"SELECT {columns} {scope.from_sql()} {where} ORDER BY {', '.join(order)} {window}"
        return Compiled(sql, scope.statement.parameters, shape)

    def where_sql(self, scope: Scope, query: Query) -> str:
        """WHERE of a query in which semi-joins may stand."""
        joins = _JoinCompiler(self, scope.statement, scope.root.sobject)
        return compile_where(scope, query, joins)


@dataclass(frozen=True)
class _ChildCompiler:
    """Compiles `(SELECT … FROM Order_Proposals__r)` below a query of the given level."""

    compiler: Compiler
    level: int

    def __call__(self, parent: Scope, query: Query) -> tuple[str, Compiled]:
        if self.level > _MAX_CHILD_LEVELS:
            raise malformed(f"subqueries are nested deeper than {_MAX_CHILD_LEVELS} levels")
        check_query(query)
        if is_count(query) or is_grouped(query):
            raise malformed("aggregate functions are not allowed in a child subquery")
        statement = self.compiler.new_statement()
        name, sobject, lookup = find_child(statement, parent.root.sobject, query)
        scope = self.compiler.new_scope(statement, sobject, query)
        return name, self._compile(scope, lookup, query)

    def _compile(self, scope: Scope, lookup: Field, query: Query) -> Compiled:
        key = f"{scope.root.alias}.{quote(lookup.name)}"
        selection = Selection(scope, query, _ChildCompiler(self.compiler, self.level + 1))
        shape = selection.compile()
        where = self.compiler.where_sql(scope, query)
        where += f"{' AND' if where else 'WHERE'} {key} IN {_PARENTS}"
        order = ", ".join(compile_order(scope, query))
        columns = selection.projection.columns
        names = ", ".join(f"c{place}" for place in range(len(columns)))
        shown = ", ".join(f"{column} AS c{place}" for place, column in enumerate(columns))
        sql = (
            f"SELECT {names}, k FROM (SELECT {shown}, {key} AS k, ROW_NUMBER() "  # noqa: S608
            f"OVER (PARTITION BY {key} ORDER BY {order}) AS n {scope.from_sql()} {where}) "
            f"{_row_window(scope.statement, query)} ORDER BY k, n"
        )
        return Compiled(sql, scope.statement.parameters, shape)


@dataclass(frozen=True)
class _JoinCompiler:
    """Compiles `(SELECT Order__c FROM …)` of a semi-join into the outer statement."""

    compiler: Compiler
    statement: Statement
    outer: SObject

    def __call__(self, query: Query) -> tuple[str, Field]:
        check_query(query)
        if query.order or query.limit is not None or query.offset:
            raise malformed(
                "ORDER BY, LIMIT and OFFSET are not supported in a semi join sub-select"
            )
        item = query.items[0]
        is_field = isinstance(item, SelectedField) and isinstance(item.operand, Path)
        if len(query.items) != 1 or not is_field or query.group:
            raise malformed("a semi join sub-select must select exactly one field")
        assert isinstance(item, SelectedField)  # noqa: S101 - just checked
        assert isinstance(item.operand, Path)  # noqa: S101 - just checked
        scope = self.compiler.new_scope(self.statement, find_sobject(self.statement, query), query)
        selected = compile_path(scope, item.operand)
        self._check_inner(scope.root.sobject, item.operand)
        where = compile_where(scope, query, None)
        return f"SELECT {selected.sql} {scope.from_sql()} {where}", selected.field

    def _check_inner(self, inner: SObject, path: Path) -> None:
        """Refuse what a sub-select may not read. Source: SOQL and SOSL Reference, "Semi-Joins"."""
        if inner.name in _NO_INNER:
            raise malformed(f"Entity '{inner.name}' is not supported for semi join inner selects")
        if inner is self.outer:
            raise malformed("The inner and outer selects should not be on the same object type")
        if len(path.parts) > 2:
            raise malformed(
                f"The inner select field '{path.text}' cannot have more than one level of "
                "relationships"
            )


def _window(statement: Statement, query: Query) -> str:
    """LIMIT and OFFSET of the whole answer."""
    if query.limit is None and not query.offset:
        return ""
    limit = statement.bind(-1 if query.limit is None else query.limit)
    return f"LIMIT {limit} OFFSET {statement.bind(query.offset or 0)}"


def _row_window(statement: Statement, query: Query) -> str:
    """LIMIT and OFFSET per parent, on the row numbers."""
    first = query.offset or 0
    tests = [f"n > {statement.bind(first)}"]
    if query.limit is not None:
        tests.append(f"n <= {statement.bind(first + query.limit)}")
    return "WHERE " + " AND ".join(tests)
