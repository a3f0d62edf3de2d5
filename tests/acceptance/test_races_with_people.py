"""A person edits between the selection's read and its write: the person wins.

The org holds the selection's write at its door while somebody saves, and then lets it through.
"""

from __future__ import annotations

import pytest

from tests.acceptance.backoffice import BackOffice, end, outcomes
from tests.acceptance.builders import a_maker, a_proposal, an_order
from tests.acceptance.market import OPS, Market

pytestmark = [pytest.mark.acceptance, pytest.mark.usefixtures("two_tenders")]

#: The bulk write, and the write of a single order.
BULK, SINGLE = "composite/graph$", "composite$"


def cancel_by_hand(market: Market) -> None:
    reason = {"Selection_Reason__c": "The designer gave up."}
    market.edit(market.ops, "Order", "o1", Status="SELECTION REVIEW", **reason)
    market.edit(market.ops, "Order", "o1", Status="CANCELLED", **reason)


def assert_only_the_other_order_was_decided(market: Market, office: BackOffice) -> None:
    assert market.decisions("o1") == []
    assert market.cases("o1") == []
    assert market.fates("o1") == {"p1": "Submitted", "p2": "Submitted"}
    assert market.order("o2")["Status"] == "MANUFACTURER SELECTED"
    assert {effect["order"] for effect in office.effects()} == {"o2"}


def test_e23_order_cancelled_by_ops_meanwhile_stays_cancelled_and_nothing_is_sent(
    market: Market, office: BackOffice
) -> None:
    with market.holding(BULK):
        process = office.start("select", "run", "--json")
        market.until_held()
        cancel_by_hand(market)
        by_hand = market.snapshot("o1")
    ended = end(process)
    assert ended.code == 0, ended.err
    assert outcomes(ended.json) == [("o1", "SKIP", "NOT_OPEN"), ("o2", "AWARD", "BEST_RANKED")]
    assert market.order("o1")["Status"] == "CANCELLED"
    assert market.snapshot("o1") == by_hand
    assert_only_the_other_order_was_decided(market, office)
    people = {author for field, _, _, author in market.history("o1") if field == "Status"}
    assert people == {OPS}


def test_e23_order_named_on_the_command_line_and_cancelled_meanwhile_stays_cancelled(
    market: Market, office: BackOffice
) -> None:
    report = office.select_meanwhile(SINGLE, lambda: cancel_by_hand(market), order="o1")
    assert outcomes(report) == [("o1", "SKIP", "NOT_OPEN")]
    assert market.order("o1")["Status"] == "CANCELLED"
    assert market.fates("o1") == {"p1": "Submitted", "p2": "Submitted"}
    assert market.decisions("o1") == []
    assert market.cases("o1") == []
    assert office.effects() == []


def test_e23_order_without_proposals_that_gets_one_meanwhile_by_hand_is_not_refunded(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order("o3", Deposit_Status__c="Paid"))
    reason = {"Selection_Reason__c": "A maker called."}

    def review_by_hand() -> None:
        market.edit(market.ops, "Order", "o3", Status="SELECTION REVIEW", **reason)

    report = office.select_meanwhile(BULK, review_by_hand)
    assert ("o3", "SKIP", "NOT_OPEN") in outcomes(report)
    assert market.order("o3")["Status"] == "SELECTION REVIEW"
    assert market.order("o3")["Deposit_Status__c"] == "Paid"
    assert "o3" not in {effect["order"] for effect in office.effects()}


def test_e23_order_that_ops_take_into_review_meanwhile_stays_with_them(
    market: Market, office: BackOffice
) -> None:
    """From review an award is a permitted move, so only the fence keeps the selection out."""

    def take_over() -> None:
        reason = {"Selection_Reason__c": "Maker m1 is in trouble."}
        market.edit(market.ops, "Order", "o1", Status="SELECTION REVIEW", **reason)

    report = office.select_meanwhile(BULK, take_over)
    assert outcomes(report) == [("o1", "SKIP", "NOT_OPEN"), ("o2", "AWARD", "BEST_RANKED")]
    assert market.order("o1")["Status"] == "SELECTION REVIEW"
    assert market.order("o1")["Proposal__c"] is None
    assert_only_the_other_order_was_decided(market, office)


def test_e26_award_by_hand_meanwhile_stays_and_is_recorded_the_next_morning(
    market: Market, office: BackOffice
) -> None:
    def award_by_hand() -> None:
        market.edit(
            market.ops,
            "Order",
            "o1",
            Status="MANUFACTURER SELECTED",
            Proposal__c="@p2",
            Manufacturer__c="@m2",
            Selection_Reason__c="Maker m1 is in trouble.",
        )

    report = office.select_meanwhile(BULK, award_by_hand)
    assert outcomes(report) == [("o1", "SKIP", "NOT_OPEN"), ("o2", "AWARD", "BEST_RANKED")]
    assert market.name_of(market.order("o1")["Proposal__c"]) == "p2"
    assert_only_the_other_order_was_decided(market, office)
    market.at("2025-03-12 07:00")
    assert office.select_here().manual == 1
    assert market.name_of(market.decision("o1")["Winning_Proposal__c"]) == "p2"
    assert market.decision("o1")["Type__c"] == "MANUAL"


def test_e25_winner_moved_to_another_order_meanwhile_is_refused_and_the_runner_up_wins(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order("o4", EffectiveDate="2025-03-20"))

    def move() -> None:
        market.edit(market.ops, "Order_Proposal__c", "p1", Order__c="@o4")

    office.select_meanwhile(BULK, move)
    assert market.fates("o4") == {"p1": "Submitted"}
    assert market.fates("o1") == {"p2": "Won"}
    assert market.name_of(market.order("o1")["Proposal__c"]) == "p2"


def test_e24_order_extended_by_ops_meanwhile_is_no_longer_due_and_stays_open(
    market: Market, office: BackOffice
) -> None:
    def extend() -> None:
        market.edit(market.ops, "Order", "o1", EffectiveDate="2025-03-16")

    report = office.select_meanwhile(BULK, extend)
    assert outcomes(report) == [("o1", "SKIP", "NOT_DUE"), ("o2", "AWARD", "BEST_RANKED")]
    order = market.order("o1")
    assert (order["Status"], order["EffectiveDate"]) == ("AWAITING PROPOSALS", "2025-03-16")
    assert order["Selection_Run__c"] is None
    assert_only_the_other_order_was_decided(market, office)


def test_e25_winner_withdrawn_meanwhile_is_refused_by_the_org_and_the_runner_up_wins(
    market: Market, office: BackOffice
) -> None:
    with market.holding(BULK):
        process = office.start("select", "run", "--json")
        market.until_held()
        market.edit(market.ops, "Order_Proposal__c", "p1", Status__c="Withdrawn")
    ended = end(process)
    assert ended.code == 0, ended.err
    assert outcomes(ended.json) == [
        ("o1", "AWARD", "BEST_RANKED"),
        ("o2", "AWARD", "BEST_RANKED"),
    ]
    assert market.fates("o1") == {"p1": "Withdrawn", "p2": "Won"}
    assert market.name_of(market.order("o1")["Proposal__c"]) == "p2"
    assert market.order("o1")["Awarded_Price__c"] == 1000
    assert market.name_of(market.decision("o1")["Winning_Proposal__c"]) == "p2"
    assert [told for told in office.told() if told[2] == "o1"] == [
        ("award-designer", "hd", "o1"),
        ("award-winner", "m2", "o1"),
    ]


def test_e25_loser_withdrawn_meanwhile_stays_withdrawn_and_the_winner_wins(
    market: Market, office: BackOffice
) -> None:
    def withdraw() -> None:
        market.edit(market.ops, "Order_Proposal__c", "p2", Status__c="Withdrawn")

    office.select_meanwhile(BULK, withdraw)
    assert market.fates("o1") == {"p1": "Won", "p2": "Withdrawn"}
    assert market.decision("o1")["Runner_Up__c"] is None
    assert ("award-regret", "m2", "o1") not in office.told()


def test_price_of_the_winner_changed_meanwhile_is_noticed_and_the_earlier_price_counts(
    market: Market, office: BackOffice
) -> None:
    def raise_price() -> None:
        market.edit(market.ops, "Order_Proposal__c", "p1", Price__c=1200)

    report = office.select_meanwhile(BULK, raise_price)
    assert ("o1", "AWARD", "BEST_RANKED") in outcomes(report)
    order = market.order("o1")
    assert (order["Awarded_Price__c"], order["Price_At_Decision__c"]) == (900, 1200)
    assert market.fates("o1") == {"p1": "Won", "p2": "Reserve"}
    assert len(market.decisions("o1")) == 1


def test_currency_of_the_order_changed_meanwhile_is_noticed_and_the_price_is_converted(
    market: Market, office: BackOffice
) -> None:
    """Figures without their currency would turn 900 EUR into 900 PLN."""

    def switch_to_zloty() -> None:
        market.edit(market.ops, "Order", "o1", CurrencyIsoCode="PLN")

    report = office.select_meanwhile(BULK, switch_to_zloty)
    assert ("o1", "AWARD", "BEST_RANKED") in outcomes(report)
    order = market.order("o1")
    assert (order["CurrencyIsoCode"], order["Decided_Currency__c"]) == ("PLN", "PLN")
    assert (order["Price_At_Decision__c"], order["Awarded_Price__c"]) == (900, 3825)
    assert len(market.decisions("o1")) == 1


def test_e27_unrelated_edit_meanwhile_is_kept_and_the_order_is_awarded(
    market: Market, office: BackOffice
) -> None:
    def describe() -> None:
        market.edit(market.ops, "Order", "o1", Description="Call the designer first.")

    report = office.select_meanwhile(BULK, describe)
    assert ("o1", "AWARD", "BEST_RANKED") in outcomes(report)
    assert market.order("o1")["Description"] == "Call the designer first."
    assert market.order("o1")["Status"] == "MANUFACTURER SELECTED"
    assert len(market.decisions("o1")) == 1


def test_e27_order_named_on_the_command_line_meets_a_412_and_is_awarded_at_the_second_try(
    market: Market, office: BackOffice
) -> None:
    def describe() -> None:
        market.edit(market.ops, "Order", "o1", Description="Call the designer first.")

    report = office.select_meanwhile(SINGLE, describe, order="o1")
    assert outcomes(report) == [("o1", "AWARD", "BEST_RANKED")]
    assert market.order("o1")["Description"] == "Call the designer first."
    assert market.order("o1")["Status"] == "MANUFACTURER SELECTED"
    assert market.cases("o1") == []
    assert len(market.decisions("o1")) == 1
    assert len([w for w in market.writes() if w == "POST composite"]) == 2


def test_large_order_whose_winner_changes_meanwhile_is_still_decided_at_the_second_look(
    market: Market, office: BackOffice
) -> None:
    makers = [a_maker(f"x{n}") for n in range(520)]
    proposals = [a_proposal(f"q{n}", f"x{n}", str(600 + n), order="o2") for n in range(520)]
    market.seed(*makers, *proposals)

    def withdraw() -> None:
        market.edit(market.ops, "Order_Proposal__c", "p3", Status__c="Withdrawn")

    report = office.select_meanwhile(BULK, withdraw)
    assert ("o2", "AWARD", "BEST_RANKED") in outcomes(report)
    assert market.name_of(market.order("o2")["Proposal__c"]) == "q0"
    rows = market.query(
        "SELECT Status__c, COUNT(Id) n FROM Order_Proposal__c "
        "WHERE Order__c = '{o2}' GROUP BY Status__c ORDER BY Status__c"
    )
    counts = {row["Status__c"]: row["n"] for row in rows}
    assert counts == {"Rejected": 518, "Reserve": 1, "Withdrawn": 1, "Won": 1}


def test_deposit_paid_while_the_order_is_cancelled_is_seen_and_given_back(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order("o3", Deposit_Status__c="Requested"))

    def pay() -> None:
        market.edit(market.ops, "Order", "o3", Deposit_Status__c="Paid")

    report = office.select_meanwhile(BULK, pay)
    assert ("o3", "CANCEL", "NO_PROPOSALS") in outcomes(report)
    assert market.order("o3")["Deposit_Status__c"] == "Refund Due"
    assert ("refund-deposit", "hd", "o3") in office.told()


def test_deposit_refunded_by_hand_while_the_order_is_cancelled_is_not_refunded_again(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order("o3", Deposit_Status__c="Paid"))

    def refund() -> None:
        market.edit(market.ops, "Order", "o3", Deposit_Status__c="Refunded")

    report = office.select_meanwhile(BULK, refund)
    assert ("o3", "CANCEL", "NO_PROPOSALS") in outcomes(report)
    assert market.order("o3")["Deposit_Status__c"] == "Refunded"
    assert ("refund-deposit", "hd", "o3") not in office.told()


def test_deposit_that_goes_back_while_the_order_is_awarded_holds_it(
    market: Market, office: BackOffice
) -> None:
    market.seed(
        an_order("o3", Deposit_Required__c=True, Deposit_Status__c="Paid"),
        a_proposal("q1", "m1", "900", order="o3"),
    )

    def take_back() -> None:
        market.edit(market.ops, "Order", "o3", Deposit_Status__c="Refunded")

    report = office.select_meanwhile(BULK, take_back)
    assert ("o3", "HOLD", "DEPOSIT_UNPAID") in outcomes(report)
    assert market.order("o3")["Status"] == "AWAITING PROPOSALS"
    assert market.fates("o3") == {"q1": "Submitted"}


def test_manufacturer_suspended_meanwhile_does_not_win(market: Market, office: BackOffice) -> None:
    def suspend() -> None:
        market.edit(market.ops, "Account", "m1", Qualification_Status__c="Suspended")

    report = office.select_meanwhile(BULK, suspend)
    assert ("o1", "AWARD", "BEST_RANKED") in outcomes(report)
    assert market.name_of(market.order("o1")["Manufacturer__c"]) == "m2"
    assert market.exclusions("o1") == {"p1": "MANUFACTURER_SUSPENDED"}


def test_winner_whose_price_is_cut_short_meanwhile_does_not_win(
    market: Market, office: BackOffice
) -> None:
    def expire() -> None:
        market.edit(market.ops, "Order_Proposal__c", "p1", Valid_Until__c="2025-03-10")

    report = office.select_meanwhile(BULK, expire)
    assert ("o1", "AWARD", "BEST_RANKED") in outcomes(report)
    assert market.name_of(market.order("o1")["Manufacturer__c"]) == "m2"
    assert market.exclusions("o1") == {"p1": "EXPIRED"}


@pytest.mark.parametrize(
    ("account", "parent"), [("m1", "@hd"), ("hd", "@m1")], ids=["daughter", "mother"]
)
def test_winner_that_becomes_part_of_the_designers_group_meanwhile_does_not_win(
    market: Market, office: BackOffice, account: str, parent: str
) -> None:
    def merge() -> None:
        market.edit(market.ops, "Account", account, ParentId=parent)

    report = office.select_meanwhile(BULK, merge)
    assert ("o1", "AWARD", "BEST_RANKED") in outcomes(report)
    assert market.name_of(market.order("o1")["Manufacturer__c"]) == "m2"
    assert market.exclusions("o1") == {"p1": "SELF_BID"}


def test_winner_and_designer_that_get_one_mother_meanwhile_are_kept_apart(
    market: Market, office: BackOffice
) -> None:
    market.seed(a_maker("holding"))

    def merge() -> None:
        market.edit(market.ops, "Account", "m1", ParentId="@holding")
        market.edit(market.ops, "Account", "hd", ParentId="@holding")

    office.select_meanwhile(BULK, merge)
    assert market.name_of(market.order("o1")["Manufacturer__c"]) == "m2"
    assert market.exclusions("o1") == {"p1": "SELF_BID"}


def test_order_that_is_held_and_cancelled_meanwhile_gets_no_note_and_no_decision(
    market: Market, office: BackOffice
) -> None:
    market.seed(
        an_order("o3", Deposit_Required__c=True, Deposit_Status__c="Requested"),
        a_proposal("q1", "m1", "900", order="o3"),
    )

    def review_by_hand() -> None:
        reason = {"Selection_Reason__c": "The designer does not pay."}
        market.edit(market.ops, "Order", "o3", Status="SELECTION REVIEW", **reason)

    report = office.select_meanwhile(SINGLE, review_by_hand)
    assert ("o3", "SKIP", "NOT_OPEN") in outcomes(report)
    assert market.order("o3")["Status"] == "SELECTION REVIEW"
    assert market.order("o3")["Selection_Note__c"] is None
    assert market.decisions("o3") == market.cases("o3") == []


def test_cancellations_are_in_the_first_write_while_their_proof_is_fresh(
    market: Market, office: BackOffice
) -> None:
    """Otherwise a proposal could arrive during the many calls that a long morning needs."""
    makers = [a_maker(f"x{n}") for n in range(600)]
    proposals = [a_proposal(f"q{n}", f"x{n}", "900", order=f"f{n % 2}") for n in range(600)]
    market.seed(*makers, an_order("f0"), an_order("f1"), *proposals)
    market.seed(an_order("f2"))

    with market.holding(BULK, when="after"):
        running = office.start("select", "run", "--json")
        market.until_held()
        statuses = [market.order(ref)["Status"] for ref in ("f2", "f1")]
    assert end(running).code == 0

    assert statuses == ["CANCELLED NO PROPOSALS", "AWAITING PROPOSALS"]
