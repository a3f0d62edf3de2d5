"""Whole numbers that clients write into paths, parameters and headers.

Owns what counts as one: ASCII digits, at most twelve. Python would also take other scripts' digits,
and stumble over a number of some thousand digits.
"""

from __future__ import annotations

_LONGEST = 12


def read_count(text: str) -> int | None:
    """The number from 0 that `text` spells; None when it spells none."""
    is_count = text.isascii() and text.isdecimal() and len(text) <= _LONGEST
    return int(text) if is_count else None
