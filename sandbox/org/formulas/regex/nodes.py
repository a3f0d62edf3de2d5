"""The parts of a parsed regular expression.

Owns the shape between the reader of patterns and the machine that runs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

#: Says whether one character fits.
CharacterTest: TypeAlias = Callable[[str], bool]


class Greed(StrEnum):
    """How a repetition chooses its number of rounds."""

    GREEDY = ""  #: as many as possible, giving back when the rest fails
    LAZY = "?"  #: as few as possible
    POSSESSIVE = "+"  #: as many as possible, giving nothing back


class Place(StrEnum):
    """Positions that match without taking a character."""

    START = "start"  #: of the text
    END = "end"  #: of the text
    LAST_LINE_END = "last line end"  #: the end, or before the line end that closes the text
    LINE_START = "line start"
    LINE_END = "line end"
    WORD_EDGE = "word edge"
    NO_WORD_EDGE = "no word edge"


@dataclass(frozen=True)
class One:
    """One character."""

    test: CharacterTest


@dataclass(frozen=True)
class Sequence:
    """Parts one after the other; empty when there are none."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Choice:
    """The first alternative that leads to a match."""

    options: tuple[Part, ...]


@dataclass(frozen=True)
class Repeat:
    """`least` to `most` rounds; no upper bound when `most` is None."""

    part: Part
    least: int
    most: int | None
    greed: Greed


@dataclass(frozen=True)
class Capture:
    """A group whose text a back reference may ask for."""

    part: Part
    number: int


@dataclass(frozen=True)
class BackReference:
    """The text of an earlier group again."""

    number: int


@dataclass(frozen=True)
class At:
    """A position."""

    place: Place


@dataclass(frozen=True)
class Look:
    """What must (not) stand before or after the position."""

    part: Part
    behind: bool
    negative: bool


@dataclass(frozen=True)
class Atomic:
    """A group that gives nothing back once it has matched."""

    part: Part


Part: TypeAlias = One | Sequence | Choice | Repeat | Capture | BackReference | At | Look | Atomic
