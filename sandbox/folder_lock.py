"""One local org per data folder.

Owns the claim on a folder: an SQLite database held exclusively, because its lock works on every
system that Python runs on and is gone with the process however that ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_FILE_NAME = "in-use.sqlite3"


class FolderInUseError(Exception):
    """Another local org has the data folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The data folder {folder} is used by another local org: "
            "stop that one, or speak to it by its URL."
        )


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Have the folder (which must exist) for this process alone. Raises FolderInUseError."""
    with closing(sqlite3.connect(folder / _FILE_NAME, timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise FolderInUseError(folder) from error
        yield
