"""Looks at a file before any parser unfolds it: is it an .xlsx, and does it fit into memory?

Owns the limits. A parser builds an object for every cell, even for each of the 17 billion that
one merged area can name, so cells and areas are counted in the packed text first.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from openpyxl.utils.cell import range_boundaries

from spreadsheets.problems import WorkbookRejected

MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_UNPACKED_BYTES = 300 * 1024 * 1024
#: Cells that the file holds, filled or formatted, on all sheets together.
MAX_STORED_CELLS = 1_000_000
MAX_MERGED_CELLS = 100_000
CHUNK_BYTES = 1024 * 1024
SAVE_AS_REMEDY = "Open it in your spreadsheet program and save it as 'Excel workbook (.xlsx)'."
#: First bytes of Microsoft's older container, which also wraps encrypted .xlsx files.
OLE_MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")
SHEET_PART = re.compile(r"xl/worksheets/[^/]+\.xml")
CELL_TAG = re.compile(rb"<(?:\w+:)?c[\s/>]")
FORMULA_TAG = re.compile(rb"<(?:\w+:)?f[\s/>]")
MERGED_AREA = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*[\"']([^\"']*)")
SHARED_STRING_TAG = re.compile(rb"<(?:\w+:)?si[\s/>]")


def check_container(path: Path) -> bool:
    """Refuse what is no .xlsx, or is too large; answers whether it holds any formula.

    Raises WorkbookRejected, naming the file and the remedy.
    """
    check_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            check_parts(path, archive)
            return survey_parts(path, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise WorkbookRejected(f"{path.name} is not an Excel workbook. {SAVE_AS_REMEDY}") from error


def check_file(path: Path) -> None:
    """Refuse a file that is not there, cannot be opened, is huge, or is of an older format."""
    if path.is_dir():
        raise WorkbookRejected(f"{path} is a folder. Give the path of an .xlsx file.")
    try:
        with path.open("rb") as file:
            magic = file.read(len(OLE_MAGIC))
    except FileNotFoundError as error:
        message = f"{path} does not exist. Give the path of an .xlsx file."
        raise WorkbookRejected(message) from error
    except OSError as error:
        message = f"{path} cannot be opened: {error.strerror}. Check who may read it."
        raise WorkbookRejected(message) from error
    if magic == OLE_MAGIC:
        raise WorkbookRejected(
            f"{path.name} is in an old Excel format, or needs a password. Open it in your "
            "spreadsheet program, remove the password, and save it as 'Excel workbook (.xlsx)'."
        )
    if path.stat().st_size > MAX_FILE_BYTES:
        raise WorkbookRejected(
            f"{path.name} has {path.stat().st_size:,} bytes; at most {MAX_FILE_BYTES:,} are read. "
            "Split it into several workbooks."
        )


def check_parts(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse an archive that is no workbook, or that unpacks to more than a workbook."""
    if "xl/workbook.xml" not in archive.namelist():
        raise WorkbookRejected(f"{path.name} is an archive but no workbook. {SAVE_AS_REMEDY}")
    unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > MAX_UNPACKED_BYTES:
        raise WorkbookRejected(
            f"{path.name} unpacks to {unpacked:,} bytes; at most {MAX_UNPACKED_BYTES:,} are read. "
            "Remove pictures and unused sheets, or split it."
        )


def survey_parts(path: Path, archive: zipfile.ZipFile) -> bool:
    """Count cells and merged areas of all sheets; answers whether there is any formula."""
    cells = merged = 0
    has_formulas = False
    for name in archive.namelist():
        is_sheet = SHEET_PART.fullmatch(name) is not None
        if not is_sheet and name != "xl/sharedStrings.xml":
            continue
        with archive.open(name) as part:
            for text in whole_tags(part):
                tag = CELL_TAG if is_sheet else SHARED_STRING_TAG
                cells += len(tag.findall(text))
                has_formulas = has_formulas or FORMULA_TAG.search(text) is not None
                for raw in MERGED_AREA.findall(text):
                    area = raw.decode("utf-8", "replace")
                    merged += count_area(area)
                    refuse_too_many(path, merged, MAX_MERGED_CELLS, f"merged cells, as in {area}")
                refuse_too_many(path, cells, MAX_STORED_CELLS, "cells")
    return has_formulas


def refuse_too_many(path: Path, count: int, limit: int, what: str) -> None:
    """Raise when a count is over its limit."""
    if count > limit:
        raise WorkbookRejected(
            f"{path.name} holds more than {limit:,} {what}. Delete rows, columns and merged areas "
            "beyond the table, or split it into several workbooks."
        )


def count_area(area: str) -> int:
    """Cells of a merged area such as `A1:G1`; what is no area counts as nothing, the parser will
    say so."""
    try:
        left, top, right, bottom = range_boundaries(area)
    except (ValueError, TypeError):
        return 0
    if None in (left, top, right, bottom):
        return 0
    return (int(right or 0) - int(left or 0) + 1) * (int(bottom or 0) - int(top or 0) + 1)


def whole_tags(part: IO[bytes]) -> Iterator[bytes]:
    """The part in pieces that never cut a tag in two."""
    rest = b""
    while chunk := part.read(CHUNK_BYTES):
        text = rest + chunk
        cut = max(text.rfind(b"<"), 0)
        rest = text[cut:]
        yield text[:cut]
    yield rest
