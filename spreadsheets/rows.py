"""Reads the data rows of a recognised sheet: every cell by its heading's reader.

Owns that a row is judged whole: all its bad cells are reported, and one bad cell keeps it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from money import MinorUnitFraction, Money, is_currency
from spreadsheets.amounts import currency_in
from spreadsheets.columns import Column
from spreadsheets.dates import decide_day_first
from spreadsheets.layouts import Heading, Recognised
from spreadsheets.problems import CellRejected, Problem, show_value
from spreadsheets.workbook import Cell


@dataclass
class ReadRow:
    """One data row: values by heading key, and what is wrong with it."""

    number: int
    cells: dict[str, Cell]
    sheet: str
    values: dict[str, object] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def reject(self, key: str, reason: str, remedy: str) -> None:
        """Record that the row cannot go in because of the cell under this heading."""
        cell = self.cells.get(key) or Cell(f"row {self.number}", None)
        problem = Problem(self.sheet, cell.coordinate, show_value(cell.value), reason, remedy)
        self.problems.append(problem)

    def tell_cell(self, key: str) -> str:
        """Where the cell under this heading stands: `Data!A2`."""
        cell = self.cells.get(key)
        return f"{self.sheet}!{cell.coordinate}" if cell else f"{self.sheet}, row {self.number}"


def read_rows(recognised: Recognised, currencies: frozenset[str]) -> Iterator[ReadRow]:
    """Every row under the header that has anything under one of the known headings."""
    columns = read_columns(recognised, currencies)
    for number in recognised.sheet.row_numbers():
        if number <= recognised.header_row:
            continue
        cells = cells_by_key(recognised, number)
        if any(cell.value is not None or cell.is_uncalculated for cell in cells.values()):
            row = ReadRow(number, cells, recognised.sheet.name)
            for wanted in recognised.layout.headings:
                read_cell(row, wanted, columns[wanted.key])
            check_currency(row)
            yield row


def read_columns(recognised: Recognised, currencies: frozenset[str]) -> dict[str, Column]:
    """What each column tells about its cells: the order of day and month, the epoch."""
    texts: dict[str, list[str]] = {h.key: [] for h in recognised.layout.headings}
    for number in recognised.sheet.row_numbers():
        if number > recognised.header_row:
            for key, cell in cells_by_key(recognised, number).items():
                if isinstance(cell.value, str):
                    texts[key].append(cell.value)
    epoch = recognised.sheet.epoch
    return {k: Column(decide_day_first(found), epoch, currencies) for k, found in texts.items()}


def cells_by_key(recognised: Recognised, number: int) -> dict[str, Cell]:
    """The cells of one row by heading key."""
    cells = recognised.sheet.rows[number]
    return {key: cells[i] for key, i in recognised.columns.items() if i < len(cells)}


def read_cell(row: ReadRow, wanted: Heading, column: Column) -> None:
    """Put the cell's value into the row, or the reason why it has none."""
    cell = row.cells.get(wanted.key)
    if cell is not None and cell.is_uncalculated:
        row.reject(
            wanted.key,
            "The formula has no stored result.",
            "Open and save the workbook in your spreadsheet program, or type the value.",
        )
    elif cell is not None and cell.is_error:
        row.reject(wanted.key, f"The cell shows the error {cell.value}.", "Correct the formula.")
    elif cell is None or cell.value is None:
        if wanted.required:
            row.reject(wanted.key, f"'{wanted.label}' is empty.", "Fill the cell in.")
    else:
        try:
            row.values[wanted.key] = wanted.read(cell.value, column)
        except CellRejected as rejected:
            row.reject(wanted.key, rejected.reason, rejected.remedy)


def check_currency(row: ReadRow) -> None:
    """Every amount needs one currency: from its column, or from a sign in the amount's cell."""
    for key in ("budget", "price"):
        cell = row.cells.get(key)
        if not isinstance(row.values.get(key), Decimal) or cell is None:
            continue
        named = currency_in(cell.value) if isinstance(cell.value, str) else None
        stated = row.values.get("currency")
        if named and stated and named != stated:
            row.reject(
                key,
                f"The amount is in {named} but the currency column says {stated}.",
                "Make the two agree.",
            )
        elif named:
            row.values["currency"] = named
        elif not stated and not row.problems:
            row.reject("currency", "The amount has no currency.", "Write EUR, USD, PLN …")
        check_minor_unit(row, key)


def check_minor_unit(row: ReadRow, key: str) -> None:
    """An amount is payable in its currency: there is no half yen."""
    amount, currency = row.values.get(key), row.values.get("currency")
    if isinstance(amount, Decimal) and isinstance(currency, str) and is_currency(currency):
        try:
            Money.from_decimal(amount, currency)
        except MinorUnitFraction:
            row.reject(key, f"{currency} has no such small part.", "Write a whole amount.")
