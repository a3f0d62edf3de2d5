"""Record Ids: the 15 case-sensitive characters, and the 18 that survive a spreadsheet.

Owns how an Id is written and recognised, so that every part of the org holds the 18-character
form only. Source: developer.salesforce.com, Object Reference, "ID Field Type".
"""

from __future__ import annotations

import re

#: Digits of a record's serial number, in ASCII order so that later rows sort after earlier ones.
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: Each suffix character says which of five characters are capitals.
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
#: `1` for a capital and `0` for anything else; five of them, the first one lowest, make a suffix.
_CAPITALS = str.maketrans({char: "01"["A" <= char <= "Z"] for char in BASE62})
_SUFFIX_OF = {f"{number:05b}"[::-1]: char for number, char in enumerate(_SUFFIX)}
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Za-z0-5]{3})?")
#: Three characters between the key prefix and the serial number; they name the pod in a real org.
_POD = "Lc0"
_SERIAL_DIGITS = 9


class MalformedIdError(ValueError):
    """The text is no record Id: wrong length, wrong characters, or a suffix that does not fit."""


def checksum(id15: str) -> str:
    """The three characters that make a 15-character Id safe where letter case is lost."""
    capitals = id15.translate(_CAPITALS)
    return _SUFFIX_OF[capitals[:5]] + _SUFFIX_OF[capitals[5:10]] + _SUFFIX_OF[capitals[10:]]


def make_id(key_prefix: str, serial: int) -> str:
    """The 18-character Id of the record with this serial number among its kind."""
    digits = []
    rest = serial
    for _ in range(_SERIAL_DIGITS):
        rest, digit = divmod(rest, 62)
        digits.append(BASE62[digit])
    id15 = key_prefix + _POD + "".join(reversed(digits))
    return id15 + checksum(id15)


def normalize_id(text: str) -> str:
    """The canonical 18-character form of a 15- or 18-character Id.

    An 18-character Id whose letter case was lost is repaired from its suffix, as Salesforce does.
    Raises MalformedIdError; the caller answers MALFORMED_ID.
    """
    if not _SHAPE.fullmatch(text):
        raise MalformedIdError(text)
    if len(text) == 15:
        return text + checksum(text)
    id15 = text[:15]
    suffix = text[15:].upper()
    if checksum(id15) != suffix:
        id15 = _restore_case(id15, suffix)
        if checksum(id15) != suffix:
            raise MalformedIdError(text)
    return id15 + suffix


def _restore_case(id15: str, suffix: str) -> str:
    restored = []
    for position, char in enumerate(id15):
        bits = _SUFFIX.index(suffix[position // 5])
        is_capital = bits >> (position % 5) & 1
        restored.append(char.upper() if is_capital else char.lower())
    return "".join(restored)


def key_prefix(record_id: str) -> str:
    """The first three characters, which tell the sObject."""
    return record_id[:3]
