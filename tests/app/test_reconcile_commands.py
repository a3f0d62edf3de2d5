"""`flask sync reconcile` and `flask sync drift`: what they show, and what a rehearsal leaves."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync.replica import TABLES
from tests.app.test_commands import a_record, answer_of, invoke
from tests.control import control

NOON = "2026-05-04T12:00:00+00:00"
LATER = "2026-05-04T13:00:00+00:00"


@pytest.fixture
def drifted(app: Flask, org: LocalOrgServer) -> str:
    """A replica of one account, whose name somebody changed here; its Id."""
    control(org, "POST", "clock", {"now": NOON, "frozen": True})
    a_record(org)
    control(org, "POST", "clock", {"now": LATER, "frozen": True})
    invoke(app, "sync", "pull")
    table = TABLES["Account"]
    with transaction(app.extensions["runtime"].engine) as session:
        changed = update(table).values(name="by hand").returning(table.c.salesforce_id)
        return str(session.scalars(changed).one())


def test_reconcile_says_what_it_compared_and_what_it_healed(app: Flask, drifted: str) -> None:
    result = invoke(app, "sync", "reconcile")

    assert result.exit_code == 0, result.output
    first, *_ = lines = result.stdout.splitlines()
    assert first == (
        "Account: 1 rows up to 2026-05-04 13:00:00 UTC, figures by day are the org's;"
        " 1 differed and were healed (1 cell)"
    )
    assert lines[3] == "3 API calls"
    assert "by hand" in result.stdout
    assert drifted in result.stdout.replace("\n", "")


def test_reconcile_answers_programs_with_one_document(app: Flask, drifted: str) -> None:
    found = answer_of(invoke(app, "sync", "reconcile", "Account", "--json"))

    (difference,) = found["differences"]
    assert list(found["findings"]) == ["Account"]
    assert found["findings"]["Account"] == {
        "rows": 1,
        "drifted": 1,
        "kinds": {"cell": 1},
        "moved": 0,
        "depth": "figures",
    }
    assert difference == {
        "sobject": "Account",
        "salesforce_id": drifted,
        "kind": "cell",
        "field": "Name",
        "ours": "by hand",
        "theirs": "Ada",
        "cause": "changed in our database, past the sync",
    }


def entries(app: Flask, *arguments: str) -> list[dict[str, Any]]:
    return list(answer_of(invoke(app, "sync", "drift", *arguments, "--json")))


@pytest.mark.parametrize("fields", [(), ("--fields",)], ids=["figures", "fields"])
def test_a_rehearsal_lists_and_leaves_everything(
    app: Flask, drifted: str, fields: tuple[str, ...]
) -> None:
    found = answer_of(invoke(app, "sync", "reconcile", "--dry-run", "--json", *fields))
    again = answer_of(invoke(app, "sync", "reconcile", "--dry-run", "--json", *fields))

    assert [each["salesforce_id"] for each in found["differences"]] == [drifted]
    assert again["differences"] == found["differences"]
    assert entries(app) == []
    assert "never compared with the org" in invoke(app, "sync", "status").stdout


def test_the_ledger_is_listed_for_people_and_programs(app: Flask, drifted: str) -> None:
    before = invoke(app, "sync", "drift")
    invoke(app, "sync", "reconcile")

    (entry,) = entries(app)
    shown = invoke(app, "sync", "drift").stdout

    assert before.stdout == "no drift was ever found\n"
    assert (entry["salesforce_id"], entry["field"], entry["kind"]) == (drifted, "Name", "cell")
    assert (entry["ours"], entry["theirs"]) == ("by hand", "Ada")
    assert entry["found_at"] == entry["healed_at"] == "2026-05-04T13:00:00.000+0000"
    assert "2026-05-04" in shown
    assert "by hand" in shown
    assert entries(app, "--record", drifted) == [entry]
    assert entries(app, "--sobject", "Order") == []
    assert entries(app, "--limit", "0") == []


def test_status_tells_the_last_comparison_and_its_result(app: Flask, drifted: str) -> None:
    invoke(app, "sync", "reconcile")
    first = invoke(app, "sync", "status").stdout
    invoke(app, "sync", "reconcile", "--fields")
    second = invoke(app, "sync", "status").stdout
    found = answer_of(invoke(app, "sync", "status", "--json"))["reconciled"]

    assert (
        "compared with the org by figures at 2026-05-04 13:00 UTC:"
        " 1 rows, 1 differed and were healed: `flask sync drift`" in first
    )
    assert "compared with the org by fields at 2026-05-04 13:00 UTC: 1 rows, no drift" in second
    assert (found["depth"], found["rows_checked"], found["rows_drifted"]) == ("fields", 1, 0)
    assert entries(app, "--record", drifted) != []


def test_an_sobject_that_has_no_replica_is_refused(app: Flask, org: LocalOrgServer) -> None:
    result = invoke(app, "sync", "reconcile", "Invoice")

    assert result.exit_code == 2
    assert "'Account', 'Order', 'Order_Proposal__c'" in result.stderr


def test_a_replica_that_was_never_read_cannot_be_rehearsed_on(
    app: Flask, org: LocalOrgServer
) -> None:
    result = invoke(app, "sync", "reconcile", "--dry-run")

    assert result.exit_code == 3
    assert "flask sync pull" in result.stderr
