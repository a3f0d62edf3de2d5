"""Plans for whole sheets: what goes in, what is refused and where it stands."""

from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from spreadsheets.plan import plan_import
from spreadsheets.problems import WorkbookRejected
from spreadsheets.records import AccountKind, AccountRow, OrderRow, external_id_of_account
from tests.spreadsheets.builders import (
    CURRENCIES,
    HEADINGS,
    PROPOSAL_HEADINGS,
    WARSAW,
    a_workbook,
    an_order_row,
    plan_rows,
)

SAMPLES = Path(__file__).parents[2] / "samples"


def test_a_good_row_becomes_an_account_and_an_order(tmp_path: Path) -> None:
    plan = plan_rows(tmp_path, an_order_row(number=" r-1 ", customer=" Acme  Robotics"))

    assert plan.problems == []
    assert plan.accounts == {
        "HD-acme-robotics": AccountRow(
            "HD-acme-robotics", "Acme Robotics", AccountKind.HARDWARE_DESIGNER, "Poland"
        )
    }
    assert plan.orders == {
        "R-1": OrderRow(
            external_id="R-1",
            account_external_id="HD-acme-robotics",
            title="Lamp",
            effective_on=date(2026, 3, 12),
            budget=Decimal("1000.00"),
            currency="EUR",
            channel=None,
            deposit_required=False,
            description=None,
        )
    }


def test_every_bad_cell_of_a_row_is_reported_with_its_place_and_the_row_stays_out(
    tmp_path: Path,
) -> None:
    plan = plan_rows(tmp_path, an_order_row(country="Freedonia", effective_on="soon"))

    assert [(p.sheet, p.cell, p.value) for p in plan.problems] == [
        ("Data", "C2", "Freedonia"),
        ("Data", "G2", "soon"),
    ]
    assert (plan.orders, plan.accounts, plan.rows_refused) == ({}, {}, 1)


def test_a_number_given_twice_with_the_same_contents_goes_in_once(tmp_path: Path) -> None:
    plan = plan_rows(tmp_path, an_order_row(), an_order_row(number="r-1"))

    assert list(plan.orders) == ["R-1"]
    assert [(p.cell, p.reason) for p in plan.problems] == [
        ("A3", "R-1 was already given in Data!A2, with the same contents.")
    ]


def test_a_number_given_twice_with_different_contents_goes_in_not_at_all(tmp_path: Path) -> None:
    plan = plan_rows(tmp_path, an_order_row(), an_order_row(budget=2000))

    assert plan.orders == {}
    assert [p.cell for p in plan.problems] == ["A2", "A3"]


def test_a_company_with_two_countries_is_asked_about(tmp_path: Path) -> None:
    plan = plan_rows(tmp_path, an_order_row(), an_order_row(number="R-2", country="DE"))

    assert list(plan.orders) == ["R-1"]
    assert plan.problems[0].reason == "Acme is in Poland in Data!C2 and in Germany here."


def test_an_amount_without_currency_is_refused_unless_the_cell_names_one(tmp_path: Path) -> None:
    plan = plan_rows(
        tmp_path,
        an_order_row(currency=None),
        an_order_row(number="R-2", currency=None, budget="500 zł"),
        an_order_row(number="R-3", currency="EUR", budget="$ 500"),
    )

    assert {number: order.currency for number, order in plan.orders.items()} == {"R-2": "PLN"}
    assert [p.cell for p in plan.problems] == ["F2", "E4"]


def test_title_rows_blank_rows_and_merged_headings_are_passed_over(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Requests"])
    sheet.merge_cells("A1:G1")
    sheet.append([])
    sheet.append(["RFP no.", "Customer", None, "Title", None, None, "Deadline"])
    sheet.append(an_order_row())
    sheet.append([])
    sheet.append(an_order_row(number="R-2"))
    book.save(tmp_path / "orders.xlsx")

    plan = plan_import(tmp_path / "orders.xlsx", WARSAW, CURRENCIES)

    assert list(plan.orders) == ["R-1", "R-2"]
    assert plan.rows_read == 2


def test_a_value_merged_over_several_rows_counts_for_each(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (HEADINGS, an_order_row(), an_order_row(number="R-2", customer=None)):
        sheet.append(row)
    sheet.merge_cells("B2:B3")
    book.save(tmp_path / "orders.xlsx")

    plan = plan_import(tmp_path / "orders.xlsx", WARSAW, CURRENCIES)

    assert {o.account_external_id for o in plan.orders.values()} == {"HD-acme"}
    assert len(plan.orders) == 2


def test_a_formula_without_a_stored_result_is_reported(tmp_path: Path) -> None:
    plan = plan_rows(tmp_path, an_order_row(budget="=A1*2"))

    assert [(p.cell, p.reason) for p in plan.problems] == [
        ("E2", "The formula has no stored result.")
    ]


def test_a_proposal_is_received_in_the_business_time_zone(tmp_path: Path) -> None:
    plan = plan_rows(
        tmp_path,
        ["P-1", "R-1", "Maker", "900,50", "EUR", "2026-03-04 23:30"],
        headings=PROPOSAL_HEADINGS,
    )

    proposal = plan.proposals["P-1"]
    assert proposal.submitted_at is not None
    assert proposal.submitted_at.astimezone(UTC) == datetime(2026, 3, 4, 22, 30, tzinfo=UTC)
    assert proposal.manufacturer_external_id == "MS-maker"
    assert plan.accounts["MS-maker"].kind is AccountKind.MANUFACTURER


def test_planning_the_same_file_twice_gives_the_same_plan() -> None:
    first = plan_import(SAMPLES / "orders.xlsx", WARSAW, CURRENCIES)

    assert plan_import(SAMPLES / "orders.xlsx", WARSAW, CURRENCIES) == first


def test_the_sample_sheets_hold_what_the_guide_says() -> None:
    orders = plan_import(SAMPLES / "orders.xlsx", WARSAW, CURRENCIES)
    proposals = plan_import(SAMPLES / "proposals.xlsx", WARSAW, CURRENCIES)

    assert (orders.rows_read, orders.rows_refused, len(orders.orders)) == (94, 11, 83)
    assert {order.currency for order in orders.orders.values()} == {"EUR", "PLN"}
    assert len(orders.accounts) == 12
    assert (proposals.rows_read, proposals.rows_refused) == (240, 2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not a workbook at all", "is not an Excel workbook"),
        (b"", "is not an Excel workbook"),
        (b"PK\x03\x04 truncated", "is not an Excel workbook"),
    ],
)
def test_a_file_that_is_no_workbook_is_refused_with_a_remedy(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "orders.xlsx"
    path.write_bytes(content)

    with pytest.raises(WorkbookRejected, match=words) as caught:
        plan_import(path, WARSAW, CURRENCIES)

    assert "save it as" in str(caught.value)


def test_an_archive_that_is_no_workbook_and_one_that_unpacks_to_gigabytes_are_refused(
    tmp_path: Path,
) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("hello.txt", "hello")
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (301 * 1024 * 1024))

    with pytest.raises(WorkbookRejected, match="is an archive but no workbook"):
        plan_import(tmp_path / "a.xlsx", WARSAW, CURRENCIES)
    with pytest.raises(WorkbookRejected, match="unpacks to"):
        plan_import(tmp_path / "b.xlsx", WARSAW, CURRENCIES)


def test_a_sheet_with_a_stray_cell_at_its_far_end_is_refused_at_once(tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "orders.xlsx", [an_order_row()])
    book = load_workbook(path)
    book.worksheets[0]["XFD1048576"] = "x"
    book.save(path)
    with pytest.raises(WorkbookRejected, match="XFD1048576"):
        plan_import(path, WARSAW, CURRENCIES)


def test_a_damaged_workbook_and_one_without_headings_are_refused(tmp_path: Path) -> None:
    good = a_workbook(tmp_path / "good.xlsx", [an_order_row()])
    with zipfile.ZipFile(good) as archive, zipfile.ZipFile(tmp_path / "bad.xlsx", "w") as bad:
        for name in archive.namelist():
            content = archive.read(name)
            bad.writestr(name, content[:40] if name == "xl/workbook.xml" else content)
    other = a_workbook(tmp_path / "other.xlsx", [["a", "b"]], ["x", "y"])

    with pytest.raises(WorkbookRejected, match="is damaged"):
        plan_import(tmp_path / "bad.xlsx", WARSAW, CURRENCIES)
    with pytest.raises(WorkbookRejected, match="no sheet with the headings"):
        plan_import(other, WARSAW, CURRENCIES)
    with pytest.raises(WorkbookRejected, match="does not exist"):
        plan_import(tmp_path / "none.xlsx", WARSAW, CURRENCIES)


def test_long_company_names_keep_different_external_ids_of_64_characters() -> None:
    ids = {external_id_of_account(AccountKind.MANUFACTURER, "X" * 100 + suffix) for suffix in "ab"}

    assert [len(i) for i in sorted(ids)] == [64, 64]
