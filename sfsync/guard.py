"""The mark by which the org itself refuses a write that did not know the latest version.

Owns the spelling of `Sync_Write__c` and the recognition of a refusal. Every guarded write says
which version of the record it was merged with, and the org's validation rules compare that with
the record: in collections and in bulk alike, row by row, for no extra call. Each attempt has a
mark of its own, so that a record tells which of our writes it met last.
The rules stand in salesforce/ (`Sync_Saw_Latest_Version`, `Sync_Revives_Nothing`).
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from sfsync.mapping import BY_SOBJECT
from sfsync.results import SaveResult

GUARD_FIELD = "Sync_Write__c"
#: How the messages of the two rules end.
GUARD_MARK = "(sync guard)"
_NEW = "new"


def is_guarded(sobject: str) -> bool:
    """Whether writes of this sObject are merged and guarded: those that the replica mirrors."""
    return sobject in BY_SOBJECT


def spell_mark(seen_at: datetime | None) -> str:
    """The mark of one attempt: made against the version of `seen_at`, or for a new record.

    `seen_at` is its LastModifiedDate, which has whole seconds.
    """
    seen = _NEW if seen_at is None else f"{seen_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return f"{seen} {secrets.token_hex(8)}"


def is_creation(mark: str | None) -> bool:
    """Whether the attempt of that mark was for a new record, so that nobody else has made it."""
    return mark is not None and mark.startswith(f"{_NEW} ")


def was_overtaken(result: SaveResult) -> bool:
    """Whether the org refused because the record is not the version that the write had seen."""
    return any(GUARD_MARK in error.message for error in result.errors)
