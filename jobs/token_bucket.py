"""Lets something happen often for a moment, and seldom in the long run.

Owns that arithmetic (a token bucket). What is refused now is allowed after the wait it names.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class TokenBucket:
    """So many at once, and another one after each `refill_s`. For one thread."""

    most: int
    refill_s: float
    clock_s: Callable[[], float] = time.monotonic
    _left: float = field(init=False)
    _counted_at_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._left, self._counted_at_s = float(self.most), self.clock_s()

    def spend(self) -> bool:
        """Takes one, if there is one left."""
        self._refill()
        if self._left < 1:
            return False
        self._left -= 1
        return True

    @property
    def wait_s(self) -> float:
        """Seconds until there is one left; zero when there is."""
        self._refill()
        return max(0.0, (1 - self._left) * self.refill_s)

    def _refill(self) -> None:
        now_s = self.clock_s()
        gained = (now_s - self._counted_at_s) / self.refill_s
        self._left, self._counted_at_s = min(self.most, self._left + gained), now_s
