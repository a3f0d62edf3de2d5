"""Whether stored values are as unique as a schema wants them.

Owns what stands in the way of a field that becomes unique while the org has data, as when somebody
deploys it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from sandbox.org.ddl import collation, quote, stored_fields
from sandbox.org.schema import Field, Schema, SObject


def find_clashes(
    connection: sqlite3.Connection, before: Schema, schema: Schema
) -> Iterator[tuple[str, str]]:
    """Fields that become unique although live records share a value, with what is wrong."""
    for sobject in schema.objects.values():
        old = before.objects.get(sobject.name)
        for field in stored_fields(sobject):
            was = old.fields.get(field.name) if old else None
            is_known = was and was.unique and was.case_sensitive == field.case_sensitive
            if field.unique and not is_known and _holds_twins(connection, sobject, field):
                yield f"{sobject.name}.{field.name}", "is to be unique and holds a value twice"


def _holds_twins(connection: sqlite3.Connection, sobject: SObject, field: Field) -> bool:
    column = quote(field.name)
    live = 'AND "IsDeleted" = 0 ' if "IsDeleted" in sobject.fields else ""
    sql = (
        f"SELECT 1 FROM {quote(sobject.name)} WHERE {column} IS NOT NULL {live}"  # noqa: S608
        f"GROUP BY {column}{collation(field)} HAVING COUNT(*) > 1 LIMIT 1"
    )
    return connection.execute(sql).fetchone() is not None
