"""Escapes that stand for characters, inside and outside of brackets.

Owns the refusal of unknown letters: Java refuses them too, so that they stay free for new meanings.
"""

from __future__ import annotations

from sandbox.org.formulas.regex.characters import LITERALS, SETS, among, negated, property_test
from sandbox.org.formulas.regex.nodes import CharacterTest
from sandbox.org.formulas.regex.source import Source


def read_escaped(source: Source, character: str) -> CharacterTest:
    """The characters that an escape stands for, its letter already taken."""
    if character in LITERALS:
        return among(frozenset(LITERALS[character]))
    if character.lower() in SETS:
        test = among(SETS[character.lower()])
        return negated(test) if character.isupper() else test
    if character in "xu":
        return among(frozenset(chr(source.read_hex(2 if character == "x" else 4))))
    if character in "pP":
        return _property(source, negative=character == "P")
    if character.isalnum():
        raise source.refuse(f"the escape '\\{character}' is not supported")
    return among(frozenset(character))


def _property(source: Source, *, negative: bool) -> CharacterTest:
    name = source.read_until("}") if source.take("{") else source.next()
    test = property_test(name)
    if test is None:
        raise source.refuse(f"the character class '{name}' is not supported")
    return negated(test) if negative else test
