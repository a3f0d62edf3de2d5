"""Snapshots of a data folder that no org uses.

Owns that a folder at rest is treated as the org itself would: claimed first, checked for what its
columns can hold, and without bulk jobs after a restore.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sandbox.folder_lock import claimed
from sandbox.metadata.ledger import read_prefixes
from sandbox.org.ddl import stored_shape
from sandbox.org.errors import refuse
from sandbox.org.snapshots import MisfitError, check_fit, write_copy
from sandbox.org.store import FILE_NAME
from sandbox.snapshots import Snapshot, Snapshots


def take_at_rest(data: Path, name: str, *, replace: bool = False) -> Snapshot:
    """Keep the folder's data under a name, stamped with the machine's time.

    Raises FolderInUseError, FileNotFoundError when the folder holds no org, and OrgError.
    """
    with _resting(data) as database:

        def write(path: Path) -> None:
            write_copy(database, path)

        return Snapshots(data).add(name, write, datetime.now(UTC), replace=replace)


def restore_at_rest(data: Path, name: str) -> None:
    """Have the data of a snapshot in the folder instead of the present data.

    Raises as `take_at_rest` does, and OrgError naming what does not fit; nothing changed then.
    """
    with _resting(data) as database, Snapshots(data).working_copy(name) as path:
        with closing(sqlite3.connect(path)) as copy:
            try:
                check_fit(copy, stored_shape(database), read_prefixes(data))
            except MisfitError as error:
                message = f"Snapshot {name} does not fit the data folder {data}: {error}."
                raise refuse("INVALID_INPUT", message) from error
            copy.backup(database)
        shutil.rmtree(data / "bulk", ignore_errors=True)


@contextmanager
def _resting(data: Path) -> Iterator[sqlite3.Connection]:
    if not (data / FILE_NAME).is_file():
        raise FileNotFoundError(f"The folder {data} holds no data of a local org ({FILE_NAME}).")
    with claimed(data), closing(sqlite3.connect(data / FILE_NAME)) as database:
        yield database
