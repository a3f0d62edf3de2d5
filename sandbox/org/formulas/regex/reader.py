"""Reads a pattern of Java's regular expressions.

Owns the accepted dialect: everything that validation rules use (classes, groups, look-around,
greedy, lazy and possessive repetition, the flags i, s and m). What it does not know it refuses
with the pattern and the place, instead of matching something else.
"""

from __future__ import annotations

from sandbox.org.formulas.regex.characters import LINE_ENDS, SETS, among, ignoring_case, negated
from sandbox.org.formulas.regex.classes import read_class
from sandbox.org.formulas.regex.escapes import read_escaped
from sandbox.org.formulas.regex.nodes import (
    At,
    Atomic,
    BackReference,
    Capture,
    CharacterTest,
    Choice,
    Greed,
    Look,
    One,
    Part,
    Place,
    Repeat,
    Sequence,
)
from sandbox.org.formulas.regex.source import Source

MAX_REPEAT = 1000
#: Group openings with their meaning; the plain ones are read apart.
LOOKS = {"=": (False, False), "!": (False, True), "<=": (True, False), "<!": (True, True)}
PLACES = {
    "A": Place.START,
    "z": Place.END,
    "Z": Place.LAST_LINE_END,
    "b": Place.WORD_EDGE,
    "B": Place.NO_WORD_EDGE,
}
FLAGS = frozenset("ism")


def read_pattern(pattern: str) -> tuple[Part, int]:
    """The pattern's parts and its number of groups. Raises BadPattern."""
    reader = _Reader(Source(pattern))
    part = reader.read_choice()
    if not reader.source.at_end:
        raise reader.source.refuse("unmatched ')'")
    return part, reader.groups


class _Reader:
    """One reading of one pattern: where it is, its flags and its groups."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.flags: frozenset[str] = frozenset()
        self.groups = 0
        self.names: dict[str, int] = {}

    def read_choice(self) -> Part:
        flags = self.flags
        options = [self._read_sequence()]
        while self.source.take("|"):
            options.append(self._read_sequence())
        self.flags = flags
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _read_sequence(self) -> Part:
        parts: list[Part] = []
        while not self.source.at_end and self.source.peek not in "|)":
            part = self._read_atom()
            if part is not None:
                parts.append(self._read_repeats(part))
        return Sequence(tuple(parts))

    def _read_repeats(self, part: Part) -> Part:
        bounds = self._read_bounds()
        if bounds is None:
            return part
        least, most = bounds
        greed = Greed.GREEDY
        for candidate in (Greed.LAZY, Greed.POSSESSIVE):
            if self.source.take(candidate.value):
                greed = candidate
                break
        repeated = Repeat(part, least, most, greed)
        return Atomic(repeated) if greed is Greed.POSSESSIVE else repeated

    def _read_bounds(self) -> tuple[int, int | None] | None:
        simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        for mark, bounds in simple.items():
            if self.source.take(mark):
                return bounds
        if not self.source.take("{"):
            return None
        least = self.source.read_number()
        most: int | None = least
        if self.source.take(","):
            most = None if self.source.peek == "}" else self.source.read_number()
        self.source.expect("}")
        if max(least, most or 0) > MAX_REPEAT or (most is not None and most < least):
            raise self.source.refuse(f"a repetition must rise and stay below {MAX_REPEAT}")
        return least, most

    def _read_atom(self) -> Part | None:
        character = self.source.next()
        if character == "(":
            return self._read_group()
        if character == "[":
            return One(read_class(self.source, ignore_case="i" in self.flags))
        if character == ".":
            everything = "s" in self.flags
            return One(lambda c: True) if everything else One(negated(among(LINE_ENDS)))
        if character in "^$":
            return At(self._line_place(character))
        if character == "\\":
            return self._read_escape()
        if character in "*+?{":
            raise self.source.refuse(f"'{character}' has nothing to repeat")
        return self._one(among(frozenset(character)))

    def _line_place(self, mark: str) -> Place:
        if "m" in self.flags:
            return Place.LINE_START if mark == "^" else Place.LINE_END
        return Place.START if mark == "^" else Place.LAST_LINE_END

    def _one(self, test: CharacterTest) -> One:
        return One(ignoring_case(test) if "i" in self.flags else test)

    def _read_escape(self) -> Part:
        if self.source.take("Q"):
            return self._quoted(self.source.read_until("\\E"))
        character = self.source.next()
        if character in PLACES:
            return At(PLACES[character])
        if character == "k":
            self.source.expect("<")
            return self._named_reference(self.source.read_until(">"))
        if character in "123456789":
            return self._reference(int(character))
        if character == "R":
            pair = self._quoted("\r\n")
            return Choice((pair, One(among(SETS["v"]))))
        return self._one(read_escaped(self.source, character))

    def _quoted(self, text: str) -> Part:
        return Sequence(tuple(self._one(among(frozenset(c))) for c in text))

    def _named_reference(self, name: str) -> Part:
        if name not in self.names:
            raise self.source.refuse(f"there is no group <{name}> before this place")
        return BackReference(self.names[name])

    def _reference(self, number: int) -> Part:
        if number > self.groups:
            raise self.source.refuse(f"there is no group {number} before this place")
        return BackReference(number)

    def _read_group(self) -> Part | None:
        if not self.source.take("?"):
            return self._captured()
        for mark, (behind, negative) in LOOKS.items():
            if self.source.take(mark):
                return Look(self._closed(), behind, negative)
        if self.source.take("<"):
            name = self.source.read_until(">")
            self.names[name] = self.groups + 1
            return self._captured()
        if self.source.take(">"):
            return Atomic(self._closed())
        return self._read_flags()

    def _read_flags(self) -> Part | None:
        on: set[str] = set()
        off: set[str] = set()
        outer = self.flags
        target = on
        while self.source.peek not in ":)":
            mark = self.source.next()
            if mark == "-" and target is on:
                target = off
            elif mark in FLAGS:
                target.add(mark)
            else:
                raise self.source.refuse(f"the flag '{mark}' is not supported (known: i, s, m)")
        self.flags = (outer | on) - off
        if self.source.take(")"):
            return None
        self.source.expect(":")
        part = self._closed()
        self.flags = outer
        return part

    def _captured(self) -> Part:
        self.groups += 1
        number = self.groups
        return Capture(self._closed(), number)

    def _closed(self) -> Part:
        part = self.read_choice()
        self.source.expect(")")
        return part
