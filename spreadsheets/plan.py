"""Plans an import: which records a workbook asks for, and which rows cannot go in and why.

Owns what belongs together across rows: numbers given twice, and companies named twice with
different countries. Planning writes nothing and asks nobody; the same file gives the same plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from spreadsheets.layouts import (
    LAYOUTS,
    ORDERS,
    Recognised,
    explain_refusal,
    recognise,
    unknown_headings,
)
from spreadsheets.problems import Problem, WorkbookRejected
from spreadsheets.records import (
    AccountKind,
    AccountRow,
    OrderRow,
    ProposalRow,
    external_id_of_account,
    external_id_of_number,
)
from spreadsheets.rows import ReadRow, read_rows
from spreadsheets.workbook import read_workbook


@dataclass
class Plan:
    """What a workbook would bring. Rows with problems brought nothing into the other lists."""

    file: str
    rows_read: int = 0
    rows_refused: int = 0
    accounts: dict[str, AccountRow] = field(default_factory=dict)  #: by external ID
    orders: dict[str, OrderRow] = field(default_factory=dict)
    proposals: dict[str, ProposalRow] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    #: Sheet and row that each order and proposal came from, by external ID.
    places: dict[str, tuple[str, int]] = field(default_factory=dict)
    #: Where each proposal names its order, for reports about orders that do not exist.
    order_cells: dict[str, tuple[str, str]] = field(default_factory=dict)
    #: Sheets, and cells with unknown headings, that were not read, with the reason.
    passed_over: dict[str, str] = field(default_factory=dict)

    def reject_orphan(self, external_id: str) -> None:
        """Take a proposal out whose order is neither in the workbook nor in the org."""
        number = self.proposals.pop(external_id).order_external_id
        sheet, cell = self.order_cells[external_id]
        self.rows_refused += 1
        self.problems.append(
            Problem(
                sheet,
                cell,
                number,
                f"There is no order {number}.",
                "Correct the number, or import the sheet with that RFP first.",
            )
        )


def plan_import(path: Path, zone: ZoneInfo, currencies: frozenset[str]) -> Plan:
    """Read a workbook of RFPs or proposals.

    `zone` is the business time zone, in which the sheet's times of day are meant. Raises
    WorkbookRejected when the file cannot be read or holds no sheet that we know. Bad rows do not
    raise: they are in `problems`, one entry a bad cell.
    """
    plan = Plan(path.name)
    by_layout: dict[str, list[Recognised]] = defaultdict(list)
    for sheet in read_workbook(path):
        found = None if sheet.is_hidden else recognise(sheet)
        if found is not None:
            by_layout[found.layout.kind].append(found)
            for cell, text in unknown_headings(found).items():
                plan.passed_over[f"{sheet.name}!{cell}"] = f"'{text}' names no column of ours."
        elif sheet.rows:
            why = "It is hidden." if sheet.is_hidden else explain_refusal(sheet)
            plan.passed_over[sheet.name] = why
    if not by_layout:
        raise WorkbookRejected(tell_missing_sheets(path.name, plan.passed_over))
    for sheets in by_layout.values():
        plan_rows(plan, sheets, zone, currencies)
    return plan


def tell_missing_sheets(file: str, passed_over: dict[str, str]) -> str:
    """Why nothing of a workbook can be used, and which headings would be."""
    headings = "; ".join(
        f"{layout.kind}: " + ", ".join(h.label for h in layout.headings if h.required)
        for layout in LAYOUTS
    )
    why = " ".join(f"Sheet '{name}': {reason}" for name, reason in passed_over.items())
    return (
        f"{file} has no sheet with the headings that an import needs. {why} "
        f"Name the columns in one row ({headings})."
    ).replace("  ", " ")


def plan_rows(
    plan: Plan, sheets: list[Recognised], zone: ZoneInfo, currencies: frozenset[str]
) -> None:
    """Add the rows of all sheets of one kind to the plan."""
    rows = [row for sheet in sheets for row in read_rows(sheet, currencies)]
    is_orders = sheets[0].layout is ORDERS
    kind = AccountKind.HARDWARE_DESIGNER if is_orders else AccountKind.MANUFACTURER
    name_key = "customer" if is_orders else "manufacturer"
    build: Callable[[ReadRow], OrderRow | ProposalRow] = (
        build_order if is_orders else lambda row: build_proposal(row, zone)
    )
    check_countries(rows, name_key, kind)
    records = build_records(rows, build)
    for row in rows:
        plan.rows_read += 1
        plan.rows_refused += bool(row.problems)
        plan.problems.extend(row.problems)
        if not row.problems:
            add_account(plan, row, name_key, kind)
            number = external_id_of_number(str(row.values["number"]))
            plan.places[number] = (row.sheet, row.number)
            if not is_orders:
                plan.order_cells[number] = (row.sheet, row.cells["order_number"].coordinate)
    target = cast(dict[str, Any], plan.orders if is_orders else plan.proposals)
    target.update({record.external_id: record for record in records})


def build_records(
    rows: list[ReadRow], build: Callable[[ReadRow], OrderRow | ProposalRow]
) -> list[OrderRow | ProposalRow]:
    """Records of the good rows. A number used twice goes in once when the rows agree, else not."""
    by_number: dict[str, list[tuple[ReadRow, Hashable]]] = defaultdict(list)
    for row in rows:
        if not row.problems:
            record = build(row)
            by_number[record.external_id].append((row, record))
    kept = []
    for number, found in by_number.items():
        first_row, first = found[0]
        if len({record for _, record in found}) > 1:
            where = " and ".join(row.tell_cell("number") for row, _ in found)
            for row, _ in found:
                row.reject(
                    "number",
                    f"{number} stands in {where} with different contents.",
                    "Keep the right row, or give each its own number.",
                )
            continue
        for row, _ in found[1:]:
            row.reject(
                "number",
                f"{number} was already given in {first_row.tell_cell('number')}, "
                "with the same contents.",
                "Delete this row; the first one goes in.",
            )
        kept.append(cast(OrderRow | ProposalRow, first))
    return kept


def check_countries(rows: list[ReadRow], name_key: str, kind: AccountKind) -> None:
    """One company has one country: a row that contradicts an earlier one stays out."""
    known: dict[str, tuple[str, str]] = {}
    for row in rows:
        name, country = row.values.get(name_key), row.values.get("country")
        if not isinstance(name, str) or not isinstance(country, str):
            continue
        company = external_id_of_account(kind, name)
        first, where = known.setdefault(company, (country, row.tell_cell("country")))
        if first != country:
            row.reject(
                "country",
                f"{name} is in {first} in {where} and in {country} here.",
                "Correct the country, or write the company's name so that the two differ.",
            )


def add_account(plan: Plan, row: ReadRow, name_key: str, kind: AccountKind) -> None:
    """The company that a good row mentions; the first spelling of its name is kept."""
    name = str(row.values[name_key])
    external_id = external_id_of_account(kind, name)
    country = cast("str | None", row.values.get("country"))
    known = plan.accounts.get(external_id)
    if known is None or (known.country is None and country):
        shown = known.name if known else name
        plan.accounts[external_id] = AccountRow(external_id, shown, kind, country)


def build_order(row: ReadRow) -> OrderRow:
    """The RFP in a good row."""
    values = row.values
    quantity = values.get("quantity")
    notes = [f"Quantity: {quantity}"] if quantity else []
    notes += [str(values["notes"])] if values.get("notes") else []
    return OrderRow(
        external_id=external_id_of_number(str(values["number"])),
        account_external_id=external_id_of_account(
            AccountKind.HARDWARE_DESIGNER, str(values["customer"])
        ),
        title=str(values["title"]),
        effective_on=cast(date, values["effective_on"]),
        budget=cast("Decimal | None", values.get("budget")),
        currency=str(values.get("currency") or "EUR"),
        channel=cast("str | None", values.get("channel")),
        deposit_required=bool(values.get("deposit_required", False)),
        description="\n".join(notes) or None,
    )


def build_proposal(row: ReadRow, zone: ZoneInfo) -> ProposalRow:
    """The proposal in a good row; its time of receipt is meant in the business zone."""
    values = row.values
    received = cast("datetime | None", values.get("submitted_at"))
    return ProposalRow(
        external_id=external_id_of_number(str(values["number"])),
        order_external_id=external_id_of_number(str(values["order_number"])),
        manufacturer_external_id=external_id_of_account(
            AccountKind.MANUFACTURER, str(values["manufacturer"])
        ),
        price=cast(Decimal, values["price"]),
        currency=str(values["currency"]),
        lead_time_days=cast("int | None", values.get("lead_time_days")),
        submitted_at=received.replace(tzinfo=zone) if received else None,
        valid_until=cast("date | None", values.get("valid_until")),
        description=cast("str | None", values.get("notes")),
    )
