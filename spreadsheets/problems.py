"""What can be wrong with a workbook, a row or a cell, in words that a person can act on.

Owns the shape of a report line, so that the terminal, JSON and (later) the annotated workbook
say the same thing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass


class WorkbookRejected(Exception):
    """The file as a whole cannot be read. Nothing of it was used; the message has the remedy."""


class CellRejected(Exception):
    """One value cannot be used. Raised by parsers, which do not know where the cell is."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason} {remedy}")
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True)
class Problem:
    """Why a row did not go in: where, what stood there, what is wrong, what to do."""

    sheet: str
    cell: str  #: `F12`
    value: str  #: what the cell shows, shortened
    reason: str
    remedy: str

    def as_dict(self) -> dict[str, str]:
        """The problem as one JSON object."""
        return asdict(self)


def show_value(value: object) -> str:
    """What a report prints for a cell value: its text on one line, at most 60 characters."""
    if value is None:
        return "(empty)"
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else text[:57] + "..."
