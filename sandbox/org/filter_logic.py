"""The logic line of a lookup filter: `1 AND (2 OR 3)`.

Owns its grammar: numbers of conditions, AND, OR, NOT and parentheses; AND binds tighter than OR.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

#: Says, given which conditions hold, whether the whole filter holds.
Logic = Callable[[Sequence[bool]], bool]
_TOKEN = re.compile(r"\s*(\d+|and\b|or\b|not\b|[()])", re.IGNORECASE)


class FilterLogicError(ValueError):
    """The logic line cannot be read, or names a condition that does not exist."""


def parse_logic(text: str, conditions: int) -> Logic:
    """The meaning of `text` over that many conditions. Raises FilterLogicError."""
    tokens = _tokens(text)
    logic = _either(tokens, conditions)
    if tokens:
        raise FilterLogicError(f"{text!r}: unexpected {tokens[0]}")
    return logic


def _tokens(text: str) -> list[str]:
    tokens, place, line = [], 0, text.rstrip()
    while place < len(line):
        match = _TOKEN.match(line, place)
        if match is None:
            raise FilterLogicError(f"{text!r}: cannot read {line[place:]!r}")
        tokens.append(match.group(1).upper())
        place = match.end()
    return tokens


def _either(tokens: list[str], conditions: int) -> Logic:
    parts = [_both(tokens, conditions)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        parts.append(_both(tokens, conditions))
    return lambda held: any(part(held) for part in parts)


def _both(tokens: list[str], conditions: int) -> Logic:
    parts = [_one(tokens, conditions)]
    while tokens and tokens[0] == "AND":
        tokens.pop(0)
        parts.append(_one(tokens, conditions))
    return lambda held: all(part(held) for part in parts)


def _one(tokens: list[str], conditions: int) -> Logic:
    word = tokens.pop(0) if tokens else "the end"
    if word == "NOT":
        inner = _one(tokens, conditions)
        return lambda held: not inner(held)
    if word == "(":
        inner = _either(tokens, conditions)
        if not tokens or tokens.pop(0) != ")":
            raise FilterLogicError("a parenthesis is not closed")
        return inner
    if not word.isdigit() or not 1 <= int(word) <= conditions:
        raise FilterLogicError(f"{word} is not one of the {conditions} conditions")
    index = int(word) - 1
    return lambda held: held[index]
