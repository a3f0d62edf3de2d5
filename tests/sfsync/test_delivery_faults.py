"""A delivery that anything may break ends, after some more of them, like one that nothing broke."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync.delivery import Delivery, deliver
from sfsync.errors import SalesforceRetryable
from sfsync.note_state import SyncNote
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.queries import query
from tests.control import add_fault, control
from tests.sfsync.people import Admin
from tests.sfsync.simulation import Killed, killing
from tests.sfsync.test_merge_push import Desk, account, admin, desk, proposal

__all__ = ["account", "admin", "desk", "proposal"]

pytestmark = pytest.mark.slow

ORDER = {"EffectiveDate": "2026-09-01", "Status": "PENDING VALIDATION"}
#: What the org and our database hold in the end, whatever happened on the way.
WRITES = {
    ("Account", "A-1"): "sent",
    ("Account", "A-2"): "sent",
    ("Account", "A-3"): "rejected",
    ("Account", "N-1"): "sent",
    ("Account", "N-2"): "sent",
    ("Account", "N-4"): "rejected",
    ("Case", "sync:Account:N-2"): "sent",
    ("Case", "sync:Account:N-4"): "sent",
    ("Order", "O-1"): "sent",
    ("Order", "O-4"): "pending",
    ("Order_Proposal__c", "P-1"): "sent",
}
NOTES = {("Account", "A-3"): "record", ("Account", "N-4"): "case"} | {
    ("Order_Proposal__c", "P-1"): "record"
}
CLASHES = [("Account", "Name", "theirs"), ("Order_Proposal__c", "Price__c", "open")]
ACCOUNTS = {
    "A-1": ("theirs", "ours", "EUR", False),
    "A-2": ("B", None, "PLN", False),
    "A-3": ("C", None, "EUR", True),
    "N-1": ("new", None, "EUR", False),
    "N-2": ("n", None, "PLN", False),
}
CASES = {"sync:Account:N-2": "Closed", "sync:Account:N-4": "New"}


def send(desk: Desk, admin: Admin) -> Delivery:
    admin.wait(seconds=5)
    desk.clock.advance(4000)
    return deliver(desk.sf, desk.engine, clock=desk.clock, sleep=lambda s: admin.wait(seconds=s))


@pytest.fixture
def due(account: str, proposal: str, admin: Admin, desk: Desk) -> Desk:
    """Everything that a delivery can have to do: merges, clashes, refusals, parents and children,
    notes to write and to take away, Cases to open and to close."""
    for key, name in (("A-2", "B"), ("A-3", "C")):
        admin.create("Account", Name=name, External_Id__c=key)
    desk.pull()
    desk.note("A-2", CurrencyIsoCode="XXX")
    desk.note("N-2", Name="n", CurrencyIsoCode="XXX")
    send(desk, admin)
    desk.note("A-2", CurrencyIsoCode="PLN")
    desk.note("N-2", CurrencyIsoCode="PLN")
    desk.note("A-1", Name="ours", Description="ours")
    desk.note("A-3", CurrencyIsoCode="XXX", Name="C2")
    desk.note("N-1", Name="new")
    desk.note("N-4", Name="bad", CurrencyIsoCode="XXX")
    desk.note("O-4", "Order", Account={"External_Id__c": "N-4"}, **ORDER)
    desk.note("O-1", "Order", Account={"External_Id__c": "N-1"}, **ORDER)
    desk.note("P-1", "Order_Proposal__c", Price__c=110, Description__c="d")
    admin.change("Account", account, Name="theirs")
    admin.change("Order_Proposal__c", proposal, Price__c=90)
    return desk


def check_end(desk: Desk, admin: Admin) -> None:
    """Whether a few deliveries more end where they should, with nothing left to do."""
    for _ in range(5):
        send(desk, admin)
    assert send(desk, admin).api_calls == 0
    fields = "External_Id__c, Name, Description, CurrencyIsoCode, Sync_Problem__c"
    rows = query(desk.sf, f"SELECT {fields} FROM Account WHERE External_Id__c != null")  # noqa: S608
    assert {row["External_Id__c"]: _account(row) for row in rows} == ACCOUNTS
    assert len(rows) == len(ACCOUNTS)
    found = query(desk.sf, "SELECT External_Id__c, Status FROM Case")
    assert [(row["External_Id__c"], row["Status"]) for row in found] == list(CASES.items())
    proposal = desk.in_org("Price__c, Description__c", "P-1", "Order_Proposal__c")
    assert proposal == (90, "d")
    with transaction(desk.engine) as session:
        writes = session.scalars(select(OutboxWrite).order_by(OutboxWrite.id)).all()
        standing = [row for row in writes if row.state != WriteState.SUPERSEDED]
        assert {(row.sobject, row.external_id): row.state for row in standing} == WRITES
        notes = session.scalars(select(SyncNote))
        assert {(each.sobject, each.record): each.place for each in notes} == NOTES
    listed = sorted((each.sobject, each.field, each.outcome) for each in desk.conflicts())
    assert listed == CLASHES


def _account(row: dict[str, Any]) -> tuple[Any, ...]:
    values = (row["Name"], row["Description"], row["CurrencyIsoCode"])
    return (*values, row["Sync_Problem__c"] is not None)


@pytest.mark.parametrize("call", range(1, 10))
@pytest.mark.parametrize(
    "fault",
    [
        {"action": "REQUEST_LIMIT_EXCEEDED", "times": 1},
        {"action": "drop_after", "times": 1},
        {"action": "status", "status": 503, "times": 9},
    ],
    ids=["no call left", "an answer lost", "an outage"],
)
def test_a_fault_at_any_call_changes_nothing_in_the_end(
    due: Desk, org: LocalOrgServer, admin: Admin, fault: dict[str, Any], call: int
) -> None:
    add_fault(org, **fault, call=list(range(call, call + int(fault["times"]))))
    try:
        send(due, admin)
    except SalesforceRetryable:
        pass
    control(org, "DELETE", "faults")

    check_end(due, admin)


@pytest.mark.parametrize("statement", range(1, 120, 7))
def test_a_death_at_any_statement_changes_nothing_in_the_end(
    due: Desk, admin: Admin, statement: int
) -> None:
    try:
        with killing(due.engine, statement):
            send(due, admin)
    except Killed:
        pass

    check_end(due, admin)
