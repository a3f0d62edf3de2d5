"""Counts the API calls of this process, by the purpose they serve.

Owns the attribution: whoever starts a piece of work names it with `purpose(...)`, and every call
inside is booked to that name. API calls are the scarce thing (a rolling daily allowance that is
shared with everybody), so cost is measured where it arises.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

UNNAMED = "other"
_purpose: ContextVar[str] = ContextVar("salesforce_purpose", default=UNNAMED)
#: `Sforce-Limit-Info: api-usage=18/5000; per-app-api-usage=…` (REST API guide, "Limit Info Header")
LIMIT_INFO = re.compile(r"(?:^|[\s;,])api-usage=(\d+)/(\d+)")


@dataclass(frozen=True)
class ApiUsage:
    """What this process spent, and what the org says everybody spent."""

    calls: int  #: calls this process made that count against the allowance
    by_purpose: Mapping[str, int]  #: the same calls by purpose
    used: int | None  #: calls of the whole org in the last 24 h, by its latest answer
    limit: int | None  #: the org's allowance for 24 h

    @property
    def summary(self) -> str:
        """One phrase for a report."""
        if self.used is None or self.limit is None:
            return f"{self.calls} API calls"
        return f"{self.calls} API calls (org: {self.used} of {self.limit} in 24 h)"


@contextmanager
def purpose(name: str) -> Iterator[None]:
    """Books every API call inside the block to `name`, such as "pull" or "selection"."""
    token = _purpose.set(name)
    try:
        yield
    finally:
        _purpose.reset(token)


@dataclass
class UsageMeter:
    """Adds up calls as the transport makes them. Safe to use from several threads."""

    _by_purpose: Counter[str] = field(default_factory=Counter)
    _used: int | None = None
    _limit: int | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self) -> None:
        """Books one call that is about to be sent."""
        with self._lock:
            self._by_purpose[_purpose.get()] += 1

    def note_limit(self, header: str | None) -> None:
        """Keeps what the org's `Sforce-Limit-Info` header says, when there is one."""
        found = LIMIT_INFO.search(header or "")
        if found:
            with self._lock:
                self._used, self._limit = int(found[1]), int(found[2])

    def snapshot(self) -> ApiUsage:
        """What has been spent so far."""
        with self._lock:
            by_purpose = dict(self._by_purpose)
            return ApiUsage(sum(by_purpose.values()), by_purpose, self._used, self._limit)
