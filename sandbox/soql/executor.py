"""Runs compiled queries.

Owns the reading of rows: one SQL statement per SELECT, children of all rows in one go, and the
translation of SQLite's own limits into Salesforce's refusals.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from sandbox.org.errors import OrgError, refuse
from sandbox.org.schema import Schema
from sandbox.soql.environment import QueryEnv
from sandbox.soql.literals import as_json_list
from sandbox.soql.nodes import Query
from sandbox.soql.results import QueryResult, Row
from sandbox.soql.shapes import AggregateCell, Batch, Shape, Values
from sandbox.soql.sqlfunctions import FormulaCalls, close_calls, open_calls, prepare_connection
from sandbox.soql.statements import Compiled, Compiler
from sandbox.soql.syntax import too_complicated

_MAX_AGGREGATE_ROWS = 2_000
#: What SQLite says when a query outgrows it, and in what an org would refuse it too.
_OVERFLOWS = ("too large", "too many", "too complex", "too big", "at most", "stack overflow")


def execute(
    connection: sqlite3.Connection, schema: Schema, query: Query, env: QueryEnv
) -> QueryResult:
    """All rows of a parsed query as the running user sees them.

    Raises OrgError: INVALID_FIELD, INVALID_TYPE, MALFORMED_QUERY and the like when the query does
    not fit the schema, SANDBOX_NOT_IMPLEMENTED for what this org lacks. Only reads.
    """
    prepare_connection(connection)
    calls = FormulaCalls(schema, env)
    number = open_calls(calls)
    try:
        compiled = Compiler(schema, env, query.text, number).compile(query)
        return _Execution(connection, calls).run(compiled)
    finally:
        close_calls(number)


class _Execution:
    """One query while it runs."""

    def __init__(self, connection: sqlite3.Connection, calls: FormulaCalls) -> None:
        self._connection = connection
        self._calls = calls

    def run(self, compiled: Compiled) -> QueryResult:
        rows = self._fetch(compiled)
        if compiled.shape is None:
            return QueryResult(rows[0][0], [], is_count=True)
        if isinstance(compiled.shape, AggregateCell) and len(rows) > _MAX_AGGREGATE_ROWS:
            raise refuse(
                "EXCEEDED_ID_LIMIT",
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results "
                "to a single batch",
            )
        records = self._shape(compiled.shape, rows)
        return QueryResult(len(records), records)

    def _shape(self, shape: Shape, rows: list[tuple[object, ...]]) -> list[Row]:
        if not rows:
            return []
        columns = list(zip(*rows, strict=True))
        batch = Batch(columns, len(rows), self._calls.compute, self._read_children)
        return [row for row in shape.read(batch) if row is not None]

    def _read_children(self, child: object, ids: Values) -> Mapping[object, QueryResult]:
        assert isinstance(child, Compiled)  # noqa: S101 - the compiler has put it there
        assert child.shape is not None  # noqa: S101 - COUNT() is refused in subqueries
        parents = as_json_list([str(record_id) for record_id in ids])
        rows = self._fetch(child, parents=parents)
        records = self._shape(child.shape, rows)
        paired = zip((row[-1] for row in rows), records, strict=True)
        return {
            parent_id: QueryResult(len(own), own)
            for parent_id, group in groupby(paired, key=itemgetter(0))
            for own in [[record for _, record in group]]
        }

    def _fetch(self, compiled: Compiled, **more: object) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(
                compiled.sql, {**compiled.parameters, **more}
            ).fetchall()
        except (sqlite3.OperationalError, sqlite3.DataError, OverflowError) as error:
            if self._calls.error is not None:
                raise self._calls.error from None
            raise translate_overflow(error) from error


def translate_overflow(error: Exception) -> Exception:
    """Salesforce's refusal where SQLite gave up; the error itself where it has another cause."""
    reason = str(error)
    if "integer overflow" in reason:
        return refuse("NUMBER_OUTSIDE_VALID_RANGE", "the sum is larger than a number can be")
    if any(sign in reason for sign in _OVERFLOWS):
        translated: OrgError = too_complicated(f"the query is too complicated: {reason}")
        return translated
    return error
