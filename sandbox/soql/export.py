"""Query results of any size, read piece by piece.

Owns how a result stays that of one instant although others write meanwhile: SQLite copies the rows
into a temporary table (on disk) at once, and pieces are read from there. The lock is held for the
copy and for each piece, never for the whole export. Formula fields are computed with the piece.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import count
from typing import cast

from sandbox.org.errors import OrgError, refuse
from sandbox.org.schema import Schema
from sandbox.soql.clauses import is_count, is_grouped
from sandbox.soql.environment import QueryEnv
from sandbox.soql.executor import translate_overflow
from sandbox.soql.nodes import Call, ChildQuery, Path, Query, SelectedField, TypeOf
from sandbox.soql.results import QueryResult, Row
from sandbox.soql.shapes import Batch, Cell, RecordCell, Values
from sandbox.soql.sqlfunctions import FormulaCalls, close_calls, open_calls, prepare_connection
from sandbox.soql.statements import Compiler

_numbers = count(1)


def check_export(schema: Schema, query: Query, env: QueryEnv) -> str:
    """The sObject of a query that can be exported. Raises the OrgError that an export would."""
    _check_features(query)
    Compiler(schema, env, query.text, 0).compile(query)
    found = schema.sobject(query.source.path.text)
    assert found is not None  # noqa: S101 - the compiler has found it
    return found.name


def _check_features(query: Query) -> None:
    """Raise OrgError FEATURENOTENABLED for what bulk queries do not take.

    Source: Bulk API 2.0 guide, "Query"; the messages are those that clients report.
    """
    if is_count(query) or is_grouped(query):
        raise _unsupported("Aggregate functions and GROUP BY are not supported in Bulk Query")
    if query.offset is not None:
        raise _unsupported("OFFSET is not supported in Bulk Query")
    if any(isinstance(item, ChildQuery) for item in query.items):
        raise _unsupported(
            "Aggregate Relationships not supported in Bulk Query with CSV content type"
        )
    if any(isinstance(item, TypeOf) for item in query.items):
        raise _unsupported("TYPEOF is not supported in Bulk Query")


def _unsupported(what: str) -> OrgError:
    return refuse("FEATURENOTENABLED", what)


class Export:
    """One result that waits to be read. Close it, or use it in `with`, to free its rows.

    Raises OrgError as a query does. `lock` guards the connection.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        lock: AbstractContextManager[object],
        schema: Schema,
        query: Query,
        env: QueryEnv,
    ) -> None:
        _check_features(query)
        self._connection = connection
        self._lock = lock
        self._calls = FormulaCalls(schema, env)
        self._table = f"temp.export_{next(_numbers)}"
        self._last = 0
        with lock:
            prepare_connection(connection)
            self._shape = self._copy(schema, query, env)
        self._cells = _order(query, list(_flatten(self._shape, "")))

    @property
    def columns(self) -> list[str]:
        """The names of the columns; a parent's field is `Account.Name`."""
        return [name for name, _ in self._cells]

    def columns_of(self, size: int) -> list[Values] | None:
        """The next `size` rows as columns of JSON values; None at the end."""
        with self._lock:
            batch = self._next(size)
            return None if batch is None else [cell.read(batch) for _, cell in self._cells]

    def records_of(self, size: int) -> list[Row] | None:
        """The next `size` rows as records with their parents nested; None at the end."""
        with self._lock:
            batch = self._next(size)
            return None if batch is None else cast(list[Row], self._shape.read(batch))

    def close(self) -> None:
        """Free the rows."""
        with self._lock:
            self._connection.execute(f"DROP TABLE IF EXISTS {self._table}")

    def __enter__(self) -> Export:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _copy(self, schema: Schema, query: Query, env: QueryEnv) -> RecordCell:
        number = open_calls(self._calls)
        try:
            compiled = Compiler(schema, env, query.text, number).compile(query)
            self._connection.execute(
                f"CREATE TEMP TABLE {self._table.partition('.')[2]} AS {compiled.sql}",
                compiled.parameters,
            )
        except (sqlite3.OperationalError, sqlite3.DataError, OverflowError) as error:
            raise self._calls.error or translate_overflow(error) from error
        finally:
            close_calls(number)
        return cast(RecordCell, compiled.shape)

    def _next(self, size: int) -> Batch | None:
        found = self._connection.execute(
            f"SELECT rowid, * FROM {self._table} WHERE rowid > ? ORDER BY rowid LIMIT ?",  # noqa: S608
            (self._last, size),
        ).fetchall()
        if not found:
            return None
        self._last = found[-1][0]
        columns = list(zip(*found, strict=True))[1:]
        return Batch(columns, len(found), self._calls.compute, _no_children)


def _no_children(_child: object, _ids: Values) -> Mapping[object, QueryResult]:
    raise AssertionError("an export has no children")


def _order(query: Query, cells: list[tuple[str, Cell]]) -> list[tuple[str, Cell]]:
    """The cells as they were selected; nesting has put those of one parent together."""
    own_names = {query.source.path.text.lower(), str(query.source.alias).lower()}
    ranks = {_selected_name(item, own_names): rank for rank, item in enumerate(query.items)}
    if not all(name.lower() in ranks for name, _ in cells):
        return cells  # FIELDS() stands for many
    return sorted(cells, key=lambda pair: ranks[pair[0].lower()])


def _selected_name(item: object, own_names: set[str]) -> str:
    if not isinstance(item, SelectedField):
        return ""
    if item.alias:
        return item.alias.lower()
    operand: object = item.operand
    while isinstance(operand, Call):
        operand = operand.arguments[0] if operand.arguments else None
    parts = operand.text.lower().split(".") if isinstance(operand, Path) else [""]
    return ".".join(parts[1:] if len(parts) > 1 and parts[0] in own_names else parts)


def _flatten(record: RecordCell, prefix: str) -> Iterator[tuple[str, Cell]]:
    for name, cell in record.cells.items():
        if isinstance(cell, RecordCell):
            yield from _flatten(cell, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", cell
