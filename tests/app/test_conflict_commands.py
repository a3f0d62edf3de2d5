"""`flask sync conflicts`: a clash is shown, decided and carried out from the command line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync.outbox import enqueue
from tests.app.test_commands import answer_of, invoke
from tests.sfsync.people import Admin

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def order(app: Flask, org: LocalOrgServer) -> str:
    """An order whose budget a person and the back office changed, and the push has met it."""
    admin = Admin(org)
    admin.at(NOON)
    account = admin.create("Account", Name="Ada")
    values = {"EffectiveDate": "2026-09-01", "External_Id__c": "O-1", "Budget__c": 100}
    record_id = admin.create("Order", AccountId=account, **values)
    admin.wait(minutes=2)
    invoke(app, "sync", "pull")
    with transaction(app.extensions["runtime"].engine) as session:
        enqueue(session, "Order", "O-1", {"Budget__c": 110}, "orders.xlsx row 7")
    admin.change("Order", record_id, Budget__c=90)
    admin.wait(seconds=5)
    return record_id


def test_a_push_says_how_many_edits_by_hand_it_met(app: Flask, order: str) -> None:
    result = invoke(app, "sync", "push")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == (
        "0 sent (0 created, 0 updated, 0 found written already), 0 rejected, 0 to be tried again,"
        " 0 waiting, 1 with nothing left to send; 1 conflicts with edits by hand:"
        " `flask sync conflicts list`"
    )
    assert (
        "1 open conflicts; see `flask sync conflicts list`" in invoke(app, "sync", "status").stdout
    )
    assert answer_of(invoke(app, "sync", "status", "--json"))["open_conflicts"] == 1


def test_conflicts_are_listed_for_a_person_and_for_a_program(app: Flask, order: str) -> None:
    assert invoke(app, "sync", "conflicts", "list").stdout == "no open conflicts\n"
    invoke(app, "sync", "push")

    table = invoke(app, "sync", "conflicts", "list").stdout
    (conflict,) = answer_of(invoke(app, "sync", "conflicts", "list", "--json"))

    for word in ("Order O-1", "Budget__c", "110", "90.00", "100.00", "orders.xlsx", "open"):
        assert word in table
    assert (conflict["base"], conflict["ours"], conflict["theirs"]) == (100, 110, 90)
    assert (conflict["salesforce_id"], conflict["their_change_at"]) == (
        order,
        "2026-05-04T12:02:00.000+0000",
    )


def test_a_decision_is_rehearsed_taken_and_sent(
    app: Flask, org: LocalOrgServer, order: str
) -> None:
    invoke(app, "sync", "push")
    # The clash is noted on the record, which is a save of that second.
    Admin(org).wait(seconds=2)
    resolve = ("sync", "conflicts", "resolve", "1", "--take", "ours")

    rehearsal = answer_of(invoke(app, *resolve, "--dry-run", "--json"))
    still_open = answer_of(invoke(app, "sync", "status", "--json"))
    decided = invoke(app, *resolve)
    pushed = answer_of(invoke(app, "sync", "push", "--json"))

    assert (rehearsal["to_send"], rehearsal["dry_run"]) == ({"Budget__c": 110}, True)
    assert still_open["open_conflicts"] == 1
    assert decided.stdout == (
        "conflict 1 is decided: ours stands; Budget__c is sent with the next push\n"
    )
    assert (pushed["updated"], pushed["clashes"]) == (1, 0)
    assert invoke(app, "sync", "conflicts", "list").stdout == "no open conflicts\n"
    assert len(answer_of(invoke(app, "sync", "conflicts", "list", "--all", "--json")))


def test_what_cannot_be_decided_is_refused_with_the_reason(app: Flask, order: str) -> None:
    invoke(app, "sync", "push")
    resolve = ("sync", "conflicts", "resolve")
    invoke(app, *resolve, "1", "--take", "theirs")

    again = invoke(app, *resolve, "1", "--take", "ours")
    unknown = invoke(app, *resolve, "7", "--take", "ours")

    assert (again.exit_code, unknown.exit_code) == (1, 1)
    assert "Conflict 1 was decided at" in again.stderr
    assert unknown.stderr == "Error: There is no conflict 7.\n"
    assert answer_of(invoke(app, "sync", "push", "--json"))["updated"] == 0
