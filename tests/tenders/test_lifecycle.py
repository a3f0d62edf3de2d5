"""The lifecycle table is total, and each guard stops exactly what it is there for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest

from tenders.lifecycle import (
    CLOSED_TO_PROPOSALS,
    FINAL_STATUSES,
    INITIAL_STATUSES,
    PERMITTED_MOVES,
    TRANSITIONS,
    Mover,
    OrderRule,
    OrderStatus,
    Situation,
    is_permitted,
    refusal,
    refusals,
)

S = OrderStatus
TODAY = date(2025, 3, 11)
# Every guard is satisfied, so that what is refused is refused by the table.
GOOD = Situation(
    status=S.PENDING_VALIDATION,
    today=TODAY,
    effective_on=TODAY + timedelta(days=3),
    deposit_required=True,
    deposit_status="Paid",
    has_manufacturer=True,
    has_proposal=True,
    qa_result="Accepted",
    is_operations_user=True,
    has_selection_reason=True,
)
# The design's table, written out once more by hand.
EXPECTED = {
    "Draft": {"PENDING VALIDATION"},
    "Activated": set(),
    "PENDING VALIDATION": {"AWAITING PROPOSALS", "CANCELLED"},
    "AWAITING PROPOSALS": {
        "MANUFACTURER SELECTED",
        "CANCELLED NO PROPOSALS",
        "SELECTION REVIEW",
    },
    "SELECTION REVIEW": {"MANUFACTURER SELECTED", "AWAITING PROPOSALS", "CANCELLED"},
    "MANUFACTURER SELECTED": {"IN PRODUCTION", "SELECTION REVIEW", "CANCELLED"},
    "CANCELLED NO PROPOSALS": set(),
    "CANCELLED": set(),
    "IN PRODUCTION": {"FIRST BATCH DELIVERED", "CANCELLED"},
    "FIRST BATCH DELIVERED": {"COMPLETED", "DISPUTED"},
    "DISPUTED": {"COMPLETED", "CANCELLED"},
    "COMPLETED": set(),
}


def rules(situation: Situation, target: OrderStatus) -> list[OrderRule]:
    return [refused.rule for refused in refusals(situation, target)]


@pytest.mark.parametrize(("source", "target"), list(product(OrderStatus, OrderStatus)))
def test_every_pair_of_statuses_is_decided_as_the_design_says(source, target):
    is_expected = source == target or target in EXPECTED[source]

    assert is_permitted(source, target) is is_expected
    assert rules(replace(GOOD, status=source), target) == (
        [] if is_expected else [OrderRule.STATUS_TRANSITION]
    )


def test_each_move_is_listed_once_and_somebody_makes_it():
    assert len(TRANSITIONS) == len(PERMITTED_MOVES) == sum(map(len, EXPECTED.values()))
    assert all(move.movers for move in TRANSITIONS)
    by_selection = {move.target for move in TRANSITIONS if Mover.SELECTION in move.movers}
    assert by_selection == {
        S.MANUFACTURER_SELECTED,
        S.CANCELLED_NO_PROPOSALS,
        S.SELECTION_REVIEW,
    }


def test_closed_orders_stay_closed_and_take_no_proposals():
    assert {S.CANCELLED, S.CANCELLED_NO_PROPOSALS, S.COMPLETED} == FINAL_STATUSES
    assert set(S) - CLOSED_TO_PROPOSALS == {
        S.DRAFT,
        S.ACTIVATED,
        S.PENDING_VALIDATION,
        S.AWAITING_PROPOSALS,
        S.SELECTION_REVIEW,
    }


@pytest.mark.parametrize("target", list(OrderStatus))
def test_a_new_order_begins_before_or_at_its_call(target):
    refused = rules(replace(GOOD, status=None), target)

    assert refused == ([] if target in INITIAL_STATUSES else [OrderRule.INITIAL_STATUS])


@pytest.mark.parametrize(
    ("_case", "changes", "target", "refused"),
    [
        ("three days", {}, S.AWAITING_PROPOSALS, []),
        ("two days", {"days": 2}, S.AWAITING_PROPOSALS, ["Call_Needs_Three_Days"]),
        (
            "a new order with two days",
            {"days": 2, "status": None},
            S.AWAITING_PROPOSALS,
            ["Call_Needs_Three_Days"],
        ),
        (
            "an open call saved again near its end",
            {"days": -1, "status": S.AWAITING_PROPOSALS},
            S.AWAITING_PROPOSALS,
            [],
        ),
        (
            "an open call cut short",
            {"days": 1, "status": S.AWAITING_PROPOSALS, "effective_on_changed": True},
            S.AWAITING_PROPOSALS,
            ["Call_Needs_Three_Days"],
        ),
        (
            "a review that reopens the call too shortly",
            {"days": 2, "status": S.SELECTION_REVIEW},
            S.AWAITING_PROPOSALS,
            ["Call_Needs_Three_Days"],
        ),
        (
            "an unpaid deposit",
            {"deposit_status": "Requested"},
            S.AWAITING_PROPOSALS,
            ["Deposit_Settled"],
        ),
        (
            "an unpaid deposit that nobody requires",
            {"deposit_status": None, "deposit_required": False},
            S.AWAITING_PROPOSALS,
            [],
        ),
        (
            "an unpaid deposit when a review reopens the call",
            {"deposit_status": "Requested", "status": S.SELECTION_REVIEW},
            S.AWAITING_PROPOSALS,
            [],
        ),
        (
            "no manufacturer on an award",
            {"status": S.AWAITING_PROPOSALS, "has_manufacturer": False},
            S.MANUFACTURER_SELECTED,
            ["Winner_Complete", "Winner_Belongs"],
        ),
        (
            "no proposal on an award",
            {"status": S.AWAITING_PROPOSALS, "has_proposal": False},
            S.MANUFACTURER_SELECTED,
            ["Winner_Complete"],
        ),
        (
            "another manufacturer's proposal on an award",
            {"status": S.SELECTION_REVIEW, "proposal_is_manufacturers": False},
            S.MANUFACTURER_SELECTED,
            ["Winner_Belongs"],
        ),
        (
            "the winner swapped later",
            {
                "status": S.IN_PRODUCTION,
                "proposal_is_manufacturers": False,
                "winner_changed": True,
            },
            S.IN_PRODUCTION,
            ["Winner_Belongs"],
        ),
        (
            "a new order that is born awarded, where nothing counts as changed",
            {"status": None, "proposal_is_manufacturers": False, "winner_changed": True},
            S.MANUFACTURER_SELECTED,
            ["Initial_Status"],
        ),
        (
            "an old mismatch that this save does not touch",
            {"status": S.IN_PRODUCTION, "proposal_is_manufacturers": False},
            S.IN_PRODUCTION,
            [],
        ),
        (
            "a batch that nobody accepted",
            {"status": S.FIRST_BATCH_DELIVERED, "qa_result": "Pending"},
            S.COMPLETED,
            ["QA_Accepted"],
        ),
        (
            "a settled dispute needs no acceptance",
            {"status": S.DISPUTED, "qa_result": "Rejected"},
            S.COMPLETED,
            [],
        ),
        (
            "a person cancels without a reason",
            {"status": S.AWAITING_PROPOSALS, "has_selection_reason": False},
            S.CANCELLED_NO_PROPOSALS,
            ["Manual_Selection_Needs_Reason"],
        ),
        (
            "the job needs no reason",
            {
                "status": S.AWAITING_PROPOSALS,
                "has_selection_reason": False,
                "is_operations_user": False,
            },
            S.CANCELLED_NO_PROPOSALS,
            [],
        ),
        (
            "a review needs no second reason",
            {"status": S.SELECTION_REVIEW, "has_selection_reason": False},
            S.MANUFACTURER_SELECTED,
            [],
        ),
        (
            "the run decides an open call",
            {"status": S.AWAITING_PROPOSALS, "is_selection_run_changed": True},
            S.MANUFACTURER_SELECTED,
            [],
        ),
        (
            "the run comes after a person",
            {"status": S.CANCELLED, "is_selection_run_changed": True},
            S.MANUFACTURER_SELECTED,
            ["Status_Transition", "Selection_Still_Open"],
        ),
        (
            "a person put the order into review, and the run would award it",
            {"status": S.SELECTION_REVIEW, "is_selection_run_changed": True},
            S.MANUFACTURER_SELECTED,
            ["Selection_Still_Open"],
        ),
        (
            "the last day moved meanwhile",
            {
                "status": S.AWAITING_PROPOSALS,
                "is_selection_run_changed": True,
                "is_decided_date_current": False,
                "deposit_status": "Refund Due",
            },
            S.CANCELLED_NO_PROPOSALS,
            ["Selection_Date_Unchanged"],
        ),
        (
            "the currency moved meanwhile",
            {
                "status": S.AWAITING_PROPOSALS,
                "is_selection_run_changed": True,
                "is_decided_currency_current": False,
            },
            S.MANUFACTURER_SELECTED,
            ["Selection_Currency_Unchanged"],
        ),
        (
            "the price moved meanwhile",
            {
                "status": S.AWAITING_PROPOSALS,
                "is_selection_run_changed": True,
                "is_decided_price_current": False,
            },
            S.MANUFACTURER_SELECTED,
            ["Selection_Price_Unchanged"],
        ),
        (
            "the deposit went back meanwhile",
            {
                "status": S.AWAITING_PROPOSALS,
                "is_selection_run_changed": True,
                "deposit_status": "Refunded",
            },
            S.MANUFACTURER_SELECTED,
            ["Selection_Deposit_Unchanged"],
        ),
        (
            "the deposit came in meanwhile",
            {"status": S.AWAITING_PROPOSALS, "is_selection_run_changed": True},
            S.CANCELLED_NO_PROPOSALS,
            ["Selection_Deposit_Unchanged"],
        ),
        (
            "the deposit was refunded meanwhile",
            {
                "status": S.AWAITING_PROPOSALS,
                "is_selection_run_changed": True,
                "deposit_status": "Refund Due",
                "is_refund_of_paid": False,
            },
            S.CANCELLED_NO_PROPOSALS,
            ["Selection_Deposit_Unchanged"],
        ),
        (
            "the winner was suspended meanwhile",
            {
                "status": S.AWAITING_PROPOSALS,
                "is_selection_run_changed": True,
                "is_winner_barred": True,
            },
            S.MANUFACTURER_SELECTED,
            ["Selection_Winner_Qualified"],
        ),
        (
            "the run awards without a proposal",
            {
                "status": S.AWAITING_PROPOSALS,
                "is_selection_run_changed": True,
                "has_proposal": False,
            },
            S.MANUFACTURER_SELECTED,
            ["Winner_Complete", "Selection_Price_Unchanged"],
        ),
        (
            "the price does not matter to a cancellation",
            {
                "status": S.AWAITING_PROPOSALS,
                "is_selection_run_changed": True,
                "is_decided_price_current": False,
                "deposit_status": "Refund Due",
            },
            S.CANCELLED_NO_PROPOSALS,
            [],
        ),
    ],
)
def test_each_guard_stops_what_it_is_there_for(_case, changes, target, refused):
    facts = dict(changes)
    effective_on = TODAY + timedelta(days=facts.pop("days", 3))
    situation = replace(GOOD, effective_on=effective_on, **facts)

    assert rules(situation, target) == refused
    first = refusal(situation, target)
    assert (first.rule if first else None) == (refused[0] if refused else None)


def test_the_bypass_for_data_loads_leaves_only_the_complete_winner():
    broken = Situation(
        status=S.COMPLETED,
        today=TODAY,
        effective_on=TODAY - timedelta(days=400),
        effective_on_changed=True,
        deposit_required=True,
        has_proposal=True,
        winner_changed=True,
        is_selection_run_changed=True,
        is_decided_date_current=False,
        is_decided_currency_current=False,
        is_decided_price_current=False,
        is_operations_user=True,
        bypass=True,
    )

    assert {target: rules(broken, target) for target in S if rules(broken, target)} == {
        S.MANUFACTURER_SELECTED: [OrderRule.WINNER_COMPLETE]
    }
    assert len(rules(replace(broken, bypass=False), S.MANUFACTURER_SELECTED)) == 8
