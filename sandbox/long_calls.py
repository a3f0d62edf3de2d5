"""Calls that are under way, and which of them have lasted long.

Owns the limit on long calls at once: calls that have lasted 20 seconds of org time are counted,
shorter ones are not limited at all. With a clock that a test advances while calls are held, the
limit is reached without waiting. Source: Salesforce Developer Limits, "Concurrent API Request
Limits".
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

LONG = timedelta(seconds=20)


class LongCalls:
    """The calls under way by the number of their request. `now` is the org's clock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._started_at: dict[int, datetime] = {}

    def enter(self, number: int) -> None:
        """A call has begun; saying so again changes nothing."""
        with self._lock:
            self._started_at.setdefault(number, self._now())

    def leave(self, number: int) -> None:
        """The call has its answer."""
        with self._lock:
            self._started_at.pop(number, None)

    def count_others(self, number: int) -> int:
        """How many other calls have lasted long."""
        limit = self._now() - LONG
        with self._lock:
            return sum(at <= limit for other, at in self._started_at.items() if other != number)
