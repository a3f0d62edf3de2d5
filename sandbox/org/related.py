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
        self._settings: dict[str, dict[str, Record]] = {}

    def get(self, record_id: str) -> Record | None:
        """The record of that Id, deleted or not; None when there is none."""
        try:
            return self._rows[record_id]
        except KeyError:
            row = self._rows[record_id] = self._store.row(record_id)
            return row

    def settings(self, name: str) -> dict[str, Record]:
        """The rows of a custom setting by the Id of the user, profile or organization they hold
        for."""
        if name not in self._settings:
            rows = self._store.tables[name].all()
            self._settings[name] = {str(row["SetupOwnerId"]): row for row in rows}
        return self._settings[name]

    @property
    def count(self) -> int:
        """How many records are remembered."""
        return len(self._rows)

    def forget(self) -> None:
        """Read everything anew: rows were written since."""
        self._rows.clear()
        self._settings.clear()
