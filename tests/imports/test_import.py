"""The import as ops see it: good rows go in once, people's edits stay, bad files change nothing."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskCliRunner

from jobs.imports import CURRENCIES
from jobs.runtime import build_runtime
from sandbox.server import LocalOrgServer
from sfsync.outbox import enqueue
from tests.control import add_fault, counted_calls
from tests.imports.people import edit_order, query
from tests.sfsync.people import Admin
from tests.spreadsheets.builders import PROPOSAL_HEADINGS, a_workbook, an_order_row

SAMPLES = Path(__file__).parents[2] / "samples"
pytestmark = pytest.mark.acceptance


def run(cli: FlaskCliRunner, *arguments: str, exit_code: int = 0) -> Any:
    """One `flask import` command, answering its JSON."""
    result = cli.invoke(args=["import", *arguments, "--json"])
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def apply_rows(cli: FlaskCliRunner, folder: Path, *rows: list[object]) -> Any:
    """An import of a sheet with these rows."""
    return run(cli, "apply", str(a_workbook(folder / "a.xlsx", list(rows))))


def test_the_sample_sheet_becomes_rfps_and_accounts_in_the_org(
    cli: FlaskCliRunner, org: LocalOrgServer
) -> None:
    report = run(cli, "apply", str(SAMPLES / "orders.xlsx"))

    assert (report["rows_read"], report["rows_refused"]) == (94, 11)
    assert report["actions"] == {"create": 95, "update": 0, "keep": 0, "unchanged": 0}
    assert query(org, "SELECT Status, COUNT(Id) n FROM Order GROUP BY Status") == [
        {"Status": "PENDING VALIDATION", "n": 83}
    ]
    assert query(
        org,
        "SELECT Name, EffectiveDate, Budget__c, CurrencyIsoCode, Account.Name, Description, "
        "Account.RecordType.DeveloperName FROM Order WHERE External_Id__c = 'RFP-2026-013'",
    ) == [
        {
            "Name": "Smart valve",
            "EffectiveDate": "2026-03-05",
            "Budget__c": 56500.5,
            "CurrencyIsoCode": "EUR",
            "Account": {
                "Name": "Acme Robotics",
                "RecordType": {"DeveloperName": "Hardware_Designer"},
            },
            "Description": "Quantity: 50\nUrgent! 🚀",
        }
    ]


def test_a_second_import_changes_nothing_and_sends_nothing(
    cli: FlaskCliRunner, org: LocalOrgServer
) -> None:
    run(cli, "apply", str(SAMPLES / "orders.xlsx"))
    stamps = query(org, "SELECT Id, SystemModstamp FROM Order ORDER BY Id")
    calls = counted_calls(org)

    report = run(cli, "apply", str(SAMPLES / "orders.xlsx"))

    assert report["actions"] == {"create": 0, "update": 0, "keep": 0, "unchanged": 95}
    assert report["push"]["sent"] == 0
    assert query(org, "SELECT Id, SystemModstamp FROM Order ORDER BY Id") == stamps
    assert counted_calls(org) - calls <= 4


def test_a_plan_tells_the_same_and_writes_nothing(
    cli: FlaskCliRunner, org: LocalOrgServer, tmp_path: Path
) -> None:
    planned = run(cli, "plan", str(SAMPLES / "orders.xlsx"))
    dry = run(cli, "apply", str(SAMPLES / "orders.xlsx"), "--dry-run")

    assert (
        planned["actions"]
        == dry["actions"]
        == {"create": 95}
        | {
            "update": 0,
            "keep": 0,
            "unchanged": 0,
        }
    )
    assert query(org, "SELECT Id FROM Order") == []
    assert run(cli, "apply", str(SAMPLES / "orders.xlsx"))["push"]["created"] == 95


def test_a_corrected_sheet_updates_the_field_and_leaves_the_status_alone(
    cli: FlaskCliRunner, org: LocalOrgServer, tmp_path: Path
) -> None:
    run(cli, "apply", str(a_workbook(tmp_path / "a.xlsx", [an_order_row()])))
    edit_order(org, "R-1", {"EffectiveDate": "2030-01-01"})
    edit_order(org, "R-1", {"Status": "AWAITING PROPOSALS"})
    edit_order(org, "R-1", {"EffectiveDate": "2026-03-12"}, as_loader=True)

    changed = a_workbook(tmp_path / "b.xlsx", [an_order_row(budget=1500)])
    report = run(cli, "apply", str(changed))

    assert report["actions"]["update"] == 1
    assert query(org, "SELECT Budget__c, Status FROM Order") == [
        {"Budget__c": 1500, "Status": "AWAITING PROPOSALS"}
    ]
    assert run(cli, "apply", str(changed))["actions"]["unchanged"] == 2


def test_what_a_person_changed_in_salesforce_is_kept_and_told(
    cli: FlaskCliRunner, org: LocalOrgServer, tmp_path: Path
) -> None:
    run(cli, "apply", str(a_workbook(tmp_path / "a.xlsx", [an_order_row()])))
    edit_order(org, "R-1", {"Budget__c": 777, "Name": "Lamp, revised"})

    changed = a_workbook(tmp_path / "b.xlsx", [an_order_row(budget=1500)])
    report = run(cli, "apply", str(changed))

    assert report["actions"]["keep"] == 1
    assert report["changes"][0]["note"] == (
        "Salesforce keeps its own Name;"
        " Budget__c was changed here and there, see `flask sync conflicts list --all`"
    )
    assert query(org, "SELECT Budget__c, Name FROM Order") == [
        {"Budget__c": 777, "Name": "Lamp, revised"}
    ]


def test_a_field_that_sheet_and_person_both_changed_is_listed_once(
    cli: FlaskCliRunner, org: LocalOrgServer, tmp_path: Path
) -> None:
    run(cli, "apply", str(a_workbook(tmp_path / "a.xlsx", [an_order_row()])))
    edit_order(org, "R-1", {"Budget__c": 777})
    changed = str(a_workbook(tmp_path / "b.xlsx", [an_order_row(budget=1500)]))

    run(cli, "apply", changed)
    run(cli, "apply", changed)

    listed = cli.invoke(args=["sync", "conflicts", "list", "--json"])
    (conflict,) = json.loads(listed.stdout)
    told = (conflict["field"], conflict["base"], conflict["ours"], conflict["theirs"])
    assert told == ("Budget__c", 1000, 1500, 777)
    assert query(org, "SELECT Budget__c FROM Order") == [{"Budget__c": 777}]


def test_an_import_with_a_lost_database_finds_its_records_and_overwrites_nobody(
    cli: FlaskCliRunner, org: LocalOrgServer, tmp_path: Path
) -> None:
    sheet = str(a_workbook(tmp_path / "a.xlsx", [an_order_row()]))
    run(cli, "apply", sheet)
    edit_order(org, "R-1", {"Budget__c": 777})
    runtime = cli.app.extensions["runtime"]
    with runtime.transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM outbox_write")

    report = run(cli, "apply", sheet)

    assert report["actions"] == {"create": 0, "update": 0, "keep": 1, "unchanged": 1}
    assert query(org, "SELECT Budget__c FROM Order") == [{"Budget__c": 777}]


def test_proposals_for_an_order_that_does_not_exist_are_refused_with_their_cell(
    cli: FlaskCliRunner, org: LocalOrgServer, tmp_path: Path
) -> None:
    run(cli, "apply", str(a_workbook(tmp_path / "a.xlsx", [an_order_row()])))
    rows = [
        ["P-1", "R-1", "Maker", 900, "EUR", "2026-03-04 10:00"],
        ["P-2", "R-9", "Maker", 800, "EUR", None],
    ]

    report = run(cli, "apply", str(a_workbook(tmp_path / "p.xlsx", rows, PROPOSAL_HEADINGS)))

    assert [(p["cell"], p["reason"]) for p in report["problems"]] == [
        ("B3", "There is no order R-9.")
    ]
    assert query(org, "SELECT External_Id__c, Price__c, Status__c FROM Order_Proposal__c") == [
        {"External_Id__c": "P-1", "Price__c": 900, "Status__c": "Submitted"}
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no workbook", "is not an Excel workbook"), (None, "does not exist")],
)
def test_a_file_that_is_no_workbook_ends_with_2_a_remedy_and_no_trace(
    cli: FlaskCliRunner, org: LocalOrgServer, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "orders.xlsx"
    if content is not None:
        path.write_bytes(content)

    result = cli.invoke(args=["import", "apply", str(path)])

    assert result.exit_code == 2
    assert words in result.stderr
    assert query(org, "SELECT Id FROM Order") == []


def test_a_sheet_whose_dates_are_nonsense_ends_with_1_and_every_row_explained(
    cli: FlaskCliRunner, org: LocalOrgServer, tmp_path: Path
) -> None:
    rows = [an_order_row(number=f"R-{n}", effective_on="whenever") for n in range(3)]

    report = run(cli, "apply", str(a_workbook(tmp_path / "a.xlsx", rows)), exit_code=1)

    assert [problem["cell"] for problem in report["problems"]] == ["G2", "G3", "G4"]
    assert query(org, "SELECT Id FROM Account") == []


def test_strict_ends_with_1_when_any_row_stays_out(
    cli: FlaskCliRunner, org: LocalOrgServer, tmp_path: Path
) -> None:
    rows = [an_order_row(), an_order_row(number="R-2", effective_on=date(1999, 1, 1), budget="x")]

    report = run(cli, "apply", str(a_workbook(tmp_path / "a.xlsx", rows)), "--strict", exit_code=1)

    assert report["push"]["created"] == 2


def test_an_import_while_the_org_is_down_ends_with_3_and_leaves_nothing_half_done(
    cli: FlaskCliRunner, tmp_path: Path
) -> None:
    old = cli.app.extensions["runtime"]
    settings = dataclasses.replace(old.settings, salesforce_url="http://127.0.0.1:9")
    cli.app.extensions["runtime"] = build_runtime(settings)

    result = cli.invoke(args=["import", "apply", str(SAMPLES / "orders.xlsx")])

    cli.app.extensions["runtime"].engine.dispose()
    cli.app.extensions["runtime"] = old
    assert result.exit_code == 3
    assert "127.0.0.1:9" in result.stderr


def test_the_currencies_that_an_import_accepts_are_those_of_the_org(org: LocalOrgServer) -> None:
    rows = query(org, "SELECT IsoCode FROM CurrencyType WHERE IsActive = true")

    assert {row["IsoCode"] for row in rows} == CURRENCIES


def test_a_value_that_people_set_before_the_sheet_had_one_is_kept(
    cli: FlaskCliRunner, org: LocalOrgServer, tmp_path: Path
) -> None:
    apply_rows(cli, tmp_path, an_order_row(country=None))
    (account,) = query(org, "SELECT Id FROM Account WHERE Name = 'Acme'")
    Admin(org).change("Account", account["Id"], BillingCountry="DE")
    Admin(org).wait(minutes=2)

    report = apply_rows(cli, tmp_path, an_order_row(country="PL"))

    assert report["actions"] == {"create": 0, "update": 0, "keep": 1, "unchanged": 1}
    assert report["changes"][0]["note"] == (
        "BillingCountry was changed here and there, see `flask sync conflicts list --all`"
    )
    assert query(org, "SELECT BillingCountry FROM Account") == [{"BillingCountry": "DE"}]


def test_a_value_that_nobody_has_set_yet_is_taken_from_the_sheet(
    cli: FlaskCliRunner, org: LocalOrgServer, tmp_path: Path
) -> None:
    apply_rows(cli, tmp_path, an_order_row(country=None))
    Admin(org).wait(minutes=2)

    apply_rows(cli, tmp_path, an_order_row(country="PL"))

    assert query(org, "SELECT BillingCountry FROM Account") == [{"BillingCountry": "Poland"}]


@pytest.mark.parametrize("sheet", ["the same", "another"])
def test_an_order_that_people_deleted_is_told_and_not_made_anew(
    cli: FlaskCliRunner, org: LocalOrgServer, tmp_path: Path, sheet: str
) -> None:
    apply_rows(cli, tmp_path, an_order_row())
    (order,) = query(org, "SELECT Id FROM Order")
    Admin(org).delete("Order", order["Id"])
    Admin(org).wait(minutes=2)

    report = apply_rows(cli, tmp_path, an_order_row(budget=1000 if sheet == "the same" else 2000))

    assert query(org, "SELECT Id FROM Order") == []
    told = {change["external_id"]: change["note"] for change in report["changes"]}
    assert told["R-1"] == "it was sent before and is no longer in Salesforce"


def test_a_sheet_of_which_the_org_took_nothing_ends_with_1(
    cli: FlaskCliRunner, org: LocalOrgServer, tmp_path: Path
) -> None:
    add_fault(
        org,
        action="status",
        status=400,
        body=[{"errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?"}],
        path="/composite/sobjects/Account/",
        times=1,
    )
    sheet = str(a_workbook(tmp_path / "a.xlsx", [an_order_row()]))

    report = run(cli, "apply", sheet, exit_code=1)

    assert (report["push"]["rejected"], report["push"]["waiting"]) == (1, 1)
    assert query(org, "SELECT Id FROM Order") == []


def test_a_write_that_waits_for_something_else_is_no_outage(
    cli: FlaskCliRunner, org: LocalOrgServer, tmp_path: Path
) -> None:
    sheet = str(a_workbook(tmp_path / "a.xlsx", [an_order_row()]))
    run(cli, "apply", sheet)
    with cli.app.extensions["runtime"].transaction() as session:
        enqueue(session, "Account", "HD-9", {"Name": "x" * 300}, "another sheet")
        enqueue(session, "Order", "O-9", {"Account": {"External_Id__c": "HD-9"}}, "another sheet")
    cli.invoke(args=["sync", "push"])

    assert run(cli, "apply", sheet)["push"]["waiting"] == 1
