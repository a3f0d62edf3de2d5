"""Snapshots of an org's data by name, one file each, in the folder `snapshots` of its data folder.

Owns the names (which become file names) and what is told about a snapshot. What is told lies in the
snapshot's own database, so that one rename makes a snapshot appear whole or not at all. A snapshot
is data: records with their history and recycle bin, users, numbers given out. Metadata, tokens, the
clock, faults and counters are none of it.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sandbox.org.ddl import quote, stored_shape
from sandbox.org.errors import refuse

FOLDER = "snapshots"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SUFFIX = ".sqlite3"
_KEY = "snapshot"


@dataclass(frozen=True)
class Snapshot:
    """What is told of a snapshot."""

    name: str
    taken_at: str  #: ISO 8601, in the org's time
    records: int  #: rows in all tables, setup rows and recycle bin included
    schema: str  #: fingerprint of the columns and how they are read
    size_bytes: int = 0

    def as_json(self) -> dict[str, object]:
        """The snapshot as the control plane shows it."""
        return asdict(self)


class Snapshots:
    """All snapshots of one data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._lock = threading.RLock()  # two takings of one name would share their draft

    def add(
        self,
        name: str,
        write: Callable[[Path], None],
        taken_at: datetime,
        *,
        replace: bool = False,
    ) -> Snapshot:
        """Keep what `write` puts into a file under a name.

        Raises OrgError INVALID_INPUT for an unfit name and DUPLICATE_VALUE for a taken one, unless
        it may be replaced.
        """
        path = self._path(name)
        with self._lock:
            if path.exists() and not replace:
                message = f"There is a snapshot {name} already; --replace overwrites it."
                raise refuse("DUPLICATE_VALUE", message)
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".new")
            draft.unlink(missing_ok=True)
            write(draft)
            _describe(draft, name, taken_at)
            draft.replace(path)
            return _read(path)

    def find(self, name: str) -> Path:
        """The file of a snapshot, not to be written to. Raises OrgError NOT_FOUND."""
        path = self._path(name)
        if not path.is_file():
            known = ", ".join(sorted(path.stem for path in self._files())) or "none"
            raise refuse("NOT_FOUND", f"There is no snapshot {name}; there are {known}.")
        return path

    @contextmanager
    def working_copy(self, name: str) -> Iterator[Path]:
        """A copy of a snapshot to change at will. Raises OrgError NOT_FOUND."""
        parent = self.find(name).parent
        with tempfile.TemporaryDirectory(dir=parent) as scratch:
            with self._lock:
                path = self.find(name)
                _read(path)
                copy = Path(shutil.copyfile(path, Path(scratch, "copy.sqlite3")))
            with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
                connection.execute("DELETE FROM _org WHERE key = ?", (_KEY,))
            yield copy

    def all(self) -> list[Snapshot]:
        """All snapshots, oldest first."""
        with self._lock:
            return sorted(map(_read, self._files()), key=lambda s: (s.taken_at, s.name))

    def delete(self, name: str) -> None:
        """Forget a snapshot. Raises OrgError NOT_FOUND."""
        with self._lock:
            self.find(name).unlink()

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise refuse(
                "INVALID_INPUT",
                f"A snapshot's name is up to 64 letters, digits, - and _, got {name!r}.",
            )
        return self._folder / f"{name}{_SUFFIX}"

    def _files(self) -> list[Path]:
        return list(self._folder.glob(f"*{_SUFFIX}"))


def _describe(path: Path, name: str, taken_at: datetime) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        shape = json.dumps(stored_shape(database), sort_keys=True)
        fingerprint = hashlib.sha256(shape.encode()).hexdigest()[:16]
        told = Snapshot(name, taken_at.isoformat(), _count_rows(database), fingerprint)
        row = (_KEY, json.dumps(asdict(told)))
        database.execute("INSERT OR REPLACE INTO _org VALUES (?, ?)", row)


def _read(path: Path) -> Snapshot:
    address = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            row = database.execute("SELECT value FROM _org WHERE key = ?", (_KEY,)).fetchone()
        told = json.loads(row[0])
    except (sqlite3.DatabaseError, TypeError) as error:
        message = f"The file {path.name} in {path.parent} is no snapshot; remove it."
        raise refuse("INVALID_INPUT", message) from error
    return Snapshot(**told | {"name": path.stem, "size_bytes": path.stat().st_size})


def _count_rows(database: sqlite3.Connection) -> int:
    tables = {name.partition(".")[0] for name in stored_shape(database)}
    return sum(
        database.execute(f"SELECT COUNT(*) FROM {quote(table)}").fetchone()[0]  # noqa: S608
        for table in tables
    )
