"""Reads .xlsx files into plain rows, with merged cells filled and formulas resolved.

Owns what a cell shows: characters that nobody sees are dropped, and errors and formulas without a
result are told apart from values. openpyxl resolves no XML entities (with lxml it asks for that,
without lxml it parses with defusedxml, which we install).
"""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import WINDOWS_EPOCH
from openpyxl.utils.exceptions import InvalidFileException

from spreadsheets.container import SAVE_AS_REMEDY, check_container
from spreadsheets.problems import WorkbookRejected

#: Cells from A1 to the last one in use. One stray entry at the bottom of a sheet makes 17 billion.
MAX_CELLS = 2_000_000
#: What openpyxl lets through when parts of the archive are missing, cut or nonsense.
DAMAGE = (
    InvalidFileException,
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,  # broken XML: the parent of the parsers' own errors
    AttributeError,
    LookupError,
    ValueError,
    TypeError,
    OSError,
    EOFError,
)
#: Blanks that a person takes for a blank, and characters without any width. The joiners of emoji
#: and of Persian stay: without them the text would look different.
UNSEEN = {0x00A0: " ", 0x202F: " "} | dict.fromkeys(
    [0x00AD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


@dataclass(frozen=True)
class Cell:
    """One cell as a person sees it. `value` is None for an empty one."""

    coordinate: str
    value: object
    is_uncalculated: bool = False  #: a formula whose result the file does not hold
    is_error: bool = False  #: `#N/A` and its like, whoever typed or calculated it


@dataclass(frozen=True)
class Sheet:
    """One worksheet: its rows by number, each a list of cells from column A on."""

    name: str
    rows: dict[int, list[Cell]]
    epoch: datetime = WINDOWS_EPOCH  #: day zero of date serials; old Mac files count from 1904
    is_hidden: bool = False

    def row_numbers(self) -> Iterator[int]:
        """Numbers of the rows that exist, top to bottom."""
        return iter(sorted(self.rows))


def read_workbook(path: Path) -> list[Sheet]:
    """All worksheets of an .xlsx file, in order, hidden ones marked.

    Raises WorkbookRejected, naming the file and the remedy, when it is missing, is no .xlsx, is
    damaged, or is larger than a hand-kept sheet can be. Nothing is written.
    """
    has_formulas = check_container(path)
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and extensions that it drops; no cell depends on them.
            warnings.simplefilter("ignore")
            shown = openpyxl.load_workbook(path, data_only=True)
            written = openpyxl.load_workbook(path, data_only=False) if has_formulas else shown
    except DAMAGE as error:
        raise WorkbookRejected(f"{path.name} is damaged: {error}. {SAVE_AS_REMEDY}") from error
    return [
        Sheet(
            sheet.title,
            read_rows(sheet, written[sheet.title]),
            shown.epoch,
            is_hidden=sheet.sheet_state != "visible",
        )
        for sheet in shown.worksheets
    ]


def read_rows(shown: Any, written: Any) -> dict[int, list[Cell]]:
    """Rows of one worksheet, with every cell of a merged range showing the range's value."""
    check_extent(shown)
    merged = merged_values(shown)
    rows: dict[int, list[Cell]] = {}
    for row in shown.iter_rows():
        cells = [read_cell(cell, merged, written) for cell in row]
        if any(cell.value is not None or cell.is_uncalculated for cell in cells):
            rows[row[0].row] = cells
    return rows


def check_extent(sheet: Any) -> None:
    """Refuse a sheet whose last cell lies so far out that walking there would never end."""
    if sheet.max_row * sheet.max_column > MAX_CELLS:
        last = f"{get_column_letter(sheet.max_column)}{sheet.max_row}"
        raise WorkbookRejected(
            f"Sheet '{sheet.title}' reaches to cell {last}; at most {MAX_CELLS:,} cells are read. "
            "Delete the rows and columns beyond the table, then save the workbook."
        )


def merged_values(sheet: Any) -> dict[tuple[int, int], object]:
    """Values of merged ranges by (row, column); the file keeps only the top left one."""
    values: dict[tuple[int, int], object] = {}
    for area in sheet.merged_cells.ranges:
        value = sheet.cell(area.min_row, area.min_col).value
        for row, column in ((r, c) for r, c in area_cells(area)):
            values[(row, column)] = value
    return values


def area_cells(area: Any) -> Iterator[tuple[int, int]]:
    """Row and column of every cell in a merged range."""
    for row in range(area.min_row, area.max_row + 1):
        for column in range(area.min_col, area.max_col + 1):
            yield row, column


def read_cell(cell: Any, merged: dict[tuple[int, int], object], written: Any) -> Cell:
    """One cell, knowing whether it holds an error, or a formula without a stored result."""
    row, column = cell.row, cell.column
    value = merged.get((row, column), cell.value)
    if isinstance(value, str):
        value = value.translate(UNSEEN).strip() or None
    uncalculated = value is None and written.cell(row, column).data_type == "f"
    is_error = value is not None and cell.data_type == "e"
    return Cell(f"{get_column_letter(column)}{row}", value, uncalculated, is_error)
