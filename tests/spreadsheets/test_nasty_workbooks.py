"""Workbooks as they should not be: hidden characters, error cells, second sheets, and bombs."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from spreadsheets.plan import Plan, plan_import
from spreadsheets.problems import WorkbookRejected
from tests.spreadsheets.builders import (
    CURRENCIES,
    HEADINGS,
    PROPOSAL_HEADINGS,
    WARSAW,
    a_workbook,
    an_order_row,
    plan_rows,
)


def rewritten(path: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """A copy of the workbook with the content of one part changed."""
    changed = path.with_name("changed.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, change(content) if part == name else content)
    return changed


def two_sheets(path: Path, first: list[list[object]], second: list[list[object]]) -> Plan:
    """The plan for a workbook with two sheets of orders, `Data` and `More`."""
    book = load_workbook(a_workbook(path, first))
    sheet = book.create_sheet("More")
    for row in (HEADINGS, *second):
        sheet.append(row)
    book.save(path)
    return plan_import(path, WARSAW, CURRENCIES)


def test_an_error_cell_is_refused_even_where_any_text_would_do(tmp_path: Path) -> None:
    plan = plan_rows(tmp_path, an_order_row(title="#N/A"), an_order_row(number="R-2"))

    assert [(p.cell, p.value, p.reason) for p in plan.problems] == [
        ("D2", "#N/A", "The cell shows the error #N/A.")
    ]
    assert list(plan.orders) == ["R-2"]


def test_characters_that_nobody_sees_do_not_make_another_number(tmp_path: Path) -> None:
    plan = plan_rows(
        tmp_path,
        an_order_row(number="R-1\u200b", title="\ufeffLamp"),
        an_order_row(number="\u200eR\u00ad-1"),
        an_order_row(number="R-2", title="Family \U0001f468\u200d\U0001f469\u200d\U0001f467"),
    )

    assert {number: order.title for number, order in plan.orders.items()} == {
        "R-1": "Lamp",
        "R-2": "Family \U0001f468\u200d\U0001f469\u200d\U0001f467",
    }
    assert [p.cell for p in plan.problems] == ["A3"]


def test_a_cell_of_invisible_characters_is_empty(tmp_path: Path) -> None:
    plan = plan_rows(tmp_path, an_order_row(title="\u200b \u00a0"))

    assert [p.reason for p in plan.problems] == ["'Product' is empty."]


def test_a_number_with_different_contents_in_two_sheets_goes_in_not_at_all(tmp_path: Path) -> None:
    plan = two_sheets(
        tmp_path / "orders.xlsx",
        [an_order_row(), an_order_row(number="R-2")],
        [an_order_row(budget=2000), an_order_row(number="R-3")],
    )

    assert sorted(plan.orders) == ["R-2", "R-3"]
    assert [(p.sheet, p.cell, p.reason) for p in plan.problems] == [
        ("Data", "A2", "R-1 stands in Data!A2 and More!A2 with different contents."),
        ("More", "A2", "R-1 stands in Data!A2 and More!A2 with different contents."),
    ]
    assert (plan.rows_read, plan.rows_refused) == (4, 2)


def test_a_number_with_the_same_contents_in_two_sheets_goes_in_once(tmp_path: Path) -> None:
    plan = two_sheets(tmp_path / "orders.xlsx", [an_order_row()], [an_order_row()])

    assert list(plan.orders) == ["R-1"]
    assert plan.places["R-1"] == ("Data", 2)
    assert [(p.sheet, p.reason) for p in plan.problems] == [
        ("More", "R-1 was already given in Data!A2, with the same contents.")
    ]


def test_a_company_with_different_countries_in_two_sheets_is_asked_about(tmp_path: Path) -> None:
    plan = two_sheets(
        tmp_path / "orders.xlsx", [an_order_row()], [an_order_row(number="R-2", country="DE")]
    )

    assert list(plan.orders) == ["R-1"]
    assert [p.reason for p in plan.problems] == [
        "Acme is in Poland in Data!C2 and in Germany here."
    ]


def test_sheets_that_are_passed_over_are_named_with_the_reason(tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "orders.xlsx", [an_order_row()])
    book = load_workbook(path)
    for title, headings in (("Typo", [*HEADINGS[:3], "Prodct", *HEADINGS[4:]]), ("Notes", ["x"])):
        book.create_sheet(title).append(headings)
    book.create_sheet("Blank")
    hidden = book.create_sheet("Old")
    hidden.append(HEADINGS)
    hidden.sheet_state = "hidden"
    book.save(path)

    assert plan_import(path, WARSAW, CURRENCIES).passed_over == {
        "Typo": "It has no column 'Product'.",
        "Notes": "It has no row with the headings of orders or proposals.",
        "Old": "It is hidden.",
    }


def test_a_workbook_without_a_usable_sheet_says_what_is_missing(tmp_path: Path) -> None:
    headings = [*HEADINGS[:3], "Prodct", *HEADINGS[4:]]
    path = a_workbook(tmp_path / "orders.xlsx", [an_order_row()], headings)

    with pytest.raises(WorkbookRejected, match="Sheet 'Data': It has no column 'Product'"):
        plan_import(path, WARSAW, CURRENCIES)


@pytest.mark.parametrize(
    ("typed", "read"), [("0.50", "0.50"), ("0,5", "0.50"), ("0.500", "0.50"), ("0,250.00", None)]
)
def test_a_leading_zero_is_no_group_of_thousands(
    tmp_path: Path, typed: str, read: str | None
) -> None:
    plan = plan_rows(tmp_path, an_order_row(budget=typed))

    budgets = [order.budget for order in plan.orders.values()]
    assert budgets == ([Decimal(read)] if read else [])
    assert len(plan.problems) == (0 if read else 1)


def test_an_amount_that_a_spreadsheet_calculated_is_read_as_it_is_shown(tmp_path: Path) -> None:
    """Excel calculates in binary and shows fifteen digits; the file holds seventeen."""
    path = a_workbook(tmp_path / "orders.xlsx", [an_order_row(budget=4321)])
    path = rewritten(
        path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"4321", b"1234.3000000000002")
    )

    (order,) = plan_import(path, WARSAW, CURRENCIES).orders.values()
    assert order.budget == Decimal("1234.30")


def test_an_amount_finer_than_its_currency_is_refused(tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "orders.xlsx", [an_order_row(budget=100.5, currency="JPY")])

    plan = plan_import(path, WARSAW, CURRENCIES | {"JPY"})
    assert [(p.cell, p.reason) for p in plan.problems] == [("E2", "JPY has no such small part.")]


def test_notes_keep_their_lines_and_may_not_be_longer_than_their_field(tmp_path: Path) -> None:
    headings = [*HEADINGS, "Notes"]
    plan = plan_rows(
        tmp_path,
        [*an_order_row(), " first \n\n <b>second</b>  \U0001f600 "],
        [*an_order_row(number="R-2"), "x" * 31_901],
        headings=headings,
    )

    assert plan.orders["R-1"].description == "first\n\n<b>second</b>  \U0001f600"
    assert [(p.cell, p.reason) for p in plan.problems] == [("H3", "The text has 31901 characters.")]


def test_a_moment_may_be_a_serial_number(tmp_path: Path) -> None:
    plan = plan_rows(
        tmp_path,
        ["P-1", "R-1", "Maker", 900, "EUR", 46085.5],
        headings=PROPOSAL_HEADINGS,
    )

    assert plan.problems == []
    assert plan.proposals["P-1"].submitted_at == datetime(2026, 3, 4, 11, tzinfo=UTC)


def test_an_old_or_encrypted_workbook_is_told_apart_from_nonsense(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    path.write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") + bytes(4000))

    with pytest.raises(WorkbookRejected, match="old Excel format, or needs a password"):
        plan_import(path, WARSAW, CURRENCIES)


def test_a_folder_is_no_workbook(tmp_path: Path) -> None:
    with pytest.raises(WorkbookRejected, match="is a folder"):
        plan_import(tmp_path, WARSAW, CURRENCIES)


@pytest.mark.parametrize("area", ["A1:XFD1048576", "K1:Z300000"])
def test_a_merged_area_of_millions_of_cells_is_refused_before_it_is_unrolled(
    tmp_path: Path, area: str
) -> None:
    path = tmp_path / "orders.xlsx"
    book = Workbook()
    book.worksheets[0].append(HEADINGS)
    book.worksheets[0].merge_cells("K1:L1")
    book.save(path)
    path = rewritten(
        path,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b'ref="K1:L1"', f'ref="{area}"'.encode()),
    )

    with pytest.raises(WorkbookRejected, match=re.escape(area)):
        plan_import(path, WARSAW, CURRENCIES)


def test_a_sheet_of_millions_of_cells_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "orders.xlsx", [an_order_row()])
    bulk = b"<row><c/></row>" * 1_000_001 + b"</sheetData>"
    path = rewritten(
        path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</sheetData>", bulk)
    )

    with pytest.raises(WorkbookRejected, match="1,000,000"):
        plan_import(path, WARSAW, CURRENCIES)


def test_a_column_with_an_unknown_heading_is_named(tmp_path: Path) -> None:
    headings = [*HEADINGS[:4], "Budgt", *HEADINGS[5:]]
    plan = plan_rows(tmp_path, an_order_row(), headings=headings)

    assert plan.passed_over == {"Data!E1": "'Budgt' names no column of ours."}
    assert [order.budget for order in plan.orders.values()] == [None]
