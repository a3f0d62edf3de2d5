"""The notifications that outbound messages still owe, in the org's own database.

Owns the life of a notification: queued with the save that causes it, tried at growing intervals of
the org's time, gone once it is acknowledged, given up a day after it was queued. A notification
holds no data of its record: whoever sends it reads the record at that moment, so states in between
are lost, as in a real org. Source: SOAP API guide, "Understanding Outbound Messaging".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sandbox.org.ids import make_id

if TYPE_CHECKING:
    from sandbox.org.clock import OrgClock
    from sandbox.org.store import Store

#: Key prefix of notifications.
PREFIX = "04l"
#: How long an org goes on trying.
KEPT = timedelta(hours=24)
WAITING = "waiting"
FAILED = "failed"
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=2)
_SEQUENCE = "id:notification"
_INSERT = (
    "INSERT INTO _outbound (serial, message, record_id, created_at, next_attempt) "
    "VALUES (?, ?, ?, ?, ?)"
)
_COLUMNS = "serial, message, record_id, created_at, attempts, next_attempt, last_error, state"


@dataclass(frozen=True)
class Notification:
    """One entry of the queue. Times are of the org's clock, aware UTC."""

    serial: int
    message: str  #: `Order.Order_Changed`
    record_id: str
    created_at: datetime
    attempts: int
    next_attempt: datetime | None  #: None when it is due at once, or never again
    last_error: str | None
    state: str  #: WAITING or FAILED

    @property
    def id(self) -> str:
        """The 18-character Id by which receivers tell duplicates."""
        return make_id(PREFIX, self.serial)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after that many failed attempts: 30 s, 1 min, 2 min, … at most 2 h."""
    # Beyond ten doublings the longest pause is reached; larger powers would overflow.
    doublings: int = 2 ** min(attempts - 1, 10)
    return min(_FIRST_PAUSE * doublings, _LONGEST_PAUSE)


class OutboundQueue:
    """The queue of one org. `arrived` is called with a message's name whenever one is queued."""

    def __init__(self, store: Store, clock: OrgClock) -> None:
        self._store = store
        self._clock = clock
        self._last_moment: datetime | None = None
        self._last_text = ""
        self.arrived: Callable[[str], None] = _nobody_listens

    def add(self, message: str, record_id: str, now: datetime) -> None:
        """Queue a notification inside the transaction of the save that causes it."""
        delay_s = self._store.late.delay_s
        # A commit that becomes visible late is over only then.
        first = _text(now + timedelta(seconds=delay_s)) if delay_s else None
        serial = self._store.next_number(_SEQUENCE)
        row = (serial, message, record_id, self._when(now), first)
        self._store.connection.execute(_INSERT, row)
        self.arrived(message)

    def _when(self, now: datetime) -> str:
        """The moment as text; the rows of a chunk share it, so that it is spelled once."""
        if now != self._last_moment:
            self._last_moment, self._last_text = now, _text(now)
        return self._last_text

    def entries(self) -> list[Notification]:
        """Everything in the queue, oldest first."""
        self.expire()
        return self._read("", ())

    def due(self, messages: Iterable[str]) -> list[Notification]:
        """What of these messages is to be sent now, oldest first."""
        names = tuple(messages)
        where = (
            f"WHERE state = '{WAITING}' AND message IN ({_marks(names)}) "
            "AND (next_attempt IS NULL OR next_attempt <= ?)"
        )
        with self._store.lock:
            self.expire()
            return self._read(where, (*names, _text(self._clock.now()))) if names else []

    def next_due(self, messages: Iterable[str]) -> datetime | None:
        """When the next one of these messages is to be sent; the past when one is due."""
        names = tuple(messages)
        sql = (
            "SELECT MIN(COALESCE(next_attempt, created_at)) FROM _outbound "  # noqa: S608
            f"WHERE state = '{WAITING}' AND message IN ({_marks(names)})"
        )
        with self._store.lock:
            (found,) = self._store.connection.execute(sql, names).fetchone()
        return None if found is None else datetime.fromisoformat(found)

    def acknowledge(self, sent: Sequence[Notification]) -> None:
        """The receiver has taken these: they leave the queue."""
        self._change("DELETE FROM _outbound WHERE serial = ?", [(n.serial,) for n in sent])

    def postpone(self, sent: Sequence[Notification], error: str) -> None:
        """An attempt failed: each gets its next one, later than the one before."""
        now = self._clock.now()
        rows = [
            (n.attempts + 1, _text(now + pause_after(n.attempts + 1)), error, n.serial)
            for n in sent
        ]
        sql = "UPDATE _outbound SET attempts = ?, next_attempt = ?, last_error = ? WHERE serial = ?"
        self._change(sql, rows)

    def give_up(self, lost: Sequence[Notification], reason: str) -> None:
        """These will never be sent; they stay in sight."""
        sql = (
            f"UPDATE _outbound SET state = '{FAILED}', next_attempt = NULL, last_error = ? "  # noqa: S608
            "WHERE serial = ?"
        )
        self._change(sql, [(reason, n.serial) for n in lost])

    def expire(self) -> None:
        """Give up what was queued a day ago and is still waiting."""
        sql = (
            f"UPDATE _outbound SET state = '{FAILED}', next_attempt = NULL, "  # noqa: S608
            "last_error = 'dropped after 24 hours without Ack' "
            "|| COALESCE('; last: ' || last_error, '') "
            f"WHERE state = '{WAITING}' AND created_at <= ?"
        )
        with self._store.lock:
            # Read inside the lock: a clock that is set back meanwhile must not age what is new.
            before = _text(self._clock.now() - KEPT)
            oldest = "SELECT MIN(created_at) FROM _outbound WHERE state = 'waiting'"
            (first,) = self._store.connection.execute(oldest).fetchone()
            if first is not None and first <= before:
                self._change(sql, [(before,)])

    def drop_uncommitted(self, copy: sqlite3.Connection) -> None:
        """Take out of a copy of the data what commits on their way, not in it, have queued."""
        sql = "SELECT serial, record_id FROM _outbound WHERE attempts = 0 AND next_attempt > ?"
        ahead = copy.execute(sql, (_text(self._clock.now()),)).fetchall()
        held = [(serial,) for serial, record in ahead if self._store.late.holds(record)]
        copy.executemany("DELETE FROM _outbound WHERE serial = ?", held)

    def clear(self) -> int:
        """Empty the queue; how many notifications there were."""
        with self._store.transaction():
            return self._store.connection.execute("DELETE FROM _outbound").rowcount

    def _read(self, where: str, values: tuple[str, ...]) -> list[Notification]:
        sql = f"SELECT {_COLUMNS} FROM _outbound {where} ORDER BY serial"  # noqa: S608
        with self._store.lock:
            rows = self._store.connection.execute(sql, values).fetchall()
        return [
            Notification(
                serial, message, record_id, datetime.fromisoformat(created), attempts,
                None if following is None else datetime.fromisoformat(following), error, state,
            )
            for serial, message, record_id, created, attempts, following, error, state in rows
        ]  # fmt: skip

    def _change(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        with self._store.transaction():
            self._store.connection.executemany(sql, rows)


def _nobody_listens(_message: str) -> None:
    """Nobody delivers; the queue keeps what it has."""


def _marks(names: tuple[str, ...]) -> str:
    return ", ".join("?" * len(names))


def _text(moment: datetime) -> str:
    """A moment that sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
