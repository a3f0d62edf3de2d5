"""Rows of one sObject's table as dictionaries of canonical values.

Owns the SQL text per sObject and the conversion of whole rows, prepared once because a save reads
and writes a row many times a second.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence

from sandbox.org.ddl import quote, stored_fields
from sandbox.org.late_commits import LateCommits
from sandbox.org.schema import FieldType, SObject
from sandbox.org.sql_values import SqlValue, decoder, encoder

#: One record in memory: canonical values by canonical field name, stored fields only.
Record = dict[str, object]
#: Some fields of one record as they are stored.
Picked = tuple[SqlValue, ...]


class Table:
    """The table of one sObject on one connection.

    `remembered` holds rows that somebody read, by Id; a write takes its row out.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        sobject: SObject,
        late: LateCommits | None = None,
        remembered: MutableMapping[str, Record | None] | None = None,
    ) -> None:
        fields = stored_fields(sobject)
        self._late = late
        self._remembered = {} if remembered is None else remembered
        self.sobject = sobject
        self.names = tuple(field.name for field in fields)
        self._connection = connection
        self._name = quote(sobject.name)
        self._decoder_by_name = {f.name: decoder(f) for f in fields}
        self._decoders = [
            (place, decode)
            for place, decode in enumerate(self._decoder_by_name.values())
            if decode is not None
        ]
        self._encoders = {f.name: encoder(f) for f in fields}
        self._columns = tuple(self._encoders.items())
        self._blank: Record = {
            f.name: False if f.type is FieldType.CHECKBOX else None for f in fields
        }
        self._has_recycle_bin = "IsDeleted" in self._blank
        columns = ", ".join(quote(name) for name in self.names)
        marks = ", ".join("?" * len(self.names))
        self._select = f"SELECT {columns} FROM {self._name} "  # noqa: S608 - quoted API names
        self._insert = f"INSERT INTO {self._name} ({columns}) VALUES ({marks})"  # noqa: S608
        self._updates: dict[tuple[str, ...], str] = {}

    def blank(self) -> Record:
        """A new record without values; its checkboxes are False."""
        return dict(self._blank)

    def fit(self, record: Record) -> Record:
        """A record of this object under another schema, with the columns of this table."""
        return self._blank | {name: record[name] for name in self.names if name in record}

    def get(self, record_id: str) -> Record | None:
        """The row of that Id, deleted or not."""
        row = self._connection.execute(self._select + 'WHERE "Id" = ?', (record_id,)).fetchone()
        return None if row is None else self._read(row)

    def pick(self, ids: Sequence[str], names: Sequence[str]) -> dict[str, Picked]:
        """These fields of the rows with those Ids, deleted or not, as they are stored, by Id."""
        columns = ", ".join(map(quote, ("Id", *names)))
        sql = (
            f"SELECT {columns} FROM {self._name} "  # noqa: S608 - quoted API names
            'WHERE "Id" IN (SELECT value FROM json_each(?))'
        )
        rows = self._connection.execute(sql, (json.dumps(list(ids)),))
        return {row[0]: row[1:] for row in rows}

    def record_of(self, names: Sequence[str], picked: Picked) -> Record:
        """What was picked as canonical values: a record of these fields alone."""
        decoders = [self._decoder_by_name[name] for name in names]
        return {
            name: raw if raw is None or decode is None else decode(raw)
            for name, decode, raw in zip(names, decoders, picked, strict=True)
        }

    def find(
        self,
        field: str,
        value: object,
        *,
        include_deleted: bool = False,
        ignore_case: bool = False,
        limit: int = -1,
    ) -> list[Record]:
        """Rows that hold `value` in `field`, in Id order; deleted ones only on request."""
        sql = f"{self._select}WHERE {quote(field)} = ?{' COLLATE NOCASE' * ignore_case}"
        if self._has_recycle_bin and not include_deleted:
            sql += ' AND "IsDeleted" = 0'
        sql += ' ORDER BY "Id" LIMIT ?'
        rows = self._connection.execute(sql, (self._encode(field, value), limit)).fetchall()
        return [self._read(row) for row in rows]

    def all(self) -> list[Record]:
        """Every row, deleted ones too, in Id order."""
        return [self._read(row) for row in self._connection.execute(self._select + 'ORDER BY "Id"')]

    def insert(self, records: Iterable[Record]) -> None:
        """Add complete records (every stored field present)."""
        if self._late is not None and self._late.is_delaying:
            records = list(records)
            for record in records:
                self._late.note(self, str(record["Id"]), None)
        self._connection.executemany(self._insert, (self._new_row(record) for record in records))

    def update(self, record_id: str, changes: Mapping[str, object]) -> None:
        """Set some fields of one row. Raises OrgError when a late transaction holds it."""
        self._prepare_change(record_id)
        self._remembered.pop(record_id, None)
        names = tuple(changes)
        sql = self._updates.get(names)
        if sql is None:
            sets = ", ".join(f"{quote(name)} = ?" for name in names)
            sql = f'UPDATE {self._name} SET {sets} WHERE "Id" = ?'  # noqa: S608
            self._updates[names] = sql
        values = [self._encode(name, changes[name]) for name in names]
        self._connection.execute(sql, (*values, record_id))

    def delete(self, record_id: str) -> None:
        """Remove a row for good. Raises OrgError when a late transaction holds it."""
        self._prepare_change(record_id)
        self._erase(record_id)

    def put(self, record_id: str, record: Record | None) -> None:
        """Make the row what it is to be, or nothing; for transactions that become visible late."""
        self._erase(record_id)
        if record is not None:
            self._connection.execute(self._insert, self._new_row(record))

    def _prepare_change(self, record_id: str) -> None:
        if self._late is None:
            return
        self._late.check_lock(record_id)
        if self._late.is_delaying:
            self._late.note(self, record_id, self.get(record_id))

    def _erase(self, record_id: str) -> None:
        self._remembered.pop(record_id, None)
        self._connection.execute(f'DELETE FROM {self._name} WHERE "Id" = ?', (record_id,))  # noqa: S608

    def _read(self, row: Sequence[SqlValue]) -> Record:
        values: list[object] = list(row)
        for place, decode in self._decoders:
            raw = row[place]
            if raw is not None:
                values[place] = decode(raw)
        return dict(zip(self.names, values, strict=True))

    def _new_row(self, record: Record) -> list[SqlValue]:
        self._remembered.pop(str(record["Id"]), None)
        return [
            value if (value := record[name]) is None or encode is None else encode(value)  # type: ignore[misc]
            for name, encode in self._columns
        ]

    def _encode(self, name: str, value: object) -> SqlValue:
        encode: Callable[[object], SqlValue] | None = self._encoders[name]
        if value is None or encode is None:
            return value  # type: ignore[return-value]
        return encode(value)
