"""Says how far a long load or push is: rows of the total, rows per second, time left.

Owns those figures, and the line that a log gets every few seconds. How a terminal draws them is
`jobs.commands.bars`' work. A load that goes on counts what is stored already, but not into its
rate, because it took no time today.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sfsync.planning import Expected
from sfsync.push import PushReport
from sfsync.replica_writes import Tally

logger = logging.getLogger(__name__)

#: Seconds between two progress lines in a log.
LOG_EVERY_S = 5.0
#: What a push counts under.
WRITES = "writes"
Seconds = Callable[[], float]


@dataclass
class Pace:
    """Counted work: how much there is, how much is done, and since when."""

    started_s: float
    total: int | None = None  #: None where nobody knows
    stored: int = 0  #: was done before
    moved: int = 0  #: was done since the start
    now_s: float = 0.0

    @property
    def done(self) -> int:
        """What is done; never more than there is, though totals are estimates."""
        done = self.stored + self.moved
        return done if self.total is None else min(done, self.total)

    @property
    def rate_per_s(self) -> float | None:
        """Work per second since the start; None before there is anything to divide."""
        elapsed_s = self.now_s - self.started_s
        return self.moved / elapsed_s if elapsed_s > 0 and self.moved else None

    @property
    def left_s(self) -> float | None:
        """Seconds to the end at this rate; None where total or rate are not known."""
        if self.total is None or self.rate_per_s is None:
            return None
        return (self.total - self.done) / self.rate_per_s

    def as_dict(self) -> dict[str, Any]:
        """The figures of a log line."""
        rate, left = self.rate_per_s, self.left_s
        return {
            "rows": self.done,
            "rows_total": self.total,
            "rows_per_s": None if rate is None else round(rate),
            "left_s": None if left is None else round(left),
        }


Show = Callable[[str, Pace], None]


@dataclass
class Progress:
    """Follows a pull or a push through its callbacks and shows each step."""

    show: Show
    clock_s: Seconds = time.monotonic
    paces: dict[str, Pace] = field(default_factory=dict)

    def on_plan(self, plan: Mapping[str, Expected]) -> None:
        """Takes in how much each load has to read."""
        for name, expected in plan.items():
            self.begin(name, expected.total, expected.stored)

    def on_page(self, sobject: str, tally: Tally) -> None:
        """Takes in how much of an sObject was read so far."""
        self.move(sobject, tally.read)

    def on_batch(self, report: PushReport) -> None:
        """Takes in how many writes were settled so far."""
        self.move(WRITES, report.sent + report.retried + report.rejected)

    def begin(self, name: str, total: int | None, stored: int = 0) -> None:
        """Starts the clock of one piece of work, and shows it."""
        self.paces[name] = Pace(self.clock_s(), total, stored)
        self._show(name)

    def move(self, name: str, moved: int) -> None:
        """Notes how much was done since the start, and shows it."""
        if name not in self.paces:
            self.paces[name] = Pace(self.clock_s())
        pace = self.paces[name]
        if not pace.moved:
            # Its turn begins here, as far as a rate is concerned: loads come one after another.
            pace.started_s = max(pace.started_s, self._latest_s())
        pace.moved = moved
        self._show(name)

    def _latest_s(self) -> float:
        return max((each.now_s for each in self.paces.values()), default=0.0)

    def _show(self, name: str) -> None:
        self.paces[name].now_s = self.clock_s()
        self.show(name, self.paces[name])


class ProgressLog:
    """Writes at most one progress line per few seconds, the latest figures in it."""

    def __init__(self, clock_s: Seconds = time.monotonic) -> None:
        self._clock_s = clock_s
        self._last_s = clock_s()

    def __call__(self, name: str, pace: Pace) -> None:
        """Shows one step."""
        if self._clock_s() - self._last_s >= LOG_EVERY_S:
            self._last_s = self._clock_s()
            logger.info("sync progress", extra={"what": name, **pace.as_dict()})
