"""What a whole column tells about the reading of one of its cells, and how text is folded.

Owns the rule for all readers: a value that can be read in two ways is refused with the remedy,
never guessed, unless the rest of its column decides it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from openpyxl.utils.datetime import WINDOWS_EPOCH

from spreadsheets.problems import CellRejected

#: Languages whose month and country names are understood.
LANGUAGES = ("en", "pl", "de", "fr", "es", "it", "cs")


@dataclass(frozen=True)
class Column:
    """What the whole column tells about the reading of one cell."""

    day_first: bool | None = None  #: order of 03/04/2026; None when nothing in the column decides
    epoch: datetime = WINDOWS_EPOCH
    currencies: frozenset[str] = field(default_factory=frozenset)


Reader = Callable[[object, Column], object]


def read_text(value: object, column: Column) -> str:
    """Text with inner runs of blanks folded; whole numbers lose their trailing `.0`."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split())


def read_short(limit: int, what: str) -> Reader:
    """A reader for text that Salesforce keeps in `limit` characters; longer text is refused."""

    def read(value: object, column: Column) -> str:
        text = read_text(value, column)
        if len(text) > limit:
            raise CellRejected(
                f"{what} has {len(text)} characters.", f"Shorten it to {limit} or fewer."
            )
        if not any(character.isalnum() for character in text):
            raise CellRejected(f"{what} has no letter or digit.", "Write it out.")
        return text

    return read


def read_lines(limit: int) -> Reader:
    """A reader for long text: its lines stay as they were typed, longer text is refused."""

    def read(value: object, column: Column) -> str:
        lines = [line.strip() for line in str(value).strip().splitlines()]
        text = "\n".join(lines)
        if len(text) > limit:
            raise CellRejected(
                f"The text has {len(text)} characters.", f"Shorten it to {limit} or fewer."
            )
        return text

    return read
