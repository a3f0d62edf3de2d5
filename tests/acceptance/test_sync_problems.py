"""Ops see on the record itself what the backoffice could not save, and see it go."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.acceptance.backoffice import BackOffice, Ended
from tests.acceptance.market import Market
from tests.spreadsheets.builders import a_workbook, an_order_row

pytestmark = pytest.mark.acceptance

#: What the list view "Sync Problems" of orders filters by.
SHOWN = "SELECT External_Id__c, Sync_Problem__c FROM Order WHERE Sync_Problem_Since__c != null"


def send_sheet(office: BackOffice, folder: Path, name: str, until: date) -> Ended:
    """`flask import apply` of a sheet with one request."""
    sheet = a_workbook(folder / name, [an_order_row(effective_on=until)])
    return office.flask("import", "apply", str(sheet))


def test_ops_see_a_refused_write_on_the_order_and_see_it_go_when_the_sheet_is_corrected(
    market: Market, office: BackOffice, tmp_path: Path
) -> None:
    send_sheet(office, tmp_path, "a.xlsx", date(2025, 4, 1))
    (order,) = market.ops.query("SELECT Id, EffectiveDate FROM Order")
    market.ops.change("Order", order["Id"], Status="AWAITING PROPOSALS")
    market.wait(5)
    assert market.ops.query(SHOWN) == []

    refused = send_sheet(office, tmp_path, "b.xlsx", date(2025, 3, 12))
    (shown,) = market.ops.query(SHOWN)

    assert "three or more days from today" in refused.out
    lines = shown["Sync_Problem__c"].splitlines()
    assert lines[0] == "The backoffice could not save this record."
    assert lines[1] == "Wanted: Order Start Date = 2025-03-12"
    assert lines[2].startswith("From: b.xlsx, sheet ")
    assert lines[3] == (
        "Salesforce said: The call for proposals must stay open for at least three days. Choose an"
        " Order Start Date that is three or more days from today. (field: Order Start Date)"
    )
    assert lines[4] == (
        "What to do: Correct the record as the org's message says; a validation rule refused it."
    )
    (kept,) = market.ops.query("SELECT EffectiveDate FROM Order")
    assert kept["EffectiveDate"] == "2025-04-01"

    market.wait(5)
    corrected = send_sheet(office, tmp_path, "c.xlsx", date(2025, 4, 15))

    assert corrected.code == 0
    assert market.ops.query(SHOWN) == []
    (saved,) = market.ops.query("SELECT EffectiveDate, Sync_Problem__c FROM Order")
    assert (saved["EffectiveDate"], saved["Sync_Problem__c"]) == ("2025-04-15", None)


def test_a_refused_request_is_a_case_that_closes_when_the_request_arrives(
    market: Market, office: BackOffice, tmp_path: Path
) -> None:
    market.fault(
        action="status",
        status=400,
        body=[{"errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?"}],
        path="/composite/sobjects/Order/",
        times=1,
    )
    send_sheet(office, tmp_path, "a.xlsx", date(2025, 4, 1))
    (case,) = market.ops.query("SELECT Subject, Description, Status FROM Case")
    told = office.flask("sync", "why", "R-1")
    numbers = office.flask("outbox", "list", "--state", "rejected", "--json").json

    assert case["Subject"] == "Backoffice could not save order R-1"
    assert "Salesforce said: Use one of these records?" in case["Description"]
    assert case["Status"] == "New"
    assert told.out.splitlines()[0].endswith(
        "because Salesforce refused it: Use one of these records?"
    )

    assert office.flask("outbox", "retry", str(numbers[0]["id"])).code == 0
    assert office.flask("sync", "push").code == 0

    (order,) = market.ops.query("SELECT External_Id__c FROM Order")
    (case,) = market.ops.query("SELECT Subject, Status FROM Case")
    assert order["External_Id__c"] == "R-1"
    assert (case["Subject"], case["Status"]) == (
        "Solved: backoffice could not save order R-1",
        "Closed",
    )


def test_ops_read_the_note_and_cannot_change_it(
    market: Market, office: BackOffice, tmp_path: Path
) -> None:
    send_sheet(office, tmp_path, "a.xlsx", date(2025, 4, 1))
    (order,) = market.ops.query("SELECT Id FROM Order")

    answer = market.ops.call(
        "PATCH", f"sobjects/Order/{order['Id']}", json={"Sync_Problem__c": "mine"}
    )

    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
