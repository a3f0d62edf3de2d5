"""Puts rows into the replica that it does not know yet, in the quickest way of each database.

Owns the bet of a first load, that nothing of a chunk is there: SQLite gets statements of many rows,
PostgreSQL a COPY. When the bet is lost nothing is stored, and the rows take the careful way of
`replica_writes.store_rows`, on which a newer version wins.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from itertools import repeat
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from sfsync.cells import Chunk, Column, is_empty
from sfsync.replica import TABLES

#: Parameters of one statement; SQLite takes 32,766, and no more than this is gained by.
PARAMETERS = 8_000


def insert_new(session: Session, chunk: Chunk, load_no: int) -> bool:
    """Stores the rows, marked as met by that reading of everything, unless any of them is known.

    Whether they were stored; if not, nothing has changed. Belongs in the caller's transaction.
    """
    if _is_any_known(session, chunk):
        return False
    insert = INSERTS[session.get_bind().dialect.name]
    names, columns = _filled(chunk)
    try:
        with session.begin_nested():
            insert(session.connection(), chunk.mapping.table, names, columns, load_no)
    except IntegrityError:
        return False
    return True


def _filled(chunk: Chunk) -> tuple[list[str], list[Column]]:
    """The columns that hold anything, by name: a column left out is null, and costs nothing."""
    extra = ["extra"] if chunk.mapping.extra else []
    names = [*(each.column for each in chunk.mapping.fields), *extra, "checksum"]
    pairs = zip(names, chunk.stored, strict=True)
    filled = [(name, column) for name, column in pairs if not is_empty(column, None)]
    return [*(name for name, _ in filled), "seen_in_load"], [column for _, column in filled]


def _is_any_known(session: Session, chunk: Chunk) -> bool:
    """Whether the first or the last row is known, which tells a second reading from a first."""
    table, ids = TABLES[chunk.mapping.sobject], chunk.ids
    ends = table.c.salesforce_id.in_({ids[0], ids[-1]})
    return session.execute(select(table.c.salesforce_id).where(ends).limit(1)).first() is not None


def _insert_sqlite(
    connection: Connection, table: str, names: list[str], columns: list[Column], load_no: int
) -> None:
    width = len(columns)
    marks = f"({'?,' * width}{load_no:d})"
    for start in range(0, len(columns[0]), PARAMETERS // width):
        parts = [column[start : start + PARAMETERS // width] for column in columns]
        count = len(parts[0])
        values: list[Any] = [None] * (count * width)
        for place, part in enumerate(parts):
            values[place::width] = part
        many = ",".join([marks] * count)
        text = f"INSERT INTO {table} ({','.join(names)}) VALUES {many}"  # noqa: S608 - our names
        connection.exec_driver_sql(text, tuple(values))


def _insert_postgres(
    connection: Connection, table: str, names: list[str], columns: list[Column], load_no: int
) -> None:
    from psycopg import Error  # only who uses PostgreSQL needs it

    text = io.StringIO(newline="")
    csv.writer(text).writerows(zip(*columns, repeat(load_no, len(columns[0])), strict=True))
    statement = f"COPY {table} ({','.join(names)}) FROM STDIN (FORMAT csv)"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(text.getvalue())
    except Error as error:
        raise DBAPIError.instance(statement, None, error, Error) from error


Insert = Callable[[Connection, str, list[str], list[Column], int], None]
INSERTS: dict[str, Insert] = {"sqlite": _insert_sqlite, "postgresql": _insert_postgres}
