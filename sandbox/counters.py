"""Counts the calls that the org serves, and keeps a log of them.

Owns what "an API call" is: an authenticated REST or SOAP data call counts one, however many
subrequests it carries; tokens, user info, the version list and the control plane count nothing.
The daily allowance runs over the last 24 hours of the org's own clock, so a test that advances the
clock by a day starts afresh, as an org would; calls leave it by the hour in which they were made.
The org's edition says how large it is.
Source: developer.salesforce.com, "API Request Limits and Allocations".
"""

from __future__ import annotations

import re
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.editions import Allowance

#: The log is for people and tests; a benchmark must not fill the memory with it.
LOG_LENGTH = 20_000
WINDOW = timedelta(hours=24)
_TOKEN = re.compile(r"(?<=[?&])((?:access_|refresh_)?token|oauth_token|sid)=[^&]*")


def mask_tokens(path: str) -> str:
    """The path without the tokens in its query string: a log is no place for them."""
    return _TOKEN.sub(r"\1=***", path)


@dataclass
class LogEntry:
    """One request as the log shows it."""

    method: str
    path: str
    kind: str
    status: int
    user: str | None
    at: datetime
    number: int = 0  #: its place among the requests since the log was emptied, from 1
    faults: list[str] = field(default_factory=list)  #: ids of the faults that hit it

    def as_json(self) -> dict[str, object]:
        """The entry as `GET /_sandbox/requests` shows it."""
        return {
            "number": self.number,
            "method": self.method,
            "path": mask_tokens(self.path),
            "kind": self.kind,
            "status": self.status,
            "user": self.user,
            "at": self.at.isoformat(),
            "faults": self.faults,
        }


class Counters:
    """The org's meter. `now` is the org's clock."""

    def __init__(self, now: Callable[[], datetime], allowance: Allowance) -> None:
        self._now = now
        self._configured = allowance
        self.allowance = allowance
        self._lock = threading.Lock()
        self._by_kind: Counter[str] = Counter()
        self._by_hour: Counter[datetime] = Counter()
        self._log: deque[LogEntry] = deque(maxlen=LOG_LENGTH)
        self._last_number = 0

    @property
    def daily_limit(self) -> int:
        """Calls that are allowed within 24 hours."""
        return self.allowance.daily_calls

    @property
    def used(self) -> int:
        """Calls within the last 24 hours of org time."""
        with self._lock:
            return self._used()

    def take(self, kind: str) -> bool:
        """Count one call against the allowance; False, and nothing counted, when it is spent."""
        with self._lock:
            if self._used() >= self.daily_limit:
                return False
            self._by_kind[kind] += 1
            self._by_hour[self._hour()] += 1
            return True

    def next_number(self) -> int:
        """The number of a request that comes in now."""
        with self._lock:
            self._last_number += 1
            return self._last_number

    def record(self, entry: LogEntry) -> None:
        """Add a served request to the log."""
        with self._lock:
            self._log.append(entry)

    def spend(self, calls: int) -> None:
        """Pretend that other clients of the org used up `calls` of the allowance."""
        with self._lock:
            self._by_hour[self._hour()] += calls

    def clear(self) -> None:
        """Zero everything and restore the configured allowance."""
        with self._lock:
            self._by_kind.clear()
            self._by_hour.clear()
            self._log.clear()
            self._last_number = 0
            self.allowance = self._configured

    def as_json(self) -> dict[str, object]:
        """What `GET /_sandbox/requests` answers."""
        with self._lock:
            return {
                "total": self._by_kind.total(),
                "by_kind": dict(sorted(self._by_kind.items())),
                "daily": {"used": self._used(), "max": self.daily_limit},
                "edition": self.allowance.edition,
                "licences": self.allowance.licences,
                "long_calls": self.allowance.long_calls,
                "log": [entry.as_json() for entry in self._log],
            }

    def _used(self) -> int:
        hour = self._hour()
        return sum(n for at, n in self._by_hour.items() if hour - WINDOW < at <= hour)

    def _hour(self) -> datetime:
        return self._now().replace(minute=0, second=0, microsecond=0)
