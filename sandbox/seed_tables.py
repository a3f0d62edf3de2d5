"""Filling an org from CSV files, as a data load by hand does.

Owns what a file of rows becomes: parents' files go first, each row is a new record with its values
read as bulk jobs read them, and every refused row is told by file, line, column and value. One
refused row undoes all files, unless the caller wants to keep the others.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from sandbox.bulk.columns import Column, read_columns, read_row
from sandbox.bulk.dialect import BadTableError, Dialect, first_ending
from sandbox.org.errors import ErrorItem, OrgError, refuse
from sandbox.org.org import Org
from sandbox.org.schema import Schema, SObject

#: Problems told of one load; more of them help nobody.
_TOLD = 100
Row = tuple[int, list[str]]


@dataclass(frozen=True)
class CsvTable:
    """A CSV file: its name in messages, the sObject of its rows, its whole text."""

    file: str
    sobject: str
    text: str
    delimiter: str = "COMMA"


@dataclass(frozen=True)
class Problem:
    """Why a row (or, on line 1, a file) was refused; `column` is empty when no cell is to blame."""

    file: str
    line: int
    column: str
    value: str
    reason: str


@dataclass
class Report:
    """What a load did: new records by sObject, refused rows, and the first of their problems."""

    created: Counter[str] = field(default_factory=Counter)
    refused_rows: int = 0
    problems: list[Problem] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """The report as the control plane answers it."""
        return {
            "created": dict(self.created),
            "refused_rows": self.refused_rows,
            "problems": [asdict(problem) for problem in self.problems],
        }


@dataclass(frozen=True)
class _Sheet:
    """A table whose header is understood."""

    file: str
    sobject: SObject
    header: list[str]
    columns: list[Column]
    rows: list[Row]


class _UndoAllError(Exception):
    """Leaves the transaction, so that the good rows go as well."""


def seed_tables(
    org: Org, tables: Sequence[CsvTable], *, user: str | None = None, keep_going: bool = False
) -> Report:
    """Store the rows of all tables in the name of the loader, or of `user`.

    Nothing is stored when a table cannot be read, or when a row is refused and not `keep_going`.
    Raises OrgError for an unknown sObject or user.
    """
    report = Report()
    sheets = [s for table in tables if (s := _read_sheet(org.schema, table, report)) is not None]
    if report.problems:
        return report
    try:
        with org.chunk():
            for sheet in _parents_first(sheets):
                _store_rows(org, sheet, user, report)
            if report.problems and not keep_going:
                raise _UndoAllError
    except _UndoAllError:
        report.created.clear()
    return report


def _read_sheet(schema: Schema, table: CsvTable, report: Report) -> _Sheet | None:
    sobject = schema.sobject(table.sobject)
    if sobject is None:
        raise refuse("INVALID_TYPE", f"{table.file}: sObject type '{table.sobject}' is unknown.")
    try:
        rows = _read_rows(table)
        header = rows[0][1] if rows else []
        columns = read_columns(schema, sobject, header)
    except BadTableError as error:
        reason = str(error).partition(" : ")[2]
        report.problems.append(Problem(table.file, 1, "", "", reason))
        return None
    return _Sheet(table.file, sobject, header, columns, rows[1:])


def _read_rows(table: CsvTable) -> list[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "table.csv")
        path.write_text(table.text, encoding="utf-8", newline="")
        ending = "CRLF" if first_ending(path) == "\r\n" else "LF"
        return list(Dialect(table.delimiter, ending).read_numbered(path))


def _parents_first(sheets: Sequence[_Sheet]) -> Iterator[_Sheet]:
    """Tables that others refer to by external ID come before those; a circle stays as given."""
    order = TopologicalSorter({sheet.sobject.name: set(_parents(sheet)) for sheet in sheets})
    try:
        names = list(order.static_order())
    except CycleError:
        yield from sheets
    else:
        yield from sorted(sheets, key=lambda sheet: names.index(sheet.sobject.name))


def _parents(sheet: _Sheet) -> Iterator[str]:
    for column in sheet.columns:
        lookup = sheet.sobject.parent_field(column.name) if column.key else None
        if lookup is not None:
            yield from (name for name in lookup.reference_to if name != sheet.sobject.name)


def _store_rows(org: Org, sheet: _Sheet, user: str | None, report: Report) -> None:
    for line, cells in sheet.rows:
        try:
            org.seed_record(sheet.sobject, read_row(sheet.columns, cells), user)
        except OrgError as error:
            report.refused_rows += 1
            problems = [_locate(sheet, line, cells, item) for item in error.items]
            report.problems += problems[: _TOLD - len(report.problems)]
        else:
            report.created[sheet.sobject.name] += 1


def _locate(sheet: _Sheet, line: int, cells: Sequence[str], item: ErrorItem) -> Problem:
    places = (p for name in item.fields for p in _places_of(sheet, name) if p < len(cells))
    place = next(places, None)
    if place is None:
        return Problem(sheet.file, line, "", "", item.message)
    return Problem(sheet.file, line, sheet.header[place], cells[place], item.message)


def _places_of(sheet: _Sheet, name: str) -> Iterator[int]:
    """The columns that set a field: its own, or the one that names its parent."""
    for place, column in enumerate(sheet.columns):
        lookup = sheet.sobject.parent_field(column.name) if column.key else None
        if name in {column.name, column.key} or (lookup is not None and lookup.name == name):
            yield place
