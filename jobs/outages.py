"""Says once that something outside does not answer, and once that it does again.

Owns the difference between an outage and noise: ticks go on failing as long as it lasts, and one
warning with one all-clear is what a person can use.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

ORG = "org"
DATABASE = "database"


class Outages:
    """What this process found down, by name. Safe to use from several threads."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._since_s: dict[str, float] = {}

    def begin(self, what: str, why: object) -> None:
        """Something does not answer. Only the first time is told."""
        with self._lock:
            is_new = what not in self._since_s
            self._since_s.setdefault(what, self._clock_s())
        if is_new:
            logger.warning(
                "something is down; every tick tries again", extra={"down": what, "why": str(why)}
            )

    def end(self, what: str) -> None:
        """Something answered. Told when it had been down."""
        with self._lock:
            since_s = self._since_s.pop(what, None)
        if since_s is not None:
            down_s = round(self._clock_s() - since_s)
            logger.warning("all clear: it is up again", extra={"up": what, "down_s": down_s})
