"""The user on whose behalf something happens, as a value.

Kept apart from the reading of users, so that everything may name an actor without a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sandbox.org.access import Access


@dataclass(frozen=True)
class Actor:
    """The user on whose behalf something happens."""

    user_id: str
    username: str
    time_zone: ZoneInfo
    profile: str  #: name of the profile: `System Administrator`
    permissions: frozenset[str]  #: custom permissions, from all assigned permission sets
    access: Access  #: what the user may see and do
