"""The table at the end: what became of every order, and what it cost in API calls."""

from __future__ import annotations

import sys
from collections import Counter
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from demo.salesforce import Person

COLOURS = {"AWARD": "green", "CANCEL": "red", "REVIEW": "yellow", "SKIP": "magenta"}


def open_console() -> Console:
    """As wide as the window; 110 columns where the output goes to a file."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 110)


def show_result(console: Console, ops: Person, requests: dict[str, Any], rows_refused: int) -> None:
    """Print decisions, orders still open, and the API calls used."""
    decisions = ops.query(
        "SELECT Order__r.External_Id__c, Order__r.Name, Outcome__c, Reason_Code__c, Type__c, "
        "Manufacturer__r.Name, Awarded_Price__c, Margin_To_Second__c, CurrencyIsoCode "
        "FROM Selection_Decision__c ORDER BY Outcome__c, Order__r.External_Id__c"
    )
    table = Table(title="What became of the orders", title_justify="left", header_style="bold")
    table.add_column("Order", no_wrap=True)
    for column in ("Product", "Outcome", "Winner or reason"):
        table.add_column(column)
    for column in ("Price", "Margin to second"):
        table.add_column(column, justify="right")
    for row in decisions:
        table.add_row(*decision_cells(row))
    console.print()
    console.print(table)
    show_totals(console, ops, decisions, requests, rows_refused)


def decision_cells(row: dict[str, Any]) -> list[str]:
    """One line of the table."""
    outcome = row["Outcome__c"]
    colour = COLOURS.get(outcome, "white")
    manufacturer = row["Manufacturer__r"]
    shown = outcome if row["Type__c"] == "AUTOMATIC" else f"{outcome} (by hand)"
    return [
        row["Order__r"]["External_Id__c"],
        row["Order__r"]["Name"],
        f"[{colour}]{shown}[/]",
        manufacturer["Name"] if manufacturer else row["Reason_Code__c"],
        money(row["Awarded_Price__c"], row["CurrencyIsoCode"]),
        money(row["Margin_To_Second__c"], row["CurrencyIsoCode"]),
    ]


def money(amount: float | None, currency: str) -> str:
    """An amount for people; nothing when there is none."""
    return "" if amount is None else f"{Decimal(str(amount)):,.2f} {currency}"


def show_totals(
    console: Console,
    ops: Person,
    decisions: list[dict[str, Any]],
    requests: dict[str, Any],
    rows_refused: int,
) -> None:
    """Counts by status, and the calls: the backoffice's own and those of people."""
    statuses = ops.query("SELECT Status, COUNT(Id) n FROM Order GROUP BY Status ORDER BY Status")
    console.print("Orders now: " + ", ".join(f"{row['n']} {row['Status']}" for row in statuses))
    console.print(
        f"{len(decisions)} decisions stored with their reasons; {rows_refused} rows of the sheets "
        "were refused and explained."
    )
    counted = Counter(entry["user"] for entry in requests["log"] if entry["user"])
    ours = counted["integration@manufaktura.example"]
    console.print(
        f"API calls: {ours} by the backoffice for the whole story; "
        f"{requests['total'] - ours} by people and by this rehearsal looking on."
    )
