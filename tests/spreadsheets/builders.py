"""Builds small workbooks in a test's own folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from openpyxl import Workbook

from spreadsheets.plan import Plan, plan_import

WARSAW = ZoneInfo("Europe/Warsaw")
CURRENCIES = frozenset({"EUR", "PLN", "USD"})
HEADINGS = ["RFP no.", "Hardware designer", "Country", "Product", "Budget", "Currency",
            "Proposals until"]  # fmt: skip
PROPOSAL_HEADINGS = ["Proposal no.", "RFP no.", "Manufacturer", "Price", "Currency", "Received at"]


def an_order_row(**changes: object) -> list[object]:
    """A row that goes in, with some cells changed by heading key."""
    values = {
        "number": "R-1",
        "customer": "Acme",
        "country": "PL",
        "title": "Lamp",
        "budget": 1000,
        "currency": "EUR",
        "effective_on": date(2026, 3, 12),
    }
    return list((values | changes).values())


def a_workbook(path: Path, rows: list[list[object]], headings: list[str] | None = None) -> Path:
    """A workbook with one sheet: headings, then rows."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Data"
    sheet.append(headings or HEADINGS)
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def plan_rows(folder: Path, *rows: list[object], headings: list[str] | None = None) -> Plan:
    """The plan for a workbook of these rows."""
    path = a_workbook(folder / "orders.xlsx", list(rows), headings)
    return plan_import(path, WARSAW, CURRENCIES)
