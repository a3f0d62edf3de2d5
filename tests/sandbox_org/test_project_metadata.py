"""The org under the project's own metadata: one award, and all that must stop a stale one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from sandbox.metadata.loader import load_schema
from sandbox.org.clock import OrgClock
from sandbox.org.org import Actor, Org
from sandbox.org.schema import Schema
from tests.sandbox_org.builders import OPS, contents, read, refused, the_user

PROJECT = Path(__file__).parents[2] / "salesforce"
RULE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
FILTER = "FIELD_FILTER_VALIDATION_EXCEPTION"
#: 07:00 in Warsaw, the morning after the call closed.
MORNING = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)


@cache
def project_schema() -> Schema:
    return load_schema([PROJECT])


@pytest.fixture
def project_org() -> Iterator[Org]:
    org = Org(project_schema(), None, OrgClock(MORNING, frozen=True))
    yield org
    org.close()


@pytest.fixture
def job(project_org: Org) -> Actor:
    return the_user(project_org, "integration@manufaktura.example")


@pytest.fixture
def ids(project_org: Org) -> dict[str, str]:
    """A due order with two proposals, and a run that is about to decide it."""
    return project_org.seed({"records": [*_accounts(), *_due_order("o1"), _run()]})


def _accounts() -> list[dict[str, object]]:
    return [
        _record("Account", "hd", Name="HD", RecordType={"DeveloperName": "Hardware_Designer"}),
        _record("Account", "m1", Name="Fabryka", RecordType={"DeveloperName": "Manufacturer"}),
        _record("Account", "m2", Name="Werk", RecordType={"DeveloperName": "Manufacturer"}),
    ]


def _due_order(name: str) -> list[dict[str, object]]:
    order = _record(
        "Order",
        name,
        AccountId="@hd",
        Name="Lamp",
        Status="AWAITING PROPOSALS",
        EffectiveDate="2026-03-10",
    )
    prices = {"p1": ("m1", "100.00"), "p2": ("m2", "120.00")}
    proposals = [
        _record(
            "Order_Proposal__c", p, Order__c=f"@{name}", Manufacturer__c=f"@{maker}", Price__c=price
        )
        for p, (maker, price) in prices.items()
    ]
    return [order, *proposals]


def _run() -> dict[str, object]:
    return _record("Selection_Run__c", "run", External_Id__c="run:1", Status__c="Running")


def _record(kind: str, reference: str, **values: object) -> dict[str, object]:
    return {"attributes": {"type": kind, "referenceId": reference}, **values}


def the_award(ids: dict[str, str], **changes: object) -> dict[str, object]:
    return {
        "Status": "MANUFACTURER SELECTED",
        "Proposal__c": ids["p1"],
        "Manufacturer__c": ids["m1"],
        "Selection_Run__c": ids["run"],
        "Decided_Due_Date__c": "2026-03-10",
        "Decided_Currency__c": "EUR",
        "Price_At_Decision__c": "100.00",
        "Awarded_Price__c": "100.00",
        **changes,
    }


def test_an_award_goes_through_and_leaves_its_history(
    project_org: Org, job: Actor, ids: dict[str, str]
) -> None:
    project_org.update(job, "Order_Proposal__c", ids["p1"], {"Status__c": "Won"})
    project_org.update(job, "Order", ids["o1"], the_award(ids))

    found = read(project_org, ids["o1"], "Status", "StatusCode", "Awarded_Price__c")
    assert found == {
        "Status": "MANUFACTURER SELECTED",
        "StatusCode": "Draft",
        "Awarded_Price__c": Decimal("100.00"),
    }
    rows = project_org.store.tables["OrderHistory"].find("OrderId", ids["o1"])
    changes = [(r["Field"], r["OldValue"], r["NewValue"]) for r in rows]
    assert ("Status", "AWAITING PROPOSALS", "MANUFACTURER SELECTED") in changes
    assert ("Manufacturer__c", None, "Fabryka") in changes
    assert ("Manufacturer__c", None, ids["m1"]) in changes


STALE = [
    ("the price changed", "Order_Proposal__c", "p1", {"Price__c": "99.00"}, RULE),
    ("the currency moved", "Order", "o1", {"CurrencyIsoCode": "PLN"}, RULE),
    ("the date moved", "Order", "o1", {"EffectiveDate": "2026-04-10"}, RULE),
    ("somebody else decided", "Order", "o1", {"Status": "SELECTION REVIEW"}, RULE),
    ("the winner withdrew", "Order_Proposal__c", "p1", {"Status__c": "Withdrawn"}, FILTER),
    (
        "the winner was disqualified",
        "Order_Proposal__c",
        "p1",
        {"Status__c": "Disqualified"},
        FILTER,
    ),
]


@pytest.mark.parametrize(
    ("_case", "sobject", "which", "edit", "code"), STALE, ids=[c[0] for c in STALE]
)
def test_a_stale_award_is_refused_because_a_person_came_first(
    project_org: Org,
    job: Actor,
    ids: dict[str, str],
    _case: str,
    sobject: str,
    which: str,
    edit: dict[str, object],
    code: str,
) -> None:
    ops = the_user(project_org, OPS)
    project_org.update(ops, sobject, ids[which], {**edit, **_reason(sobject)})

    with refused(project_org, code):
        project_org.update(job, "Order", ids["o1"], the_award(ids))


def _reason(sobject: str) -> dict[str, object]:
    return {"Selection_Reason__c": "Customer asked."} if sobject == "Order" else {}


BROKEN = [
    ("no proposal", {"Proposal__c": None}, RULE),
    ("no manufacturer", {"Manufacturer__c": None}, RULE),
    ("the designer as manufacturer", {"Manufacturer__c": "@hd"}, FILTER),
    ("another maker's proposal", {"Proposal__c": "@p2", "Price_At_Decision__c": "120"}, RULE),
    ("no price read", {"Price_At_Decision__c": None}, RULE),
    ("no date read", {"Decided_Due_Date__c": None}, RULE),
    ("no currency read", {"Decided_Currency__c": None}, RULE),
    ("a status out of line", {"Status": "IN PRODUCTION"}, RULE),
]


@pytest.mark.parametrize(("_case", "change", "code"), BROKEN, ids=[c[0] for c in BROKEN])
def test_an_award_that_does_not_hold_together_is_refused(
    project_org: Org,
    job: Actor,
    ids: dict[str, str],
    _case: str,
    change: dict[str, object],
    code: str,
) -> None:
    resolved = {n: ids[v[1:]] if str(v).startswith("@") else v for n, v in change.items()}

    with refused(project_org, code):
        project_org.update(job, "Order", ids["o1"], the_award(ids, **resolved))


def test_a_person_deciding_by_hand_gives_a_reason(project_org: Org, ids: dict[str, str]) -> None:
    ops = the_user(project_org, OPS)
    by_hand = {"Status": "CANCELLED NO PROPOSALS"}

    with refused(project_org, RULE) as refusal:
        project_org.update(ops, "Order", ids["o1"], by_hand)
    assert refusal.items[0].fields == ("Selection_Reason__c",)

    project_org.update(ops, "Order", ids["o1"], {**by_hand, "Selection_Reason__c": "Withdrawn."})
    assert read(project_org, ids["o1"], "Status") == by_hand


def test_a_refused_order_takes_its_whole_unit_back(
    project_org: Org, job: Actor, ids: dict[str, str]
) -> None:
    before = contents(project_org)

    with pytest.raises(Exception, match=RULE):
        _award_all(project_org, job, ids)

    assert contents(project_org) == before


def _award_all(org: Org, job: Actor, ids: dict[str, str]) -> None:
    with org.transaction():
        org.update(job, "Order_Proposal__c", ids["p1"], {"Status__c": "Won"})
        org.update(job, "Order_Proposal__c", ids["p2"], {"Status__c": "Reserve"})
        org.insert(job, "Selection_Decision__c", {"Order__c": ids["o1"], "Outcome__c": "AWARD"})
        org.update(job, "Order", ids["o1"], the_award(ids, Price_At_Decision__c="1.00"))


def test_the_winner_cannot_leave_while_the_order_names_it(
    project_org: Org, job: Actor, ids: dict[str, str]
) -> None:
    project_org.update(job, "Order", ids["o1"], the_award(ids))

    with refused(project_org, FILTER):
        project_org.update(
            the_user(project_org, OPS), "Order_Proposal__c", ids["p1"], {"Status__c": "Withdrawn"}
        )


def test_only_a_data_load_may_open_a_call_that_closes_tomorrow(
    project_org: Org, ids: dict[str, str]
) -> None:
    values = {
        "AccountId": ids["hd"],
        "Name": "Chair",
        "Status": "AWAITING PROPOSALS",
        "EffectiveDate": "2026-03-12",
    }

    with refused(project_org, RULE) as refusal:
        project_org.insert(the_user(project_org), "Order", values)
    assert refusal.items[0].fields == ("EffectiveDate",)

    loader = the_user(project_org, "loader@manufaktura.example")
    assert project_org.insert(loader, "Order", values)


def test_new_orders_start_in_pending_validation(project_org: Org, ids: dict[str, str]) -> None:
    order = project_org.insert(
        the_user(project_org),
        "Order",
        {"AccountId": ids["hd"], "Name": "Chair", "EffectiveDate": "2026-04-01"},
    )

    assert read(project_org, order, "Status", "Deposit_Status__c", "Deposit_Required__c") == {
        "Status": "PENDING VALIDATION",
        "Deposit_Status__c": "Not Requested",
        "Deposit_Required__c": False,
    }
