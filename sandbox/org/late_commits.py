"""Commits that become readable only a while after their stamp.

Owns the imitation of an org in which a transaction stamps its rows when it writes them and lets
others see them when it commits, minutes later: the reason why a reader who trusts the newest stamp
loses rows. What such a transaction wrote is taken back at its end and kept here until the org's
clock has gone on far enough; meanwhile its rows are locked for everybody else, and the span that
is safely readable ends before it. Kept in memory: closing the org lets all of it become visible.
Source: SOAP API guide, "getUpdated()", `latestDateCovered`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sandbox.org.errors import OrgError, refuse

if TYPE_CHECKING:
    from sandbox.org.schema import Field
    from sandbox.org.tables import Record, Table


@dataclass(frozen=True)
class _Row:
    """A row as it was, and as it will be; None where there is none."""

    table: Table
    record_id: str
    before: Record | None
    after: Record | None


@dataclass(frozen=True)
class _Commit:
    """A transaction that happened and cannot be seen yet."""

    started_at: datetime
    visible_at: datetime
    rows: tuple[_Row, ...]


class LateCommits:
    """The transactions that are still on their way. `now` is the org's clock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._here = threading.local()
        self._waiting: list[_Commit] = []
        self._touched: list[tuple[Table, str, Record | None]] = []
        self._locked: set[str] = set()
        self._began_at = now()

    @contextmanager
    def delaying(self, delay_s: float) -> Iterator[None]:
        """Make what this thread commits inside visible only after that much org time."""
        self.delay(delay_s)
        try:
            yield
        finally:
            self.delay(0)

    def delay(self, delay_s: float) -> None:
        """From now on, what this thread commits becomes visible that much later; 0 ends it."""
        self._here.delay_s = delay_s

    @property
    def is_delaying(self) -> bool:
        """True while this thread's writes are to be held back."""
        return bool(self.delay_s)

    @property
    def delay_s(self) -> float:
        """By how many seconds of org time this thread's writes are held back."""
        return float(getattr(self._here, "delay_s", 0))

    @property
    def mark(self) -> int:
        """How much this transaction has written; give it to `undo_to` when that is undone."""
        return len(self._touched)

    def undo_to(self, mark: int) -> None:
        """Forget what the transaction wrote after the mark: the database has undone it."""
        del self._touched[mark:]

    def begin(self) -> None:
        """Told when a transaction begins: no row of it is stamped earlier."""
        self._began_at = self._now()

    def holds(self, record_id: str) -> bool:
        """True while a transaction on its way has written the row."""
        return record_id in self._locked

    def note(self, table: Table, record_id: str, before: Record | None) -> None:
        """Told before each write of a row that is to be held back."""
        self._touched.append((table, record_id, before))

    def check_lock(self, record_id: str) -> None:
        """Raise OrgError UNABLE_TO_LOCK_ROW when a transaction on its way holds the row."""
        if record_id in self._locked:
            raise _locked()

    def check_value(self, table: Table, field: Field, value: object) -> None:
        """Raise OrgError when a transaction on its way has given a row this unique value.

        Letter case counts only where the field says so.
        """
        wanted = _key(field, value)
        for commit in self._waiting:
            for row in commit.rows:
                # A deploy makes new tables of the same objects, and does not end what waits.
                is_of_it = row.table.sobject.name == table.sobject.name
                if is_of_it and row.after and _key(field, row.after.get(field.name)) == wanted:
                    raise _locked()

    def hold_back(self) -> bool:
        """Take back what the ending transaction wrote and keep it; True when there was any."""
        touched, self._touched = self._touched, []
        if not touched:
            return False
        first: dict[str, tuple[Table, Record | None]] = {}
        for table, record_id, before in touched:
            first.setdefault(record_id, (table, before))
        rows = tuple(
            _Row(table, record_id, before, table.get(record_id))
            for record_id, (table, before) in first.items()
        )
        for row in rows:
            row.table.put(row.record_id, row.before)
        visible_at = self._now() + timedelta(seconds=float(self._here.delay_s))
        self._waiting.append(_Commit(self._began_at, visible_at, rows))
        self._locked.update(row.record_id for row in rows)
        return True

    @property
    def are_due(self) -> bool:
        """True when the time of some transaction has come."""
        return bool(self._waiting) and any(c.visible_at <= self._now() for c in self._waiting)

    def settle(self, *, all_of_them: bool = False) -> None:
        """Make visible what is due, inside a transaction of the caller's."""
        now = self._now()
        due = [c for c in self._waiting if all_of_them or c.visible_at <= now]
        self._waiting = [c for c in self._waiting if c not in due]
        for commit in due:
            for row in commit.rows:
                self._locked.discard(row.record_id)
                row.table.put(row.record_id, row.after)

    def rebind(self, tables: Mapping[str, Table]) -> None:
        """Told when tables were made anew, of other columns: what waits goes into these."""
        self._waiting = [
            replace(commit, rows=tuple(_rebound(row, tables) for row in commit.rows))
            for commit in self._waiting
        ]

    def filled_fields(self) -> frozenset[str]:
        """The fields (`Order.Budget__c`) that hold a value in what waits."""
        return frozenset(
            f"{row.table.sobject.name}.{name}"
            for commit in self._waiting
            for row in commit.rows
            for name, value in (row.after or {}).items()
            if value is not None
        )

    def clear(self) -> None:
        """Forget everything: the org was emptied."""
        self._waiting.clear()
        self._touched.clear()
        self._locked.clear()

    @property
    def oldest(self) -> datetime | None:
        """When the oldest transaction on its way began; nothing after it is certain."""
        return min((commit.started_at for commit in self._waiting), default=None)


def _key(field: Field, value: object) -> object:
    """What two values of a unique field have in common when they are the same to it."""
    return value if field.case_sensitive or not isinstance(value, str) else value.casefold()


def _rebound(row: _Row, tables: Mapping[str, Table]) -> _Row:
    table = tables.get(row.table.sobject.name, row.table)
    before, after = (None if r is None else table.fit(r) for r in (row.before, row.after))
    return replace(row, table=table, before=before, after=after)


def _locked() -> OrgError:
    return refuse("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
