"""The SQLite tables of an org, generated from its schema.

Owns which columns and indexes exist, and what may change between two starts on the same data:
tables and fields may be added; a stored field that would be read differently, or no more, is
refused.
"""

from __future__ import annotations

import json
import sqlite3

from sandbox.org.schema import NUMERIC_TYPES, Field, FieldType, Schema, SObject
from sandbox.org.sql_values import column_type

#: Lookups that every row has and no query starts from; an index would only slow writing down.
_UNINDEXED = frozenset({"CreatedById", "LastModifiedById", "OwnerId"})


class IncompatibleDataError(Exception):
    """The data was written under a schema that reads the same columns differently.

    `fields` says for each (`Order.Budget__c`) how it was read and how it would be.
    """

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(
            "The stored data does not fit the metadata: "
            + "; ".join(f"{name} {change}" for name, change in sorted(fields.items()))
            + ". Undo the change, or start with an empty data folder."
        )
        self.fields = fields


def quote(name: str) -> str:
    """An API name as an SQL identifier. API names hold no quotes; anything else is a bug."""
    if '"' in name:
        raise ValueError(f"no API name has a quote in it: {name}")
    return f'"{name}"'


def stored_fields(sobject: SObject) -> list[Field]:
    """The fields that have a column: all but formulas."""
    return [field for field in sobject.fields.values() if not field.is_formula]


def prepare_tables(
    connection: sqlite3.Connection, schema: Schema, filled: frozenset[str] = frozenset()
) -> None:
    """Create what is missing so that the database fits the schema; keep all data.

    `filled` are fields (`Order.Budget__c`) that hold values although the database has none. Raises
    IncompatibleDataError, before anything changed, when a field with values changed its type or
    scale, or became a formula. Idempotent.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS _org (key TEXT PRIMARY KEY, value TEXT)")
    connection.execute("CREATE TABLE IF NOT EXISTS _sequence (name TEXT PRIMARY KEY, last INTEGER)")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS _erased (sobject TEXT, id TEXT PRIMARY KEY, deleted_at TEXT)"
    )
    connection.execute(
        "CREATE TABLE IF NOT EXISTS _outbound (serial INTEGER PRIMARY KEY, message TEXT, "
        "record_id TEXT, created_at TEXT, attempts INTEGER DEFAULT 0, next_attempt TEXT, "
        "last_error TEXT, state TEXT DEFAULT 'waiting')"
    )
    before = stored_shape(connection)
    now = _shape(schema)
    computed = _computed(schema) & before.keys()
    _replace_retyped(connection, before, now | dict.fromkeys(computed, "a formula"), filled)
    for sobject in schema.objects.values():
        _prepare_table(connection, sobject)
    kept = {name: how for name, how in before.items() if name not in computed}
    connection.execute(
        "INSERT OR REPLACE INTO _org VALUES ('shape', ?)", (json.dumps({**kept, **now}),)
    )


def _shape(schema: Schema) -> dict[str, str]:
    return {
        f"{sobject.name}.{field.name}": _reading(field)
        for sobject in schema.objects.values()
        for field in stored_fields(sobject)
    }


def _computed(schema: Schema) -> set[str]:
    """The fields without a column: one that had values before would hide them in silence."""
    return {
        f"{sobject.name}.{field.name}"
        for sobject in schema.objects.values()
        for field in sobject.fields.values()
        if field.is_formula
    }


def _reading(field: Field) -> str:
    """How the column's content is read; two types that read alike may replace each other."""
    if field.type in NUMERIC_TYPES:
        return f"number with {field.scale} decimal places"
    if column_type(field) == "INTEGER" or field.type in {FieldType.DATE, FieldType.TIME}:
        return field.type.value
    return "DateTime" if field.type is FieldType.DATETIME else "text"


def stored_shape(connection: sqlite3.Connection) -> dict[str, str]:
    """How the database's columns are read, by `Order.Budget__c`: its schema's fingerprint."""
    row = connection.execute("SELECT value FROM _org WHERE key = 'shape'").fetchone()
    shape: dict[str, str] = json.loads(row[0]) if row else {}
    return shape


def _replace_retyped(
    connection: sqlite3.Connection,
    before: dict[str, str],
    now: dict[str, str],
    filled: frozenset[str],
) -> None:
    """Drop the columns that change their reading, if they hold nothing; else refuse them all."""
    changed = {
        name: f"was {before[name]} and is now {reading}"
        for name, reading in now.items()
        if before.get(name, reading) != reading
    }
    stuck = {n: how for n, how in changed.items() if n in filled or holds_values(connection, n)}
    if stuck:
        raise IncompatibleDataError(stuck)
    for name in changed:
        table, column = name.split(".")
        connection.execute(f"DROP INDEX IF EXISTS {quote(f'ix_{table}_{column}')}")
        connection.execute(f"ALTER TABLE {quote(table)} DROP COLUMN {quote(column)}")


def holds_values(connection: sqlite3.Connection, name: str) -> bool:
    """Whether any row has a value in the column `Order.Budget__c`."""
    table, column = (quote(part) for part in name.split("."))
    sql = f"SELECT 1 FROM {table} WHERE {column} IS NOT NULL LIMIT 1"  # noqa: S608 - quoted names
    return connection.execute(sql).fetchone() is not None


def _prepare_table(connection: sqlite3.Connection, sobject: SObject) -> None:
    table = quote(sobject.name)
    columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    fields = stored_fields(sobject)
    if not columns:
        body = ", ".join(_column(field) for field in fields)
        connection.execute(f"CREATE TABLE {table} ({body})")
    else:
        for field in fields:
            if field.name not in columns:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {_added_column(field)}")
    for field in fields:
        _prepare_index(connection, sobject, field)


def _column(field: Field) -> str:
    column = f"{quote(field.name)} {column_type(field)}"
    if field.type is FieldType.ID:
        return column + " PRIMARY KEY NOT NULL"
    return column + (" NOT NULL DEFAULT 0" if field.type is FieldType.CHECKBOX else "")


def _added_column(field: Field) -> str:
    """A column for rows that exist already: a picklist that must be filled gets its default."""
    default = next((v.value for v in field.values if v.is_default), None)
    if field.type is not FieldType.PICKLIST or not field.required or default is None:
        return _column(field)
    literal = default.replace("'", "''")
    return f"{_column(field)} DEFAULT '{literal}'"


def _prepare_index(connection: sqlite3.Connection, sobject: SObject, field: Field) -> None:
    indexed = _indexed(field)
    if indexed:
        name = quote(f"ix_{sobject.name}_{field.name}")
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {quote(sobject.name)} {indexed}")


def _indexed(field: Field) -> str:
    """The columns of the field's index, and which rows it holds; empty for no index."""
    column = quote(field.name)
    if field.name == "SystemModstamp":
        return '("SystemModstamp", "Id")'
    # Most lookups of most rows are blank, and every entry of an index makes its row dearer.
    if field.is_reference and field.name not in _UNINDEXED:
        return f"({column}) WHERE {column} IS NOT NULL"
    if field.external_id or field.unique:
        return f"({column}{collation(field)}) WHERE {column} IS NOT NULL"
    return ""


def collation(field: Field) -> str:
    """How values of a unique field are compared."""
    return "" if field.case_sensitive else " COLLATE NOCASE"
