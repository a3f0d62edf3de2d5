"""Reads a bracketed character class: `[a-z]`, `[^0-9]`, `[a-z&&[^aeiou]]`.

Owns union and intersection inside the brackets; `&&` binds weaker than everything else there.
"""

from __future__ import annotations

from sandbox.org.formulas.regex.characters import (
    LITERALS,
    all_of,
    among,
    any_of,
    ignoring_case,
    negated,
    span,
)
from sandbox.org.formulas.regex.escapes import read_escaped
from sandbox.org.formulas.regex.nodes import CharacterTest
from sandbox.org.formulas.regex.source import Source


def read_class(source: Source, *, ignore_case: bool) -> CharacterTest:
    """The class whose `[` was just taken, up to and with its `]`. Raises BadPattern."""
    negative = source.take("^")
    groups: list[list[CharacterTest]] = [[]]
    first = True
    while first or not source.take("]"):
        if source.take("&&"):
            groups.append([])
        elif source.take("["):
            groups[-1].append(read_class(source, ignore_case=ignore_case))
        else:
            member = _read_member(source)
            groups[-1].append(ignoring_case(member) if ignore_case else member)
        first = False
    test = all_of([any_of(tests) for tests in groups if tests])
    return negated(test) if negative else test


def _read_member(source: Source) -> CharacterTest:
    start = source.next()
    if start == "\\":
        letter = source.next()
        if letter not in LITERALS and letter.isalnum():
            return read_escaped(source, letter)
        start = LITERALS.get(letter, letter)
    if not source.take("-"):
        return among(frozenset(start))
    if source.peek in "][":
        return among(frozenset(start + "-"))
    return span(start, _range_end(source, start))


def _range_end(source: Source, start: str) -> str:
    end = source.next()
    if end == "\\":
        letter = source.next()
        end = LITERALS.get(letter, letter)
    if end < start:
        raise source.refuse(f"the range {start}-{end} runs backwards")
    return end
