"""The org's clock: real time until somebody sets it.

Owns the only reading of the machine's time inside the local org, so that a test or a demo can
place the whole org on any morning and let it run or stand still there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock


class OrgClock:
    """Time as the org sees it, always aware UTC.

    A set clock runs on from the given instant unless it is frozen. Safe to use from many threads.
    """

    def __init__(self, now: datetime | None = None, *, frozen: bool = False) -> None:
        self._lock = Lock()
        self._offset = timedelta(0)
        self._frozen_at: datetime | None = None
        self._watchers: list[Callable[[], None]] = []
        if now is not None:
            self.set(now, frozen=frozen)

    def watch(self, tell: Callable[[], None]) -> None:
        """Have `tell` called whenever the clock was set, moved on, frozen or released."""
        self._watchers.append(tell)

    @property
    def frozen(self) -> bool:
        """True while time stands still."""
        return self._frozen_at is not None

    @property
    def is_real(self) -> bool:
        """True while the org's time is the machine's time."""
        return self._frozen_at is None and not self._offset

    def now(self) -> datetime:
        """The org's present instant, aware UTC."""
        with self._lock:
            return self._frozen_at or datetime.now(UTC) + self._offset

    def set(self, now: datetime, frozen: bool = False) -> None:
        """Move the org to `now` (aware); it stands still there when `frozen`.

        Raises ValueError for a naive time, which would silently mean the machine's zone.
        """
        if now.tzinfo is None:
            raise ValueError(f"the clock needs a time with a zone, got {now.isoformat()}")
        instant = now.astimezone(UTC)
        with self._lock:
            self._frozen_at = instant if frozen else None
            self._offset = timedelta(0) if frozen else instant - datetime.now(UTC)
        self._tell()

    def advance(self, seconds: float) -> None:
        """Move the org's time on by `seconds`; a frozen clock stays frozen, later."""
        step = timedelta(seconds=seconds)
        with self._lock:
            if self._frozen_at is not None:
                self._frozen_at += step
            else:
                self._offset += step
        self._tell()

    def real(self) -> None:
        """Return to the machine's time."""
        with self._lock:
            self._frozen_at = None
            self._offset = timedelta(0)
        self._tell()

    def _tell(self) -> None:
        for tell in self._watchers:
            tell()
