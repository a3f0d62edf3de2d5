"""Unchanged, no value and an empty text are told apart, or known to be the same, all the way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, select

from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync.imports import Action, compare_one
from sfsync.outbox import OutboxWrite, enqueue
from sfsync.pull import pull, pull_records
from sfsync.push import PushReport, push
from tests.control import counted_calls
from tests.sfsync.people import Admin
from tests.sfsync.test_pull import a_market, replica

KEY = "O-1"


@pytest.fixture
def order_id(org: LocalOrgServer, sf: Salesforce, engine: Engine) -> str:
    """An order with a budget and a description, known to the replica."""
    order_id = a_market(org)["order"]
    Admin(org).change("Order", order_id, External_Id__c=KEY, Description="as it was", Budget__c=7)
    pull(sf, engine)
    return order_id


def send(sf: Salesforce, engine: Engine, **values: object) -> PushReport:
    with transaction(engine) as session:
        enqueue(session, "Order", KEY, values, "a test")
    report = push(sf, engine)
    assert (report.sent, report.problems) == (1, [])
    return report


def seen(sf: Salesforce, engine: Engine, order_id: str) -> dict[str, Any]:
    pull(sf, engine)
    return replica(engine, "Order")[order_id]


def test_a_field_that_is_absent_stays(sf: Salesforce, engine: Engine, order_id: str) -> None:
    send(sf, engine, Name="renamed")

    after = seen(sf, engine, order_id)
    assert (after["name"], after["description"], after["budget"]) == ("renamed", "as it was", 7)


def test_none_clears_and_nothing_else_does(sf: Salesforce, engine: Engine, order_id: str) -> None:
    send(sf, engine, Budget__c=None, Description="null")

    after = seen(sf, engine, order_id)
    assert (after["budget"], after["description"]) == (None, "null")


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_empty_text_clears_as_none_does(
    sf: Salesforce, engine: Engine, order_id: str, nothing: str | None
) -> None:
    send(sf, engine, Description=nothing, Budget__c=nothing)

    after = seen(sf, engine, order_id)
    assert (after["description"], after["budget"]) == (None, None)


def test_an_empty_text_is_no_second_write_after_none(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, order_id: str
) -> None:
    send(sf, engine, Description=None)
    calls = counted_calls(org)

    with transaction(engine) as session:
        assert not enqueue(session, "Order", KEY, {"Description": ""}, "again")

    assert push(sf, engine).sent == 0
    assert counted_calls(org) == calls


def test_zero_and_no_are_values(sf: Salesforce, engine: Engine, order_id: str) -> None:
    send(sf, engine, Budget__c=Decimal(0), Deposit_Required__c=False)

    after = seen(sf, engine, order_id)
    assert (after["budget"], after["deposit_required"]) == (Decimal(0), False)


def test_a_checkbox_that_is_cleared_is_not_ticked(
    sf: Salesforce, engine: Engine, order_id: str
) -> None:
    send(sf, engine, Deposit_Required__c=True)
    assert seen(sf, engine, order_id)["deposit_required"] is True

    send(sf, engine, Deposit_Required__c=None)

    assert seen(sf, engine, order_id)["deposit_required"] is False


def test_a_write_that_waits_keeps_the_states_of_both(
    sf: Salesforce, engine: Engine, order_id: str
) -> None:
    with transaction(engine) as session:
        enqueue(session, "Order", KEY, {"Budget__c": None, "Name": "first"}, "a test")
        enqueue(session, "Order", KEY, {"Name": "second"}, "a test")
        (write,) = session.scalars(select(OutboxWrite))
        assert write.values == {"Budget__c": None, "Name": "second"}
    push(sf, engine)

    after = seen(sf, engine, order_id)
    assert (after["budget"], after["name"], after["description"]) == (None, "second", "as it was")


BASE = {"Name": "N", "Description": "sent"}


@pytest.mark.parametrize(
    ("wanted", "action", "values"),
    [
        ({"Name": "N"}, Action.UNCHANGED, {}),
        ({"Name": "N", "Description": None}, Action.UPDATE, {"Description": None}),
        ({"Name": "N", "Description": ""}, Action.UPDATE, {"Description": ""}),
    ],
)
def test_a_cell_that_was_emptied_clears_and_a_column_that_is_missing_does_not(
    wanted: dict[str, Any], action: Action, values: dict[str, Any]
) -> None:
    change = compare_one("Order", KEY, wanted, BASE, dict(BASE))

    assert (change.action, change.values) == (action, values)


def test_an_empty_cell_is_the_orgs_empty_value() -> None:
    change = compare_one("Order", KEY, {"Description": ""}, None, {"Description": None})

    assert change.action is Action.UNCHANGED


def test_records_are_pulled_by_the_short_form_of_their_ids(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, order_id: str
) -> None:
    Admin(org).change("Order", order_id, Name="seen at once")

    tally = pull_records(sf, engine, "Order", [order_id[:15], order_id, order_id.upper()])

    assert (tally.read, tally.updated) == (1, 1)
    assert replica(engine, "Order")[order_id]["name"] == "seen at once"


def test_what_is_no_id_is_refused_before_the_org_is_asked(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    with pytest.raises(ValueError, match="is no record Id"):
        pull_records(sf, engine, "Order", ["O-1"])

    assert counted_calls(org) == 0
