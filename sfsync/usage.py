"""Counts the API calls of this process, by the purpose they serve.

Owns the attribution: whoever starts a piece of work names it with `purpose(...)`, and every call
inside is booked to that name. API calls are the scarce thing (a rolling daily allowance that is
shared with everybody), so cost is measured where it arises, and each call passes a gate that may
refuse it before it is sent.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

UNNAMED = "other"
_purpose: ContextVar[str] = ContextVar("salesforce_purpose", default=UNNAMED)
#: `Sforce-Limit-Info: api-usage=18/5000; per-app-api-usage=…` (REST API guide, "Limit Info Header")
LIMIT_INFO = re.compile(r"(?:^|[\s;,])api-usage=(\d+)/(\d+)")


@dataclass(frozen=True)
class OrgWord:
    """What the org said of its allowance in one answer."""

    used: int  #: calls of everybody in the last 24 h
    limit: int  #: the org's allowance for 24 h
    at: datetime | None = None  #: the org's time of the answer, aware UTC


class Gate(Protocol):
    """What every call passes. Safe to use from several threads."""

    @property
    def spares_calls(self) -> bool:
        """Whether calls are scarce, so that slower ways with fewer calls are the better ones."""

    def enter(self, purpose: str) -> None:
        """Books one call that is about to be sent. Raises BudgetExhausted: it must not be."""

    def leave(self, word: OrgWord | None) -> None:
        """Ends a call that was let in. `word`: what its answer said, None when there was none."""

    def hear(self, word: OrgWord) -> None:
        """Takes note of what an answer said that belongs to no counted call."""


class OpenGate:
    """Lets every call pass: for work without a database, such as finding out what is wrong."""

    spares_calls = False

    def enter(self, purpose: str) -> None:
        """Nothing is booked."""

    def leave(self, word: OrgWord | None) -> None:
        """Nothing is remembered."""

    def hear(self, word: OrgWord) -> None:
        """Nothing is remembered."""


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


def current_purpose() -> str:
    """The purpose that calls are booked to here."""
    return _purpose.get()


def read_word(header: str | None, at: datetime | None = None) -> OrgWord | None:
    """What a `Sforce-Limit-Info` header says; None when it is missing or says nothing of use."""
    found = LIMIT_INFO.search(header or "")
    return OrgWord(int(found[1]), int(found[2]), at) if found else None


@dataclass
class UsageMeter:
    """Adds up calls as the transport makes them. Safe to use from several threads."""

    _by_purpose: Counter[str] = field(default_factory=Counter)
    _word: OrgWord | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self) -> None:
        """Books one call that is about to be sent."""
        with self._lock:
            self._by_purpose[_purpose.get()] += 1

    def note(self, word: OrgWord) -> None:
        """Keeps the org's latest word on its allowance."""
        with self._lock:
            self._word = word

    def snapshot(self) -> ApiUsage:
        """What has been spent so far."""
        with self._lock:
            by_purpose, word = dict(self._by_purpose), self._word
        used, limit = (word.used, word.limit) if word else (None, None)
        return ApiUsage(sum(by_purpose.values()), by_purpose, used, limit)
