"""Rows that a save or a query reads on the way, each fetched once.

Owns the promise that within one save every rule sees the same version of a related record.
"""

from __future__ import annotations

from sandbox.org.store import Store
from sandbox.org.tables import Record


class RelatedRows:
    """Records by Id, remembered for as long as this object lives: one save, one query."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: dict[str, Record | None] = {}

    def get(self, record_id: str) -> Record | None:
        """The record of that Id, deleted or not; None when there is none."""
        try:
            return self._rows[record_id]
        except KeyError:
            row = self._rows[record_id] = self._store.row(record_id)
            return row

    @property
    def count(self) -> int:
        """How many records are remembered."""
        return len(self._rows)

    def forget(self) -> None:
        """Read everything anew: rows were written since."""
        self._rows.clear()
