"""Which columns a workbook may have, what they are called in real sheets, and how each is read.

Owns the recognition of a sheet: the header row is the first one that holds all required headings
of a layout, in any order, above or below title rows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from spreadsheets.amounts import read_amount, read_currency
from spreadsheets.columns import Reader, read_lines, read_short, read_text
from spreadsheets.dates import read_date, read_instant
from spreadsheets.problems import show_value
from spreadsheets.words import read_country, read_whole_number, read_yes_no
from spreadsheets.workbook import Cell, Sheet

HEADER_SEARCH_ROWS = 25
#: A row with so many of a layout's required headings is a header with something missing.
ENOUGH_HEADINGS = 2


@dataclass(frozen=True)
class Heading:
    """One column of a layout. `names` are folded: lower case, letters and digits only."""

    key: str
    label: str  #: what reports call it
    read: Reader
    names: frozenset[str]
    required: bool = False


@dataclass(frozen=True)
class Layout:
    """A kind of sheet that we can import."""

    kind: str
    headings: tuple[Heading, ...]

    def required_keys(self) -> set[str]:
        """Headings without which a sheet is not of this kind."""
        return {heading.key for heading in self.headings if heading.required}


@dataclass(frozen=True)
class Recognised:
    """A sheet with its layout: where the data starts and which column holds what."""

    sheet: Sheet
    layout: Layout
    header_row: int
    columns: dict[str, int]  #: heading key → index in the row's list of cells


read_number = read_short(64, "The number")
read_company = read_short(120, "The company's name")
read_title = read_short(80, "The title")
#: The org keeps 32,000 characters; the quantity is written above the notes.
read_notes = read_lines(31_900)


def fold(text: object) -> str:
    """Letters and digits only, without accents or case: how headings and names are compared."""
    plain = unicodedata.normalize("NFKD", str(text).casefold().replace("ł", "l"))
    return re.sub(r"[^a-z0-9]", "", "".join(c for c in plain if not unicodedata.combining(c)))


def heading(key: str, label: str, read: Reader, *names: str, required: bool = False) -> Heading:
    """A heading that is also recognised by its own label."""
    return Heading(key, label, read, frozenset(fold(name) for name in (label, *names)), required)


ORDERS = Layout(
    "orders",
    (
        heading("number", "RFP no.", read_number, "RFP", "RFP number", "Order no.", required=True),
        heading(
            "customer", "Hardware designer", read_company, "Customer", "Designer", required=True
        ),
        heading("country", "Country", read_country, "Customer country"),
        heading("title", "Product", read_title, "Title", "Project", required=True),
        heading("quantity", "Quantity", read_whole_number, "Qty", "Pieces"),
        heading("budget", "Budget", read_amount, "Max. price", "Budget (total)"),
        heading("currency", "Currency", read_currency, "Cur."),
        heading(
            "effective_on", "Proposals until", read_date, "Deadline", "Last day", required=True
        ),
        heading("channel", "Channel", read_text, "Marketing channel", "Source"),
        heading("deposit_required", "Deposit", read_yes_no, "Deposit required"),
        heading("notes", "Notes", read_notes, "Description", "Remarks"),
    ),
)
PROPOSALS = Layout(
    "proposals",
    (
        heading("number", "Proposal no.", read_number, "Proposal", "Reference", required=True),
        heading("order_number", "RFP no.", read_number, "RFP", "Order no.", required=True),
        heading("manufacturer", "Manufacturer", read_company, "Supplier", required=True),
        heading("country", "Country", read_country),
        heading("price", "Price", read_amount, "Total price", required=True),
        heading("currency", "Currency", read_currency, "Cur."),
        heading("lead_time_days", "Lead time (days)", read_whole_number, "Lead time", "Days"),
        heading("submitted_at", "Received at", read_instant, "Submitted at", "Received"),
        heading("valid_until", "Valid until", read_date),
        heading("notes", "Notes", read_notes, "Description", "Remarks"),
    ),
)
LAYOUTS = (PROPOSALS, ORDERS)


def recognise(sheet: Sheet) -> Recognised | None:
    """The layout of a sheet and its header row; None for sheets of another kind."""
    for number in list(sheet.row_numbers())[:HEADER_SEARCH_ROWS]:
        for layout in LAYOUTS:
            columns = match_headings(sheet.rows[number], layout)
            if layout.required_keys() <= columns.keys():
                return Recognised(sheet, layout, number, columns)
    return None


def explain_refusal(sheet: Sheet) -> str:
    """Why a sheet is of no known kind: the headings that its best row lacks."""
    missing = min(
        (
            [h.label for h in layout.headings if h.required and h.key not in found]
            for number in list(sheet.row_numbers())[:HEADER_SEARCH_ROWS]
            for layout in LAYOUTS
            if len(
                found := layout.required_keys() & match_headings(sheet.rows[number], layout).keys()
            )
            >= ENOUGH_HEADINGS
        ),
        key=len,
        default=[],
    )
    if not missing:
        return "It has no row with the headings of orders or proposals."
    return "It has no column " + ", ".join(f"'{label}'" for label in missing) + "."


def unknown_headings(recognised: Recognised) -> dict[str, str]:
    """Headings of a sheet that name no column of ours, by their cell: their columns are not
    read."""
    known = frozenset().union(*(heading.names for heading in recognised.layout.headings))
    return {
        cell.coordinate: show_value(cell.value)
        for cell in recognised.sheet.rows[recognised.header_row]
        if cell.value is not None and fold(cell.value) not in known
    }


def match_headings(cells: Iterable[Cell], layout: Layout) -> dict[str, int]:
    """Positions of the layout's headings in one row; the leftmost of equal ones counts."""
    positions: dict[str, int] = {}
    for index, cell in enumerate(cells):
        folded = fold(cell.value) if cell.value is not None else ""
        for candidate in layout.headings:
            if folded in candidate.names:
                positions.setdefault(candidate.key, index)
    return positions
