"""CSV as bulk jobs write it: six delimiters, two line endings, UTF-8 with or without a mark.

Owns which files are a table at all. Source: Bulk API 2.0 guide, "Prepare CSV Files".
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DELIMITERS = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
#: Longest text area of an org, and room for what a client wrongly sends.
_LONGEST_FIELD = 1_000_000


class BadTableError(Exception):
    """The uploaded file cannot be processed at all; the message is the job's errorMessage."""


@dataclass(frozen=True)
class Dialect:
    """How a job's files are written; the names are those of the job's JSON."""

    column_delimiter: str = "COMMA"
    line_ending: str = "LF"

    def writer(self, write: Callable[[str], object]) -> Any:
        """A CSV writer that quotes everything and calls `write` once per row."""
        return csv.writer(
            _Target(write),
            delimiter=DELIMITERS[self.column_delimiter],
            lineterminator=LINE_ENDINGS[self.line_ending],
            quoting=csv.QUOTE_ALL,
        )

    def read(self, path: Path) -> Iterator[list[str]]:
        """The rows of a file, its header first; empty lines are none.

        Raises BadTableError as `read_numbered` does.
        """
        return (row for _, row in self.read_numbered(path))

    def read_numbered(self, path: Path) -> Iterator[tuple[int, list[str]]]:
        """Each row with the number of the line that it begins on, from 1; empty lines are none.

        Raises BadTableError for text that is no UTF-8, quotes that do not close, and lines that
        end otherwise than the job says.
        """
        csv.field_size_limit(_LONGEST_FIELD)
        self._check_line_ending(path)
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file, delimiter=DELIMITERS[self.column_delimiter], strict=True)
                line = 1
                for row in reader:
                    if row:
                        yield line, row
                    line = reader.line_num + 1
        except UnicodeDecodeError as error:
            raise BadTableError(f"InvalidBatch : The file is not UTF-8: {error}") from error
        except csv.Error as error:
            raise BadTableError(f"InvalidBatch : Failed to parse CSV. {error}") from error

    def _check_line_ending(self, path: Path) -> None:
        found = first_ending(path)
        if found and found != LINE_ENDINGS[self.line_ending]:
            raise BadTableError(
                "ClientInputError : LineEnding is invalid on user data. "
                f"Current LineEnding setting is {self.line_ending}"
            )


class _Target:
    """What csv.writer wants of a file: it calls `write` exactly once per row."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self.write = write


def first_ending(path: Path) -> str:
    """How the first line outside quotes ends; empty for a file of one line."""
    is_quoted = False
    with path.open("rb") as file:
        for line in file:
            is_quoted ^= line.count(b'"') % 2 == 1
            if not is_quoted:
                return "\r\n" if line.endswith(b"\r\n") else "\n" if line.endswith(b"\n") else ""
    return ""
