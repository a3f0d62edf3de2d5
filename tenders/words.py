"""How instants and long texts are put into sentences for people.

It owns the house's way of telling time to operations: the business zone's wall clock, named.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def tell_instant(instant: datetime, business_zone: str) -> str:
    """An aware instant on the business zone's wall clock: `2025-03-11 00:30:00 (CET)`."""
    return f"{instant.astimezone(ZoneInfo(business_zone)):%Y-%m-%d %H:%M:%S (%Z)}"


def shorten(text: str, limit: int) -> str:
    """The text if it fits into `limit` characters as Salesforce counts them, else its beginning.

    Salesforce counts UTF-16 units, so an emoji counts as two. The cut is marked with an ellipsis
    and never falls inside a character.
    """
    if count_characters(text) <= limit:
        return text
    kept = text
    while count_characters(kept) > limit - 1:
        kept = kept[: len(kept) - max(1, (count_characters(kept) - limit + 1) // 2)]
    return kept.rstrip() + "…"


def count_characters(text: str) -> int:
    """How long Salesforce finds a text: in UTF-16 units, so that an emoji counts as two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
