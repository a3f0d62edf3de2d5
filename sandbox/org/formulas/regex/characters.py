"""Character classes of Java's regular expressions.

Owns which characters `\\d`, `\\w`, `\\p{Alpha}` and friends mean: ASCII only, as in Java without
its Unicode flag, except for the Unicode categories such as `\\p{L}`.
"""

from __future__ import annotations

import string
import unicodedata

from sandbox.org.formulas.regex.nodes import CharacterTest

LINE_ENDS = frozenset("\n\r\u0085\u2028\u2029")
WORD = frozenset(string.ascii_letters + string.digits + "_")
SPACES = frozenset(" \t\n\x0b\f\r")
HORIZONTAL = frozenset(" \t\xa0\u1680\u180e\u202f\u205f\u3000") | {
    chr(code) for code in range(0x2000, 0x200B)
}
VERTICAL = frozenset("\n\x0b\f\r\u0085\u2028\u2029")
#: Escapes that stand for one character.
LITERALS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
#: Escapes that stand for a set; the upper-case letter is its complement.
SETS: dict[str, frozenset[str]] = {
    "d": frozenset(string.digits),
    "w": WORD,
    "s": SPACES,
    "h": HORIZONTAL,
    "v": VERTICAL,
}
#: `\p{…}` names of POSIX sets.
POSIX: dict[str, frozenset[str]] = {
    "Lower": frozenset(string.ascii_lowercase),
    "Upper": frozenset(string.ascii_uppercase),
    "ASCII": frozenset(chr(code) for code in range(128)),
    "Alpha": frozenset(string.ascii_letters),
    "Digit": frozenset(string.digits),
    "Alnum": frozenset(string.ascii_letters + string.digits),
    "Punct": frozenset(string.punctuation),
    "Graph": frozenset(string.ascii_letters + string.digits + string.punctuation),
    "Print": frozenset(string.ascii_letters + string.digits + string.punctuation + " "),
    "Blank": frozenset(" \t"),
    "Cntrl": frozenset(chr(code) for code in [*range(32), 127]),
    "XDigit": frozenset(string.hexdigits),
    "Space": SPACES,
}


def among(characters: frozenset[str]) -> CharacterTest:
    """Fits any of these characters."""
    return characters.__contains__


def negated(test: CharacterTest) -> CharacterTest:
    """Fits what `test` does not fit."""
    return lambda character: not test(character)


def any_of(tests: list[CharacterTest]) -> CharacterTest:
    """Fits what at least one test fits."""
    return lambda character: any(test(character) for test in tests)


def all_of(tests: list[CharacterTest]) -> CharacterTest:
    """Fits what every test fits."""
    return lambda character: all(test(character) for test in tests)


def span(first: str, last: str) -> CharacterTest:
    """Fits the characters from `first` to `last`."""
    return lambda character: first <= character <= last


def ignoring_case(test: CharacterTest) -> CharacterTest:
    """Fits what `test` fits in either case of an ASCII letter."""

    def fits(character: str) -> bool:
        if not character.isascii():
            return test(character)
        return test(character.lower()) or test(character.upper())

    return fits


def property_test(name: str) -> CharacterTest | None:
    """The set that `\\p{name}` means, None when this org does not know it."""
    posix = POSIX.get(name)
    if posix is not None:
        return among(posix)
    category = name.removeprefix("Is") if name != "Is" else name
    if category == "Alphabetic":
        return str.isalpha
    if category and category[0] in "LMNPSZC" and len(category) <= 2:
        return lambda character: unicodedata.category(character).startswith(category)
    return None
