"""Query results that a client reads page by page.

Owns the life of a locator: its rows are those of the first page's instant, it lives two days of org
time, and a user keeps ten of them, the oldest going first. Numbers start anew with the org's data,
so that two runs see the same locators; a mark of the result beside the number keeps one of before
from leading to rows of another query. Source: REST API guide, "Query"; Salesforce says nothing
about what a locator looks like, and clients only echo it.
"""

from __future__ import annotations

import itertools
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.org.errors import refuse

LIFE = timedelta(days=2)
PER_USER = 10


@dataclass(frozen=True)
class OpenResult:
    """The whole result of a query, as it was when it was asked."""

    user_id: str
    opened_at: datetime
    total_size: int
    records: list[Any]
    page_size: int


class Locators:
    """Open query results by key. `now` is the org's clock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._numbers = itertools.count(1)
        self._open: dict[str, OpenResult] = {}
        self._lock = threading.Lock()

    def open(self, user_id: str, total_size: int, records: list[Any], page_size: int) -> str:
        """Keep a result that does not fit on one page; its key."""
        result = OpenResult(user_id, self._now(), total_size, records, page_size)
        with self._lock:
            key = f"01g{next(self._numbers):07d}{_mark(total_size, records)}AAA"
            self._open[key] = result
            own = [k for k, r in self._open.items() if r.user_id == user_id]
            for oldest in own[:-PER_USER]:
                del self._open[oldest]
        return key

    def find(self, key: str, user_id: str) -> OpenResult:
        """The result behind `key`.

        Raises OrgError INVALID_QUERY_LOCATOR when it is unknown, too old, or another user's; the
        client must ask its query again.
        """
        result = self._open.get(key)
        is_alive = result is not None and self._now() - result.opened_at <= LIFE
        if result is None or not is_alive or result.user_id != user_id:
            raise refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
        return result

    def clear(self) -> None:
        """Forget all results."""
        with self._lock:
            self._open.clear()
            self._numbers = itertools.count(1)


def _mark(total_size: int, records: list[Any]) -> str:
    """Five digits that the results of different queries hardly share."""
    ends = repr((total_size, records[:1], records[-1:]))
    return f"{zlib.crc32(ends.encode()) % 100_000:05d}"
