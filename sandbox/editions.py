"""What an edition of Salesforce allows its API callers: calls per day, and long calls at once.

Owns the figures. Source: developer.salesforce.com, Salesforce Developer Limits and Allocations
Quick Reference, "API Request Limits and Allocations".
"""

from __future__ import annotations

from dataclasses import dataclass

#: What holds when no edition is asked for: the base of most editions, without their licences.
BASE_CALLS = 100_000
LONG_CALLS = 25


@dataclass(frozen=True)
class Edition:
    """An edition's allowances."""

    calls: int = BASE_CALLS  #: per 24 hours
    calls_per_licence: int = 0  #: on top, per Salesforce licence
    long_calls: int = LONG_CALLS  #: calls at once that have lasted 20 seconds


EDITIONS: dict[str, Edition] = {
    "developer": Edition(15_000, 0, 5),
    "professional": Edition(calls_per_licence=1_000),
    "enterprise": Edition(calls_per_licence=1_000),
    "unlimited": Edition(calls_per_licence=5_000),
    "performance": Edition(calls_per_licence=5_000),
    "full-sandbox": Edition(5_000_000),
}


@dataclass(frozen=True)
class Allowance:
    """What an org allows."""

    daily_calls: int = BASE_CALLS
    long_calls: int = LONG_CALLS
    edition: str | None = None
    licences: int = 1


def allow(edition: str | None, licences: int = 1, daily_calls: int | None = None) -> Allowance:
    """The allowance of an edition with that many licences; `daily_calls` overrules its figure.

    Raises ValueError for an edition that is not known and for figures below zero.
    """
    if edition is not None and edition not in EDITIONS:
        raise ValueError(f"edition {edition!r} is none of {', '.join(EDITIONS)}")
    if licences < 0 or (daily_calls is not None and daily_calls < 0):
        raise ValueError("licences and the daily limit are numbers from 0")
    found = EDITIONS[edition] if edition else Edition()
    calls = found.calls + licences * found.calls_per_licence
    return Allowance(
        calls if daily_calls is None else daily_calls, found.long_calls, edition, licences
    )
