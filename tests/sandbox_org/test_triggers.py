"""Which saves queue outbound messages: conditions of flows and of workflow rules."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime
from types import SimpleNamespace

import pytest

from sandbox.org.automation import Dialect, OutboundMessage, Trigger, TriggerItem
from sandbox.org.org import Actor, Org, SchemaError
from sandbox.org.schema import Field, FieldType, Schema, Summary
from tests.sandbox_org.builders import (
    NOW,
    a_deal,
    a_deal_object,
    a_manufacturer,
    a_proposal,
    a_schema,
    an_org,
    refused,
    the_user,
)

SENT = "Proposal__c.Sent"


def a_trigger(**more: object) -> Trigger:
    values: dict[str, object] = {
        "name": "Sends",
        "dialect": Dialect.FLOW,
        "sobject": "Proposal__c",
        "messages": (SENT,),
    }
    return Trigger(**(values | more))  # type: ignore[arg-type]


def with_trigger(*triggers: Trigger) -> Schema:
    schema = a_schema()
    url, user = "https://example.com/hook", "integration@manufaktura.example"
    schema.outbound_messages[SENT] = OutboundMessage(SENT, "Proposal__c", url, ("Id",), user)
    schema.triggers = list(triggers)
    return schema


@contextmanager
def an_org_with(*triggers: Trigger) -> Iterator[tuple[Org, Actor]]:
    with closing(an_org(with_trigger(*triggers))) as org:
        yield org, the_user(org)


def queued(org: Org) -> int:
    """How many notifications the org has queued since it was asked last."""
    return org.outbound.clear()


def item(field: str, operation: str, value: str | None = None, **more: str) -> TriggerItem:
    return TriggerItem(field, operation, value, **more)


def when(*items: TriggerItem, logic: str | None = None, **more: object) -> Trigger:
    return a_trigger(items=items, logic=logic, **more)


def rule(**more: object) -> Trigger:
    return a_trigger(dialect=Dialect.RULE, **more)


@pytest.mark.parametrize(
    ("on_create", "on_update", "expected"),
    [(True, False, (1, 0)), (False, True, (0, 1)), (True, True, (1, 1))],
)
def test_a_flow_starts_on_creates_updates_or_both(
    on_create: bool, on_update: bool, expected: tuple[int, int]
) -> None:
    with an_org_with(a_trigger(on_create=on_create, on_update=on_update)) as (org, admin):
        proposal = a_proposal(org, a_deal(org))
        created = queued(org)
        org.update(admin, "Proposal__c", proposal, {"Price__c": 1})

        assert (created, queued(org)) == expected


def test_other_objects_deletes_undeletes_and_refused_saves_queue_nothing() -> None:
    with an_org_with(a_trigger()) as (org, admin):
        deal = a_deal(org)
        assert queued(org) == 0
        proposal = a_proposal(org, deal)
        assert queued(org) == 1

        org.delete(admin, "Proposal__c", proposal)
        org.undelete(admin, "Proposal__c", proposal)
        with refused(org, "REQUIRED_FIELD_MISSING"):
            org.update(admin, "Proposal__c", proposal, {"Price__c": None})

        assert queued(org) == 0


def test_a_savepoint_that_is_undone_takes_its_notifications_along() -> None:
    with an_org_with(a_trigger()) as (org, _admin):
        deal = a_deal(org)
        with org.transaction():
            kept = a_proposal(org, deal)
            with pytest.raises(KeyError):
                _save_and_undo(org, deal)

        assert [entry.record_id for entry in org.outbound.entries()] == [kept]


def _save_and_undo(org: Org, deal: str) -> None:
    with org.savepoint():
        a_proposal(org, deal)
        raise KeyError


PRICED, WON = item("Price__c", "GreaterThan", "100"), item("Status__c", "EqualTo", "Won")
CHEAP = item("Price__c", "LessThanOrEqualTo", "10.0")


@pytest.mark.parametrize(
    ("trigger", "price", "status", "fires"),
    [
        (when(PRICED), "100.01", "Submitted", True),
        (when(PRICED), "100", "Submitted", False),
        (when(item("Price__c", "GreaterThanOrEqualTo", "100")), "100", "Submitted", True),
        (when(item("Price__c", "LessThan", "100")), "100", "Submitted", False),
        (when(CHEAP), "10", "Submitted", True),
        (when(item("Price__c", "EqualTo", "12.50")), "12.5", "Submitted", True),
        (when(item("Price__c", "NotEqualTo", "12.5")), "12.5", "Submitted", False),
        (when(PRICED, WON), "200", "Submitted", False),
        (when(PRICED, WON, logic="and"), "200", "Won", True),
        (when(PRICED, WON, logic="or"), "1", "Won", True),
        (when(PRICED, WON, logic="OR"), "1", "Submitted", False),
        (when(WON, PRICED, CHEAP, logic="1 AND (2 OR 3)"), "5", "Won", True),
        (when(WON, PRICED, CHEAP, logic="1 AND (2 OR 3)"), "50", "Won", False),
        (when(WON, PRICED, CHEAP, logic="1 AND (2 OR 3)"), "5", "Submitted", False),
        (when(item("Status__c", "EqualTo", "won")), "5", "Won", False),
        (when(item("Status__c", "StartsWith", "W")), "5", "Won", True),
        (when(item("Status__c", "EndsWith", "n")), "5", "Submitted", False),
        (when(item("Status__c", "Contains", "o")), "5", "Won", True),
        (when(item("Manufacturer__c", "IsNull", "true")), "5", "Won", True),
        (when(item("Manufacturer__c", "IsNull", "false")), "5", "Won", False),
        (when(item("OwnerId", "EqualTo", reference="$User.Id")), "5", "Won", True),
        (when(item("OwnerId", "NotEqualTo", reference="$Record.CreatedById")), "5", "Won", False),
        (
            when(item("Status__c", "EqualTo", reference="$Record__Prior.Status__c")),
            "5",
            "Won",
            False,
        ),
    ],
)
def test_the_conditions_of_a_flow_decide(
    trigger: Trigger, price: str, status: str, fires: bool
) -> None:
    with an_org_with(trigger) as (org, _admin):
        a_proposal(org, a_deal(org), Price__c=price, Status__c=status)

        assert queued(org) == int(fires)


CHANGED = item("Status__c", "IsChanged", "true")
UNCHANGED = item("Status__c", "IsChanged", "false")
FLOW_FORMULA = "OR(ISNEW(), ISCHANGED({!$Record.Status__c}))"


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (when(CHANGED), (False, True, False)),
        (when(UNCHANGED), (True, False, True)),
        (a_trigger(formula=FLOW_FORMULA), (True, True, False)),
        (a_trigger(formula="{!$Record.Price__c} > 50"), (True, True, False)),
        (
            a_trigger(formula="TEXT({!$Record.Status__c}) <> TEXT({!$Record__Prior.Status__c})"),
            (True, True, False),
        ),
        (a_trigger(formula="ISBLANK({!$Record__Prior.Price__c})"), (True, False, False)),
        (
            a_trigger(formula="{!$Record__Prior.Price__c} > {!$Record.Price__c}"),
            (False,) * 2 + (True,),
        ),
        (a_trigger(formula='PRIORVALUE({!$Record.Price__c}) = 120 /* "{!x}" */'), (True,) * 3),
        (a_trigger(formula='{!$Record.Deal__r.Name} = "Lamp {!$Record.Id}"'), (False,) * 3),
        (when(WON, only_when_newly_met=True), (False, True, False)),
        (a_trigger(formula=FLOW_FORMULA, only_when_newly_met=True), (True, True, False)),
        (rule(formula="ISCHANGED(Status__c)"), (False, True, False)),
        (rule(items=(item("Proposal__c.Status__c", "equals", "Won,Lost"),)), (False, True, True)),
        (
            rule(items=(item("Proposal__c.Status__c", "equals", "Won"),), only_when_newly_met=True),
            (False, True, False),
        ),
        (
            rule(
                items=(
                    item("Proposal__c.Price__c", "lessThan", "50"),
                    item("Proposal__c.Status__c", "equals", "Submitted"),
                ),
                logic="1 OR 2",
            ),
            (True, False, True),
        ),
        (rule(formula="Price__c > 100", on_update=False), (True, False, False)),
    ],
)
def test_a_create_then_a_new_status_then_a_new_price(
    trigger: Trigger, expected: tuple[bool, bool, bool]
) -> None:
    with an_org_with(trigger) as (org, admin):
        proposal = a_proposal(org, a_deal(org), Status__c="Submitted")
        created = queued(org)
        org.update(admin, "Proposal__c", proposal, {"Status__c": "Won"})
        won = queued(org)
        org.update(admin, "Proposal__c", proposal, {"Price__c": "10"})

        assert (bool(created), bool(won), bool(queued(org))) == expected


def test_a_roll_up_that_changes_counts_as_an_update_of_the_master() -> None:
    summary = Summary("Proposal__c", "Deal__c", "count")
    offers = Field("Offers__c", FieldType.NUMBER, createable=False, summary=summary)
    schema = a_schema(a_deal_object(offers))
    url, user = "https://example.com/hook", "integration@manufaktura.example"
    schema.outbound_messages["Deal__c.Sent"] = OutboundMessage(
        "Deal__c.Sent", "Deal__c", url, ("Id",), user
    )
    schema.triggers = [
        a_trigger(
            sobject="Deal__c",
            messages=("Deal__c.Sent",),
            formula="ISCHANGED({!$Record.Offers__c})",
        )
    ]
    with closing(an_org(schema)) as org:
        deal = a_deal(org)
        assert org.outbound.entries() == []

        a_proposal(org, deal)

        assert [entry.record_id for entry in org.outbound.entries()] == [deal]


def test_a_formula_without_a_result_refuses_the_save() -> None:
    with an_org_with(a_trigger(formula="1 / ({!$Record.Price__c} - 7) > 0")) as (org, _admin):
        deal = a_deal(org)
        with refused(org, "CANNOT_EXECUTE_FLOW_TRIGGER"):
            a_proposal(org, deal, Price__c=7)

        assert org.outbound.entries() == []


def test_what_is_queued_meanwhile_is_not_aged_by_a_clock_that_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with an_org_with(a_trigger()) as (org, _admin), ThreadPoolExecutor() as others:
        could_save: list[bool] = []

        def try_to_save() -> None:
            could_save.append(org.store.lock.acquire(blocking=False))
            if could_save[-1]:
                org.store.lock.release()

        def now() -> datetime:
            others.submit(try_to_save).result()
            return NOW

        monkeypatch.setattr(org.outbound, "_clock", SimpleNamespace(now=now))
        org.outbound.due([SENT])

        assert could_save == [False, False]


def test_each_message_of_each_trigger_is_queued() -> None:
    with an_org_with(a_trigger(messages=(SENT, SENT)), a_trigger(name="Other")) as (org, _admin):
        a_proposal(org, a_deal(org))

        assert queued(org) == 3


@pytest.mark.parametrize(
    ("trigger", "message"),
    [
        (a_trigger(sobject="Nothing__c"), "flow Sends: object Nothing__c does not exist"),
        (a_trigger(messages=("Deal__c.X",)), "flow Sends: outbound message Deal__c.X does not"),
        (a_trigger(sobject="Deal__c"), "outbound message Proposal__c.Sent is not one of Deal__c"),
        (when(item("State__c", "EqualTo", "x")), "Proposal__c has no field State__c"),
        (when(item("Price__c", "EqualTo", "dear")), "'dear' is no value of Price__c"),
        (when(item("Price__c", "EqualTo", "NaN")), "'NaN' is no value of Price__c"),
        (when(item("Price__c", "In", "1")), "operator In is not supported"),
        (when(item("Price__c", "IsChanged", "yes")), "IsChanged of Price__c needs a booleanValue"),
        (when(item("Price__c", "EqualTo", reference="$Record.X")), "there is no field $Record.X"),
        (when(item("Price__c", "EqualTo", reference="$Flow.X")), "there is no field $Flow.X"),
        (when(WON, logic="1 AND 2"), "2 is not one of the 1 conditions"),
        (when(WON, logic="1 AND"), "the end is not one of the 1 conditions"),
        (a_trigger(formula="OR(ISNEW()"), "the formula does not parse: unexpected the end"),
        (a_trigger(formula="{!$Record.Price__c}"), "the formula returns Number; Boolean is needed"),
        (a_trigger(formula="{!$Record.Cost__c} > 1"), "Field Cost__c does not exist"),
        (a_trigger(formula="Price__c > 1"), "reads fields as {!$Record.Price__c}, not as Price__c"),
        (a_trigger(formula="$Record.Price__c > 1"), "$Record.Price__c stands without braces"),
        (a_trigger(formula="ISCHANGED({!$Record.Deal__r.Name})"), "takes a field of the record"),
        (a_trigger(formula="{!MyFormula}"), "reads fields as {!$Record.MyFormula}"),
        (rule(items=(item("Deal__c.Name", "equals", "x"),)), "Deal__c.Name starts neither"),
        (rule(formula="ISNEW()", only_when_newly_met=True), "ISNEW cannot stand in a rule that"),
        (
            rule(formula="{!$Record.Price__c} > 1"),
            "workflow rule Sends: the formula does not parse",
        ),
    ],
)
def test_what_cannot_work_keeps_the_org_from_starting(trigger: Trigger, message: str) -> None:
    with pytest.raises(SchemaError) as error:
        an_org(with_trigger(trigger))

    assert message in str(error.value)


def test_a_deploy_that_fails_keeps_the_triggers_of_before() -> None:
    with an_org_with(a_trigger()) as (org, _admin):
        with pytest.raises(SchemaError):
            org.adopt(with_trigger(a_trigger(formula="nonsense")), lambda: None)
        a_proposal(org, a_deal(org))
        assert queued(org) == 1

        org.adopt(with_trigger(), lambda: None)
        a_proposal(org, a_deal(org), Manufacturer__c=a_manufacturer(org, "Other"))

        assert queued(org) == 0
