"""Values that programs stumble over, and ways to damage good ones.

Every function draws from the chance that it is given, so that a seed repeats everything.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

TEXTS = (
    "",
    " ",
    "a",
    "null",
    "true",
    "-1",
    "0",
    "1e999999999",
    "1e-999999999",
    "NaN",
    "9" * 5_000,
    "x" * 40_000,
    "Ł🙂e\u0301\u202e",
    "\x00",
    "a\x01\x0b\x7f\ufffe",
    "\ud800",
    "²",
    "١٢",
    "';--",
    "' OR '1'='1",
    "%s%n{0}{x.__class__}",
    "../../etc/passwd",
    "<a>&amp;<![CDATA[",
    '"',
    "\\",
    "@{a.b}",
    "@{a[99999999999999999999].id}",
    "line\r\nX-Evil: 1",
    "2030-01-31",
    "0000-00-00",
    "9999-12-31T23:59:59.999-23:59",
    "0001-01-01T00:00:00+23:59",
    "24:61:61Z",
    "005000000000001AAA",
    "001" + "z" * 15,
)
NUMBERS = (
    "0",
    "-0",
    "1",
    "-1",
    "1.5",
    "1e400",
    "-1e-400",
    "1e999999999",
    "1e-999999999",
    "1E99999999999999999999999",
    "0.1" + "0" * 400 + "1",
    "9" * 400,
    "9" * 4_400,
    "9223372036854775808",
    "-9223372036854775809",
    "NaN",
    "Infinity",
    "01",
    "1.",
    "+1",
)
ENCODINGS = ("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1")


_RAW = re.compile(r'"(?:\ue000|\\ue000)([^"]*?)(?:\ue001|\\ue001)"')
_LARGEST_BODY = 300_000


def raw(text: str) -> str:
    """A value that `write_json` writes exactly as this text, JSON or not."""
    return f"\ue000{text}\ue001"


def a_text(chance: random.Random) -> str:
    roll = chance.random()
    if roll < 0.6:
        return chance.choice(TEXTS)
    if roll < 0.8:
        return "".join(chr(chance.randrange(0x250)) for _ in range(chance.randint(1, 12)))
    return chance.choice(TEXTS[:-1])[:20] + chance.choice(TEXTS)[:20]


def a_value(chance: random.Random, depth: int = 0) -> Any:
    """Any JSON value, numbers also such as are none."""
    roll = chance.random()
    if roll < 0.45 or depth > 3:
        return a_text(chance)
    if roll < 0.6:
        return raw(chance.choice(NUMBERS))
    if roll < 0.75:
        return chance.choice([None, True, False, {}, [], [[]], {"a": None}, [None]])
    if roll < 0.87:
        return [a_value(chance, depth + 1) for _ in range(chance.randint(1, 4))]
    if roll < 0.98:
        return {a_text(chance): a_value(chance, depth + 1) for _ in range(chance.randint(1, 4))}
    return nested(chance)


def nested(chance: random.Random) -> Any:
    """A value that nests deep, some of it deeper than Python may call."""
    value: Any = chance.choice([1, "x", {}, []])
    for _ in range(chance.choice([20, 90, 300, 950, 3_000])):
        value = [value] if chance.random() < 0.5 else {chance.choice(["a", "records"]): value}
    return value


def damage_json(value: Any, chance: random.Random) -> Any:
    """The value with one place in it changed, dropped or doubled."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        return _damage_object(value, chance)
    if isinstance(value, list) and value and chance.random() < 0.85:
        changed = list(value)
        place = chance.randrange(len(changed))
        roll = chance.random()
        if roll < 0.7:
            changed[place] = damage_json(changed[place], chance)
        elif roll < 0.85:
            del changed[place]
        else:
            changed += [changed[place]] * chance.choice([1, 3, 250])
        return changed
    return a_value(chance)


def _damage_object(value: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    changed = dict(value)
    name = chance.choice(list(changed))
    roll = chance.random()
    if roll < 0.7:
        changed[name] = damage_json(changed[name], chance)
    elif roll < 0.8:
        del changed[name]
    elif roll < 0.9:
        changed[a_text(chance)] = changed.pop(name)
    else:
        changed[a_text(chance)] = a_value(chance)
    return changed


def write_json(value: Any, chance: random.Random) -> bytes:
    """The value as a body: mostly JSON in UTF-8, now and then not quite."""
    text = _RAW.sub(r"\1", json.dumps(value, ensure_ascii=chance.random() < 0.5))
    roll = chance.random()
    if roll < 0.03:
        text = chance.choice(["[", '{"a":', ""]) * chance.choice([1, 900, 30_000]) + text
    elif roll < 0.06:
        text = text.replace("{", '{"attributes":1,"attributes":{},', 1)
    elif roll < 0.1:
        text = damage_text(text, chance)
    encoding = chance.choice(ENCODINGS) if chance.random() < 0.1 else "utf-8"
    data = text.encode(encoding, "surrogatepass" if encoding != "latin-1" else "replace")
    data = data[:_LARGEST_BODY]
    return damage_bytes(data, chance) if chance.random() < 0.05 else data


def damage_text(text: str, chance: random.Random) -> str:
    """The text with a few pieces cut, doubled, moved or replaced."""
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 1, 1, 2, 5, 20]))
        text = text[:start] + _CHANGES[chance.randrange(len(_CHANGES))](text, start, end, chance)
    return text


_CHANGES: list[Callable[[str, int, int, random.Random], str]] = [
    lambda text, _start, end, _chance: text[end:],
    lambda text, _start, end, chance: a_text(chance)[:200] + text[end:],
    lambda text, start, end, chance: text[start:end] * chance.choice([2, 3, 50]) + text[end:],
    lambda text, _start, _end, chance: text[chance.randrange(len(text) + 1) :],
    lambda text, start, end, _chance: text[start:end].swapcase() + text[end:],
]


def damage_bytes(data: bytes, chance: random.Random) -> bytes:
    """The bytes with a few flipped, cut, or stuffed."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(changed) + 1)
        roll = chance.random()
        if roll < 0.5 and place < len(changed):
            changed[place] = chance.randrange(256)
        elif roll < 0.7:
            del changed[place : place + chance.choice([1, 2, 10, 100])]
        elif roll < 0.9:
            changed[place:place] = chance.randbytes(chance.choice([1, 2, 8]))
        else:
            del changed[place:]
    return bytes(changed)
