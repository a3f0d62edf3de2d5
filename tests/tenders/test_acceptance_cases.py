"""The acceptance table of the selection, E1 to E21 and E44, as far as pure rules decide it."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import pytest

from money import Money
from tenders.model import OnNoneEligible, Policy, Rates
from tenders.outcomes import Outcome, Reason
from tenders.strategies import TieBreak
from tests.tenders.builders import a_change, a_proposal, decided, excluded, local, ranked


def outcome_of(decision):
    return decision.outcome, decision.reason


def test_e1_the_cheaper_of_two_is_awarded_and_the_other_is_the_runner_up():
    decision = decided(a_proposal(1, "1000"), a_proposal(2, "900"))

    assert outcome_of(decision) == (Outcome.AWARD, Reason.BEST_RANKED)
    assert decision.winner.proposal.number == 2
    assert decision.awarded_price == Money(90000, "EUR")
    assert decision.awarded_in_order_currency == Money(90000, "EUR")
    assert decision.runner_up.proposal.number == 1
    assert decision.margin_to_second == Money(10000, "EUR")
    assert (decision.tie_break, decision.is_late) == (None, False)
    assert [(one.rank, one.comparable) for one in decision.ranking] == [(1, 900), (2, 1000)]


def test_e2_an_order_due_today_is_left_alone_and_its_prices_are_not_looked_at():
    decision = decided(a_proposal(1), effective_on=date(2025, 3, 11))

    assert outcome_of(decision) == (Outcome.SKIP, Reason.NOT_DUE)
    assert (decision.ranking, decision.exclusions, decision.winner) == ((), (), None)

    tomorrow = decided(a_proposal(1), effective_on=date(2025, 3, 11), today=date(2025, 3, 12))
    assert tomorrow.outcome is Outcome.AWARD


def test_e3_an_order_without_any_proposal_is_cancelled():
    assert outcome_of(decided()) == (Outcome.CANCEL, Reason.NO_PROPOSALS)


def test_e4_an_order_due_nine_days_ago_is_decided_now_and_flagged_late():
    decision = decided(
        a_proposal(1, created_at=local("2025-02-20T10:00:00")), effective_on=date(2025, 3, 1)
    )

    assert (decision.outcome, decision.is_late) == (Outcome.AWARD, True)


@pytest.mark.parametrize(
    "proposals", [[], [a_proposal(1, created_at=local("2023-03-01T10:00:00"))]]
)
def test_e5_an_order_due_two_years_ago_goes_to_a_person(proposals):
    decision = decided(*proposals, effective_on=date(2023, 3, 10))

    assert outcome_of(decision) == (Outcome.REVIEW, Reason.STALE)
    assert (decision.winner, decision.awarded_price) == (None, None)
    assert len(decision.ranking) == len(proposals)


@pytest.mark.parametrize(("days", "outcome"), [(90, Outcome.AWARD), (91, Outcome.REVIEW)])
def test_e5_the_limit_is_configurable_and_counts_whole_days(days, outcome):
    proposal = a_proposal(1, created_at=local("2024-01-01T10:00:00"))
    due_on = date.fromordinal(date(2025, 3, 11).toordinal() - days)

    assert decided(proposal, effective_on=due_on).outcome is outcome
    assert decided(proposal, effective_on=due_on, policy=Policy(stale_after_days=5)).outcome is (
        Outcome.REVIEW
    )


def test_e6_the_earlier_of_two_equal_prices_wins_in_a_thousand_shuffles():
    first = a_proposal(2, submitted_at=local("2025-03-07T10:00:00"))
    second = a_proposal(1, submitted_at=local("2025-03-07T10:05:00"))
    proposals = [first, second, *(a_proposal(n, "950") for n in range(3, 8))]
    expected = decided(*proposals)
    assert expected.winner.proposal == first
    assert expected.tie_break is TieBreak.EARLIEST_SUBMISSION
    assert expected.margin_to_second == Money(0, "EUR")

    shuffler = random.Random(6)
    for _ in range(1000):
        shuffler.shuffle(proposals)
        assert decided(*proposals).result_json() == expected.result_json()


def test_e7_the_lowest_number_wins_at_equal_price_and_second():
    decision = decided(a_proposal(10), a_proposal(9))

    assert decision.winner.proposal.number == 9
    assert decision.tie_break is TieBreak.LOWEST_NUMBER


def test_e7_the_numbers_are_compared_as_numbers():
    long, short = a_proposal(10), a_proposal(9)
    decision = decided(
        a_proposal(10, id=short.id, name="OP-10"), a_proposal(9, id=long.id, name="OP-9")
    )

    assert decision.winner.proposal.name == "OP-9"


def test_e8_prices_in_two_currencies_are_compared_in_the_orders_currency():
    rates = Rates("USD", {"EUR": Decimal("0.90")}, "CurrencyType", local("2025-03-11T06:00:00"))
    decision = decided(a_proposal(1, "950"), a_proposal(2, "1000", currency="USD"), rates=rates)

    assert decision.winner.proposal.number == 2
    assert decision.winner.comparable == 900
    assert decision.awarded_price == Money(100000, "USD")
    assert decision.awarded_in_order_currency == Money(90000, "EUR")
    assert decision.margin_to_second == Money(5556, "USD")
    assert decision.rates_used == {"EUR": "0.9", "USD": "1"}
    assert '"as_of":"2025-03-11T05:00:00Z"' in decision.inputs_json()


def test_e9_a_proposal_without_a_rate_is_left_out_and_the_next_wins():
    decision = decided(a_proposal(1, "1", currency="GBP"), a_proposal(2, "900"))

    assert decision.winner.proposal.number == 2
    assert excluded(decision) == {"1": "NO_RATE"}
    assert decision.exclusions[0].words == "There is no exchange rate from GBP to EUR."


def test_e9_only_proposals_without_a_rate_go_to_a_person():
    decision = decided(a_proposal(1, "1", currency="GBP"))

    assert outcome_of(decision) == (Outcome.REVIEW, Reason.NO_ELIGIBLE)


def test_e9_proposals_in_the_orders_own_currency_need_no_rate():
    decision = decided(
        a_proposal(1, "1", currency="GBP"),
        a_proposal(2, "2"),
        currency="GBP",
    )

    assert decision.awarded_price == Money(100, "GBP")
    assert decision.rates_used == {}
    assert excluded(decision) == {"2": "NO_RATE"}


def test_e10_a_missing_price_never_wins():
    decision = decided(a_proposal(1, None), a_proposal(2, "900"))

    assert decision.winner.proposal.number == 2
    assert excluded(decision) == {"1": "PRICE_MISSING"}
    assert decided(a_proposal(1, None)).outcome is Outcome.REVIEW


@pytest.mark.parametrize("price", ["0", "0.00", "-5"])
def test_e11_price_zero_or_less_is_excluded_and_never_wins(price):
    decision = decided(a_proposal(1, price), a_proposal(2, "900"))

    assert decision.winner.proposal.number == 2
    assert excluded(decision) == {"1": "PRICE_NOT_POSITIVE"}
    assert decision.exclusions[0].words == f"The price is {price} EUR. It must be above zero."


def test_e12_equal_prices_written_differently_are_a_tie():
    decision = decided(a_proposal(2, "1000.10"), a_proposal(1, "1000.1"))

    assert decision.winner.proposal.number == 1
    assert decision.tie_break is TieBreak.LOWEST_NUMBER
    assert decision.margin_to_second == Money(0, "EUR")


@pytest.mark.parametrize(
    ("_case", "submitted", "code"),
    [
        ("half past midnight", "2025-03-11T00:30:00", "LATE"),
        ("the first instant after the last day", "2025-03-11T00:00:00", "LATE"),
        ("the last second of the last day", "2025-03-10T23:59:59", None),
    ],
)
def test_e13_a_proposal_made_after_the_last_day_is_late(_case, submitted, code):
    made_at = local(submitted)
    late = a_proposal(1, "1", created_at=made_at, last_modified_at=made_at)
    decision = decided(late, a_proposal(2, "900"))

    assert excluded(decision).get("1") == code
    assert decision.winner.proposal.number == (2 if code else 1)


def test_e13_the_recorded_submission_counts_before_the_records_creation():
    typed_in_later = local("2025-03-11T00:30:00")
    decision = decided(
        a_proposal(1, "1", submitted_at=local("2025-03-10T17:00:00"), created_at=typed_in_later)
    )

    assert decision.awarded_price == Money(100, "EUR")


def test_e13_says_in_local_time_when_it_came_and_when_the_call_closed():
    decision = decided(a_proposal(1, submitted_at=local("2025-03-11T00:30:00")))

    assert decision.exclusions[0].words == (
        "Submitted 2025-03-11 00:30:00 (CET), after the call closed at 2025-03-11 00:00:00 (CET)."
    )


def test_e14_a_price_lowered_after_the_deadline_counts_as_it_was():
    lowered = a_proposal(
        1,
        "800",
        last_modified_at=local("2025-03-11T06:00:00"),
        price_history=(
            a_change("2025-03-08T09:00:00", "1100", "1000"),
            a_change("2025-03-11T05:30:00", "1000", "850"),
            a_change("2025-03-11T06:00:00", "850", "800"),
        ),
    )
    decision = decided(lowered, a_proposal(2, "900"))

    assert decision.winner.proposal.number == 2
    assert decision.ranking[1].price == Money(100000, "EUR")


def test_e14_a_price_raised_after_the_deadline_is_awarded_as_it_was():
    raised = a_proposal(
        1,
        "950",
        last_modified_at=local("2025-03-11T06:00:00"),
        price_history=(a_change("2025-03-11T06:00:00", "800", "950"),),
    )
    decision = decided(raised, a_proposal(2, "900"))

    assert decision.awarded_price == Money(80000, "EUR")
    assert decision.winner.proposal.price == 950


@pytest.mark.parametrize(
    ("_case", "facts"),
    [
        ("history not read", {"is_history_available": False}),
        (
            "history ends at another price",
            {"price_history": (a_change("2025-03-11T06:00:00", "1000", "850"),)},
        ),
        (
            "history has a gap",
            {
                "price_history": (
                    a_change("2025-03-11T05:00:00", "1000", "900"),
                    a_change("2025-03-11T06:00:00", "850", "800"),
                )
            },
        ),
    ],
)
def test_e14_a_late_edit_without_a_clear_history_goes_to_a_person(_case, facts):
    edited = a_proposal(1, "800", last_modified_at=local("2025-03-11T06:00:00"), **facts)
    decision = decided(edited, a_proposal(2, "900"))

    assert outcome_of(decision) == (Outcome.REVIEW, Reason.LATE_EDIT)
    assert excluded(decision) == {"1": "LATE_EDIT"}
    assert decision.winner is None


def test_e14_an_edit_before_the_deadline_needs_no_history():
    edited = a_proposal(
        1, last_modified_at=local("2025-03-10T23:59:59"), is_history_available=False
    )

    assert decided(edited).awarded_price == Money(90000, "EUR")


def test_e14_a_late_edit_of_something_else_changes_nothing():
    edited = a_proposal(1, last_modified_at=local("2025-03-11T06:00:00"))

    assert decided(edited).awarded_price == Money(90000, "EUR")


def test_e14_a_late_edit_of_a_withdrawn_proposal_needs_no_person():
    withdrawn = a_proposal(
        1,
        status="Withdrawn",
        last_modified_at=local("2025-03-11T06:00:00"),
        is_history_available=False,
    )

    assert decided(withdrawn, a_proposal(2)).outcome is Outcome.AWARD


def test_e15_an_order_whose_only_proposal_is_deleted_is_not_cancelled():
    decision = decided(a_proposal(1, is_deleted=True))

    assert outcome_of(decision) == (Outcome.REVIEW, Reason.ALL_DELETED)
    assert excluded(decision) == {"1": "DELETED"}


def test_e16_an_order_whose_only_proposal_is_withdrawn_goes_to_a_person():
    decision = decided(a_proposal(1, status="Withdrawn"))

    assert outcome_of(decision) == (Outcome.REVIEW, Reason.NO_ELIGIBLE)
    assert excluded(decision) == {"1": "WITHDRAWN"}


def test_e16_the_policy_may_cancel_instead_but_with_its_own_reason():
    policy = Policy(on_none_eligible=OnNoneEligible.CANCEL)
    decision = decided(a_proposal(1, status="Withdrawn"), policy=policy)

    assert outcome_of(decision) == (Outcome.CANCEL, Reason.NO_ELIGIBLE)


def test_e17_a_withdrawn_proposal_does_not_win():
    decision = decided(a_proposal(1, "900", status="Withdrawn"), a_proposal(2, "1000"))

    assert decision.awarded_price == Money(100000, "EUR")
    assert decision.runner_up is None


def test_e18_the_newest_revision_of_a_manufacturer_counts_not_the_cheapest():
    same = {"account_id": "001maker1"}
    decision = decided(
        a_proposal(1, "800", maker=same),
        a_proposal(2, "950", maker=same, created_at=local("2025-03-08T10:00:00")),
        a_proposal(3, "900"),
    )

    assert ranked(decision) == [3, 2]
    assert excluded(decision) == {"1": "SUPERSEDED"}
    assert decision.exclusions[0].words == (
        "The same manufacturer submitted a newer proposal, OP-0000000002."
    )


@pytest.mark.parametrize(
    ("_case", "facts"),
    [
        ("late", {"submitted_at": local("2025-03-11T00:30:00")}),
        ("withdrawn", {"status": "Withdrawn", "created_at": local("2025-03-08T10:00:00")}),
        ("deleted", {"is_deleted": True, "created_at": local("2025-03-08T10:00:00")}),
    ],
)
def test_e18_a_revision_that_does_not_stand_leaves_the_earlier_one_standing(_case, facts):
    same = {"account_id": "001maker1"}
    decision = decided(a_proposal(1, "800", maker=same), a_proposal(2, "950", maker=same, **facts))

    assert decision.awarded_price == Money(80000, "EUR")


def test_e19_an_account_that_is_no_manufacturer_is_left_out():
    decision = decided(
        a_proposal(1, "1", maker={"record_type": "Hardware_Designer"}),
        a_proposal(2, "2", maker={"record_type": None}),
        a_proposal(3, "3", manufacturer=None),
        a_proposal(4, "900"),
    )

    assert decision.winner.proposal.number == 4
    assert excluded(decision) == dict.fromkeys("123", "NOT_MANUFACTURER")


@pytest.mark.parametrize("status", ["Suspended", "Rejected"])
def test_e20_a_manufacturer_that_may_not_work_for_us_is_left_out(status):
    decision = decided(
        a_proposal(1, "1", maker={"qualification_status": status}), a_proposal(2, "900")
    )

    assert decision.winner.proposal.number == 2
    assert excluded(decision) == {"1": "MANUFACTURER_SUSPENDED"}
    assert decision.exclusions[0].words == f"The manufacturer's qualification is {status}."


def test_e20_a_manufacturer_whose_qualification_is_pending_takes_part():
    decision = decided(a_proposal(1, maker={"qualification_status": "Pending"}))

    assert decision.outcome is Outcome.AWARD


@pytest.mark.parametrize(
    ("_case", "maker", "parent"),
    [
        ("the same account", {"account_id": "001designer"}, None),
        ("one parent", {"parent_id": "001group"}, "001group"),
        ("the designer's subsidiary", {"parent_id": "001designer"}, None),
        ("the designer's parent", {"account_id": "001group"}, "001group"),
    ],
)
def test_e21_a_manufacturer_of_the_designers_own_group_is_left_out(_case, maker, parent):
    decision = decided(
        a_proposal(1, "1", maker=maker), a_proposal(2, "900"), account_parent_id=parent
    )

    assert decision.winner.proposal.number == 2
    assert excluded(decision) == {"1": "SELF_BID"}


def test_e21_two_accounts_without_parents_are_no_group():
    assert decided(a_proposal(1)).outcome is Outcome.AWARD


@pytest.mark.parametrize("status", ["Not Requested", "Requested", "Refund Due", "Refunded", None])
def test_e44_an_order_with_an_unpaid_deposit_is_held(status):
    decision = decided(a_proposal(1), deposit_required=True, deposit_status=status)

    assert outcome_of(decision) == (Outcome.HOLD, Reason.DEPOSIT_UNPAID)
    assert decision.winner is None


def test_e44_a_paid_or_unneeded_deposit_holds_nothing():
    paid = decided(a_proposal(1), deposit_required=True, deposit_status="Paid")
    unneeded = decided(a_proposal(1), deposit_required=False, deposit_status="Requested")

    assert paid.outcome is unneeded.outcome is Outcome.AWARD
