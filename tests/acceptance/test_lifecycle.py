"""The org's validation rules on orders equal `tenders/lifecycle.py`, cell by cell.

Every ordered pair of statuses is tried in every relevant state of the order, by every kind of user,
through the REST API. A cell compares the set of rules that refused, not just whether one did.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any
from xml.etree import ElementTree

import pytest

from tenders.lifecycle import OrderStatus, Situation, refusals
from tests.acceptance.backoffice import ROOT
from tests.acceptance.builders import TUESDAY, Record, a_proposal, an_order
from tests.acceptance.market import ADMIN, OPS, Market

pytestmark = pytest.mark.acceptance

TODAY = date.fromisoformat(TUESDAY)
LOADER = "loader@manufaktura.example"
ROWS_PER_CALL = 200
RULES = ROOT / "salesforce/force-app/main/default/objects/Order/validationRules"
#: Deposit Required and Deposit Status.
DEPOSITS = {
    "none": (False, "Not Requested"),
    "open": (True, "Requested"),
    "paid": (True, "Paid"),
}
#: Which of Proposal (by m1) and Manufacturer the order names; "foreign" names m2 beside it.
WINNERS = {
    "none": (None, None),
    "complete": ("@proposal", "@m1"),
    "foreign": ("@proposal", "@m2"),
    "proposal only": ("@proposal", None),
    "manufacturer only": (None, "@m1"),
}
#: Decided Due Date (days from the order's last day), Price At Decision and Decided Currency of a
#: save by the selection; the proposal costs 900, the order is in EUR. None: the save leaves
#: Selection Run alone.
FENCES: dict[str, tuple[int | None, int | None, str | None] | None] = {
    "untouched": None,
    "current": (0, 900, "EUR"),
    "stale date": (-1, 900, "EUR"),
    "no date": (None, 900, "EUR"),
    "stale price": (0, 899, "EUR"),
    "no price": (0, None, "EUR"),
    "stale currency": (0, 900, "PLN"),
    "no currency": (0, 900, None),
}


@dataclass(frozen=True)
class Cell:
    """One save: who moves an order from where to where, and what else is true."""

    source: OrderStatus
    target: OrderStatus
    user: str = ADMIN
    has_reason: bool = False
    days: int = 3  #: from today to the order's last day
    is_date_changed: bool = False
    deposit: str = "none"
    winner: str = "none"
    is_winner_changed: bool = False
    qa: str = "Pending"
    fence: str = "untouched"

    @property
    def effective_on(self) -> date:
        return TODAY + timedelta(days=self.days)

    @property
    def situation(self) -> Situation:
        proposal, manufacturer = WINNERS[self.winner]
        required, deposit_status = DEPOSITS[self.deposit]
        date_offset, price, currency = FENCES[self.fence] or (None, None, None)
        return Situation(
            status=self.source,
            today=TODAY,
            effective_on=self.effective_on,
            effective_on_changed=self.is_date_changed,
            deposit_required=required,
            deposit_status=deposit_status,
            has_manufacturer=manufacturer is not None,
            has_proposal=proposal is not None,
            proposal_is_manufacturers=self.winner == "complete",
            winner_changed=self.is_winner_changed and self.winner != "none",
            qa_result=self.qa,
            is_operations_user=self.user == OPS,
            has_selection_reason=self.has_reason,
            is_selection_run_changed=self.fence != "untouched",
            is_decided_date_current=date_offset == 0,
            is_decided_currency_current=currency == "EUR",
            is_decided_price_current=price == 900,
            bypass=self.user == LOADER,
        )

    @property
    def expected(self) -> frozenset[str]:
        return frozenset(each.rule.value for each in refusals(self.situation, self.target))

    def seeds(self, ref: str) -> Iterator[Record]:
        """The order as it stands before the save, and its proposal."""
        required, deposit_status = DEPOSITS[self.deposit]
        earlier = self.effective_on + timedelta(days=int(self.is_date_changed))
        winner = {} if self.is_winner_changed else self.winner_values(ref)
        yield an_order(
            ref,
            Status=self.source.value,
            EffectiveDate=earlier.isoformat(),
            Deposit_Required__c=required,
            Deposit_Status__c=deposit_status,
            QA_Result__c=self.qa,
            Selection_Reason__c="The maker called." if self.has_reason else None,
            **winner,
        )
        if "@proposal" in WINNERS[self.winner]:
            yield a_proposal(f"{ref}-proposal", "m1", "900", order=ref)

    def winner_values(self, ref: str) -> dict[str, Any]:
        proposal, manufacturer = WINNERS[self.winner]
        return {
            "Proposal__c": f"@{ref}-proposal" if proposal else None,
            "Manufacturer__c": manufacturer,
        }

    def save(self, ref: str) -> dict[str, Any]:
        """What the save writes."""
        values: dict[str, Any] = {"Status": self.target.value}
        if self.is_date_changed:
            values["EffectiveDate"] = self.effective_on.isoformat()
        if self.is_winner_changed:
            values |= self.winner_values(ref)
        fence = FENCES[self.fence]
        if fence is not None:
            offset, price, currency = fence
            decided_on = None if offset is None else self.effective_on + timedelta(days=offset)
            values |= {
                "Selection_Run__c": "@run",
                "Decided_Due_Date__c": decided_on.isoformat() if decided_on else None,
                "Price_At_Decision__c": price,
                "Decided_Currency__c": currency,
            }
        return values


@cache
def rule_names() -> dict[str, str]:
    """Error message of each rule on orders to its name."""
    space = "{http://soap.sforce.com/2006/04/metadata}"
    names = {}
    for path in RULES.glob("*.xml"):
        rule = ElementTree.parse(path).getroot()  # noqa: S314 - a file of this repository
        names[rule.findtext(f"{space}errorMessage")] = rule.findtext(f"{space}fullName")
    return names


def drive(market: Market, cells: Sequence[Cell]) -> list[frozenset[str]]:
    """Save every cell through collections of 200; the names of the rules that refused each."""
    refs = [f"c{number}" for number in range(len(cells))]
    market.seed(
        *(record for ref, cell in zip(refs, cells, strict=True) for record in cell.seeds(ref)),
        checks=False,
    )
    fired: dict[str, frozenset[str]] = {}
    for user in dict.fromkeys(cell.user for cell in cells):
        own = [(ref, cell) for ref, cell in zip(refs, cells, strict=True) if cell.user == user]
        for start in range(0, len(own), ROWS_PER_CALL):
            fired |= save_together(market, user, own[start : start + ROWS_PER_CALL])
    check_stored(market, dict(zip(refs, cells, strict=True)), fired)
    return [fired[ref] for ref in refs]


def save_together(
    market: Market, user: str, cells: Iterable[tuple[str, Cell]]
) -> dict[str, frozenset[str]]:
    cells = list(cells)
    records = [
        {"attributes": {"type": "Order"}, "id": market.ids[ref]} | market.resolve(cell.save(ref))
        for ref, cell in cells
    ]
    body = {"allOrNone": False, "records": records}
    answer = market.person(user).call("PATCH", "composite/sobjects", json=body)
    assert answer.status_code == 200, answer.text
    results = answer.json()
    assert len(results) == len(cells)
    return {
        ref: frozenset(rule_names().get(e["message"], str(e)) for e in result["errors"])
        for (ref, _), result in zip(cells, results, strict=True)
    }


def check_stored(market: Market, cells: dict[str, Cell], fired: dict[str, frozenset[str]]) -> None:
    """A refused order has its old status, an accepted one the new."""
    rows = market.query("SELECT External_Id__c, Status FROM Order WHERE External_Id__c LIKE 'c%'")
    stored = {row["External_Id__c"]: row["Status"] for row in rows}
    expected = {ref: (c.source if fired[ref] else c.target).value for ref, c in cells.items()}
    assert stored == expected


def assert_equal_cell_by_cell(market: Market, cells: Sequence[Cell]) -> None:
    fired = drive(market, cells)
    differences = [
        f"{cell}: the org refused by {sorted(org)}, the table by {sorted(cell.expected)}"
        for cell, org in zip(cells, fired, strict=True)
        if org != cell.expected
    ]
    assert not differences, f"{len(differences)} cells differ:\n" + "\n".join(differences[:20])


USERS = [(OPS, False), (OPS, True), (ADMIN, False), (LOADER, False)]


@pytest.mark.parametrize("source", OrderStatus)
def test_moves_from_each_status_equal_the_table_in_every_state(
    market: Market, source: OrderStatus
) -> None:
    """All targets × days 2/3 × deposit open/paid × winner × QA × four kinds of user."""
    product = itertools.product(
        OrderStatus,
        USERS,
        (2, 3),
        ("open", "paid"),
        ("none", "complete", "foreign"),
        ("Pending", "Accepted"),
    )
    cells = [
        Cell(source, target, user, reason, days=days, deposit=deposit, winner=winner, qa=qa)
        for target, (user, reason), days, deposit, winner, qa in product
    ]
    assert len(cells) == 12 * 4 * 24
    assert_equal_cell_by_cell(market, cells)


def test_guards_of_the_selection_equal_the_table_from_every_status(market: Market) -> None:
    """The fence is written with every mix of what the selection read and what is there now."""
    market.seed(a_run())
    targets = (
        OrderStatus.MANUFACTURER_SELECTED,
        OrderStatus.CANCELLED_NO_PROPOSALS,
        OrderStatus.SELECTION_REVIEW,
        None,
    )
    product = itertools.product(
        OrderStatus,
        targets,
        ("complete", "none", "foreign"),
        [name for name in FENCES if name != "untouched"],
        (ADMIN, LOADER),
    )
    cells = [
        Cell(source, target or source, user, winner=winner, fence=fence, days=3)
        for source, target, winner, fence, user in product
    ]
    assert len(cells) == 12 * 4 * 3 * 7 * 2
    assert_equal_cell_by_cell(market, cells)


def test_guard_of_the_deposit_equals_the_table_from_every_status(market: Market) -> None:
    market.seed(a_run())
    targets = (OrderStatus.MANUFACTURER_SELECTED, OrderStatus.CANCELLED_NO_PROPOSALS)
    product = itertools.product(OrderStatus, targets, DEPOSITS, (ADMIN, LOADER))
    cells = [
        Cell(source, target, user, deposit=deposit, winner="complete", fence="current")
        for source, target, deposit, user in product
    ]
    assert_equal_cell_by_cell(market, cells)


def test_saves_that_keep_the_status_equal_the_table_whatever_else_they_change(
    market: Market,
) -> None:
    product = itertools.product(
        OrderStatus, (0, 2, 3), (False, True), WINNERS, (False, True), ("none", "open"), USERS
    )
    cells = [
        Cell(
            status,
            status,
            user,
            reason,
            days=days,
            is_date_changed=is_date_changed,
            winner=winner,
            is_winner_changed=is_winner_changed,
            deposit=deposit,
        )
        for status, days, is_date_changed, winner, is_winner_changed, deposit, (user, reason) in (
            product
        )
    ]
    # Every seventh cell: no dimension has seven values, so all of them still meet one another.
    assert_equal_cell_by_cell(market, cells[::7])


def test_winner_that_arrives_with_the_award_equals_the_table(market: Market) -> None:
    product = itertools.product(OrderStatus, WINNERS, (False, True), USERS)
    cells = [
        Cell(
            source,
            OrderStatus.MANUFACTURER_SELECTED,
            user,
            reason,
            winner=winner,
            is_winner_changed=is_changed,
        )
        for source, winner, is_changed, (user, reason) in product
    ]
    assert_equal_cell_by_cell(market, cells)


@pytest.mark.parametrize("user", [OPS, ADMIN, LOADER])
@pytest.mark.parametrize("days", [2, 3])
def test_new_orders_begin_where_the_table_lets_them(market: Market, user: str, days: int) -> None:
    effective_on = TODAY + timedelta(days=days)
    situation = Situation(
        status=None,
        today=TODAY,
        effective_on=effective_on,
        is_operations_user=user == OPS,
        bypass=user == LOADER,
    )
    records = [
        {
            "attributes": {"type": "Order"},
            "AccountId": market.ids["hd"],
            "EffectiveDate": effective_on.isoformat(),
            "Status": status.value,
        }
        for status in OrderStatus
    ]
    body = {"allOrNone": False, "records": records}
    results = market.person(user).call("POST", "composite/sobjects", json=body).json()
    fired = {
        status.value: {rule_names().get(e["message"], str(e)) for e in result["errors"]}
        for status, result in zip(OrderStatus, results, strict=True)
    }
    expected = {
        status.value: {each.rule.value for each in refusals(situation, status)}
        for status in OrderStatus
    }
    assert fired == expected
    accepted = {status for status, rules in expected.items() if not rules}
    rows = market.query("SELECT Status FROM Order")
    assert sorted(row["Status"] for row in rows) == sorted(accepted)


def a_run() -> Record:
    return {
        "attributes": {"type": "Selection_Run__c", "referenceId": "run"},
        "External_Id__c": "run:test",
        "Status__c": "Running",
    }
