"""Record Ids as people give them, in the one form that the replica knows.

Owns the 18-character form. Reports, addresses and formulas of the org show 15 characters whose case
matters; answers of the API show 18, whose last three say which of the others are capitals, so that
an Id survives a spreadsheet that loses case.
Source: Object Reference for the Salesforce Platform, "ID Field Type" (read 2026-11).
"""

from __future__ import annotations

import re

#: What the capitals of five characters, the first one lowest, are written as.
_SUFFIXES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Za-z0-5]{3})?")


def normalise_id(text: str) -> str:
    """The 18-character form of an Id of 15 or 18 characters; spaces around it do not count.

    An Id of 18 characters whose case was lost gets it back. Raises ValueError for text that is no
    Id, or whose last three characters do not fit the others.
    """
    given = text.strip()
    if not _SHAPE.fullmatch(given):
        raise ValueError(f"{text!r} is no record Id: it takes 15 or 18 letters and digits")
    if len(given) == 15:
        return given + _suffix(given)
    restored = _restore_case(given[:15], given[15:].upper())
    if _suffix(restored) != given[15:].upper():
        raise ValueError(f"{text!r} is no record Id: its last three characters do not fit")
    return restored + _suffix(restored)


def _suffix(id15: str) -> str:
    parts = (id15[:5], id15[5:10], id15[10:])
    return "".join(
        _SUFFIXES[sum(each.isupper() << place for place, each in enumerate(part))] for part in parts
    )


def _restore_case(id15: str, suffix: str) -> str:
    """The same characters, as the suffix says capitals or not."""
    return "".join(
        each.upper() if _SUFFIXES.index(suffix[n // 5]) >> n % 5 & 1 else each.lower()
        for n, each in enumerate(id15)
    )
