"""The org's data: one SQLite database, one connection, one lock.

Owns transactions. All threads share the connection under a re-entrant lock, which serialises
writers as strictly as any test needs and makes a request's reads consistent.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock

from sandbox.org.ddl import prepare_tables, quote
from sandbox.org.ids import make_id
from sandbox.org.late_commits import LateCommits
from sandbox.org.schema import Schema, SObject
from sandbox.org.tables import Record, Table

FILE_NAME = "org.sqlite3"
_CACHE_KIB = 64 * 1024
#: Rows that one transaction remembers; a load of a million rows must not keep them all.
_MOST_REMEMBERED = 20_000


class Store:
    """Tables, transactions and sequences of one org.

    `data_dir` None keeps the data until the end of the process; otherwise it survives a restart.
    Raises IncompatibleDataError when the folder's data does not fit the schema.
    """

    def __init__(
        self,
        schema: Schema,
        data_dir: Path | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.late = LateCommits(now)
        self.lock = RLock()
        self.connection = _connect(data_dir)
        weakref.finalize(self, self.connection.close)
        self._last_numbers: dict[str, int] = {}
        self._depth = 0
        self._savepoints = 0
        self._dirty: set[str] = set()
        self._forgetters: list[Callable[[], None]] = []
        self._remembered: dict[str, Record | None] = {}
        with self.transaction():
            prepare_tables(self.connection, schema)
        self._open_tables(schema)
        self._load_sequences()

    def close(self) -> None:
        """Release the database file; what was to become visible later does so now."""
        with self.lock:
            if self.late.oldest is not None:
                self._settle(all_of_them=True)
            self.connection.close()

    def adopt(self, schema: Schema) -> None:
        """Make the tables fit another schema and keep all data. Belongs inside `transaction`.

        Raises IncompatibleDataError; after a rollback the caller calls `restore` with the schema
        of before.
        """
        prepare_tables(self.connection, schema, self.late.filled_fields())
        self._open_tables(schema)

    def restore(self, schema: Schema) -> None:
        """Work with the tables of this schema again, which a rollback has brought back."""
        self._open_tables(schema)

    def forget_on_rollback(self, forget: Callable[[], None]) -> None:
        """Have `forget` called when writes are undone, so that a cache never outlives them."""
        self._forgetters.append(forget)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody else meanwhile. Inside another one it joins that one."""
        with self.lock:
            if self._depth:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                return
            self.settle()
            self.connection.execute("BEGIN IMMEDIATE")
            self.late.begin()
            self._depth = 1
            try:
                yield
                if self.late.hold_back():
                    self._forget()
                self._save_sequences()
                self.connection.execute("COMMIT")
            except BaseException:
                self.connection.execute("ROLLBACK")
                self.late.undo_to(0)
                self._load_sequences()
                self._forget()
                raise
            finally:
                self._depth = 0
                self._remembered.clear()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what happens inside when it raises; the error goes on to the caller."""
        with self.transaction():
            self._savepoints += 1
            name, mark = f"sp{self._savepoints}", self.late.mark
            self.connection.execute(f"SAVEPOINT {name}")
            try:
                yield
            except BaseException:
                self.connection.execute(f"ROLLBACK TO {name}")
                self.late.undo_to(mark)
                self._forget()
                raise
            finally:
                self.connection.execute(f"RELEASE {name}")
                self._savepoints -= 1

    def settle(self) -> None:
        """Make visible what earlier transactions wrote and is due by now."""
        with self.lock:
            if self.late.are_due and not self._depth:
                self._settle()

    def _settle(self, *, all_of_them: bool = False) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            self.late.settle(all_of_them=all_of_them)
            self.connection.execute("COMMIT")
        except BaseException:
            # Left open, it would keep every later transaction from beginning.
            self.connection.execute("ROLLBACK")
            raise
        self._forget()

    def table(self, sobject: SObject) -> Table:
        """The table of an sObject."""
        return self.tables[sobject.name]

    def sobject_of(self, record_id: str) -> SObject | None:
        """The sObject whose Ids start as this one does."""
        return self._by_prefix.get(record_id[:3])

    def row(self, record_id: str) -> Record | None:
        """The row of that Id in whatever table it lives, deleted or not; not to be changed.

        Inside a transaction it is read once until it is written: the rows of a chunk have owner,
        account and order in common.
        """
        with self.lock:
            if not self._depth:
                return self._fetch(record_id)
            if record_id not in self._remembered:
                if len(self._remembered) >= _MOST_REMEMBERED:
                    self._remembered.clear()
                self._remembered[record_id] = self._fetch(record_id)
            return self._remembered[record_id]

    def _fetch(self, record_id: str) -> Record | None:
        sobject = self.sobject_of(record_id)
        return self.tables[sobject.name].get(record_id) if sobject else None

    def new_id(self, sobject: SObject) -> str:
        """An Id that no record had before."""
        return make_id(sobject.key_prefix, self.next_number(f"id:{sobject.name}"))

    def next_number(self, sequence: str, first: int = 1) -> int:
        """The next number of a named sequence. A rollback leaves a gap, as in a real org."""
        number = self._last_numbers.get(sequence, first - 1) + 1
        self._last_numbers[sequence] = number
        self._dirty.add(sequence)
        return number

    def clear(self) -> None:
        """Delete every row and start all sequences anew; the tables stay."""
        with self.transaction():
            for name in self.tables:
                self.connection.execute(f"DELETE FROM {quote(name)}")  # noqa: S608
            self.connection.execute("DELETE FROM _sequence")
            self.connection.execute("DELETE FROM _erased")
            self.connection.execute("DELETE FROM _outbound")
            self._last_numbers.clear()
            self._dirty.clear()
            self.late.clear()
            self._forget()

    def reload(self) -> None:
        """Start from what the database holds now: all of it was replaced."""
        self._last_numbers.clear()
        self._dirty.clear()
        self.late.clear()
        self._load_sequences()
        self._forget()

    def _open_tables(self, schema: Schema) -> None:
        self.schema = schema
        self._remembered.clear()
        self.tables = {
            name: Table(self.connection, o, self.late, self._remembered)
            for name, o in schema.objects.items()
        }
        self.late.rebind(self.tables)
        self._by_prefix = {o.key_prefix: o for o in schema.objects.values() if o.key_prefix}

    def _load_sequences(self) -> None:
        # Numbers given out and rolled back stay used: a gap is harmless, a second use is not.
        for name, last in self.connection.execute("SELECT name, last FROM _sequence").fetchall():
            self._last_numbers[name] = max(last, self._last_numbers.get(name, 0))

    def _save_sequences(self) -> None:
        if self._dirty:
            rows = [(name, self._last_numbers[name]) for name in self._dirty]
            self.connection.executemany("INSERT OR REPLACE INTO _sequence VALUES (?, ?)", rows)
            self._dirty.clear()

    def _forget(self) -> None:
        self._remembered.clear()
        for forget in self._forgetters:
            forget()


def _connect(data_dir: Path | None) -> sqlite3.Connection:
    if data_dir is not None:
        data_dir.mkdir(parents=True, exist_ok=True)
    # An empty name is a private database that spills to disk once it outgrows its cache: a million
    # rows without a data folder must not fill the memory.
    target = "" if data_dir is None else str(data_dir / FILE_NAME)
    connection = sqlite3.connect(
        target, isolation_level=None, check_same_thread=False, cached_statements=1024
    )
    if data_dir is None:
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    else:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    return connection
