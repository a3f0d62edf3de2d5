"""The org's clock: real time until somebody sets it.

Owns the only reading of the machine's time inside the local org, so that a test or a demo can
place the whole org on any morning and let it run or stand still there. A clock that was set lives
on in the data folder: rows stamped in a time that is gone would otherwise lie in the future.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

_FILE_NAME = "clock.json"


class OrgClock:
    """Time as the org sees it, always aware UTC.

    A set clock runs on from the given instant unless it is frozen. `folder` None forgets it at the
    end; in a folder it survives, and a running one has run on meanwhile. Safe to use from many
    threads. Raises ValueError when the folder's clock cannot be read.
    """

    def __init__(
        self, now: datetime | None = None, *, frozen: bool = False, folder: Path | None = None
    ) -> None:
        self._lock = Lock()
        self._offset = timedelta(0)
        self._frozen_at: datetime | None = None
        self._path = folder / _FILE_NAME if folder else None
        self._watchers: list[Callable[[], None]] = []
        if now is not None:
            self.set(now, frozen=frozen)
        elif self._path and self._path.exists():
            self._frozen_at, self._offset = _read(self._path)

    def __str__(self) -> str:
        return f"{self.now().isoformat(timespec='seconds')}{' and stands still' * self.frozen}"

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

    def ms_since(self, start: datetime) -> int:
        """Milliseconds of org time since then, 0 when the clock was set back meanwhile."""
        return max(0, (self.now() - start) // timedelta(milliseconds=1))

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
            self._save()
        self._tell()

    def advance(self, seconds: float) -> None:
        """Move the org's time on by `seconds`; a frozen clock stays frozen, later."""
        step = timedelta(seconds=seconds)
        with self._lock:
            if self._frozen_at is not None:
                self._frozen_at += step
            else:
                self._offset += step
            self._save()
        self._tell()

    def real(self) -> None:
        """Return to the machine's time."""
        with self._lock:
            self._frozen_at = None
            self._offset = timedelta(0)
            self._save()
        self._tell()

    def _tell(self) -> None:
        for tell in self._watchers:
            tell()

    def _save(self) -> None:
        if self._path is None:
            return
        if self.is_real:
            self._path.unlink(missing_ok=True)
            return
        kept = {
            "frozen_at": self._frozen_at.isoformat() if self._frozen_at else None,
            "offset_s": self._offset.total_seconds(),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(kept))
        draft.replace(self._path)


def _read(path: Path) -> tuple[datetime | None, timedelta]:
    try:
        kept = json.loads(path.read_text())
        at, offset = kept["frozen_at"], timedelta(seconds=kept["offset_s"])
        return datetime.fromisoformat(at).astimezone(UTC) if at else None, offset
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise ValueError(
            f"{path} holds no clock; delete it to go back to real time ({error})"
        ) from error
