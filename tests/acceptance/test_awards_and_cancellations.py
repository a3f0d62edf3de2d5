"""What a morning makes of an order: awarded, cancelled, sent to a person, or left for later."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.acceptance.backoffice import BackOffice, outcomes
from tests.acceptance.builders import MONDAY, TUESDAY, a_maker, a_proposal, an_order
from tests.acceptance.market import INTEGRATION, Market

pytestmark = pytest.mark.acceptance


def test_e01_cheapest_of_two_proposals_is_awarded_and_the_other_kept_in_reserve(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order(), a_proposal("p1", "m1", "900"), a_proposal("p2", "m2", "1000"))
    report = office.select()
    assert outcomes(report) == [("o1", "AWARD", "BEST_RANKED")]
    order = market.order()
    assert order["Status"] == "MANUFACTURER SELECTED"
    assert market.name_of(order["Proposal__c"]) == "p1"
    assert market.name_of(order["Manufacturer__c"]) == "m1"
    assert order["Manufacturer_Selected_Date__c"] == "2025-03-11T06:00:00.000+0000"
    assert order["Awarded_Price__c"] == 900
    assert order["Price_At_Decision__c"] == 900
    assert order["Decided_Due_Date__c"] == MONDAY
    assert order["Decided_Currency__c"] == "EUR"
    assert order["EffectiveDate"] == MONDAY
    assert market.fates() == {"p1": "Won", "p2": "Reserve"}
    assert {n: p["Rank__c"] for n, p in market.proposals().items()} == {"p1": 1, "p2": 2}
    assert ("Status", "AWAITING PROPOSALS", "MANUFACTURER SELECTED", INTEGRATION) in (
        market.history()
    )


def test_e01_the_decision_tells_winner_runner_up_margin_and_run(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order(), a_proposal("p1", "m1", "900"), a_proposal("p2", "m2", "1000"))
    office.select_here()
    decision = market.decision()
    (run,) = market.runs()
    assert decision["Outcome__c"] == "AWARD"
    assert decision["Type__c"] == "AUTOMATIC"
    assert decision["Reason_Code__c"] == "BEST_RANKED"
    assert market.name_of(decision["Winning_Proposal__c"]) == "p1"
    assert market.name_of(decision["Runner_Up__c"]) == "p2"
    assert market.name_of(decision["Manufacturer__c"]) == "m1"
    assert decision["Awarded_Price__c"] == 900
    assert decision["Margin_To_Second__c"] == 100
    assert decision["Strategy_Key__c"] == "best_price"
    assert decision["Strategy_Version__c"] == 1
    assert decision["Proposals_Considered__c"] == 2
    assert decision["Proposals_Excluded__c"] == 0
    assert decision["Business_Date__c"] == TUESDAY
    assert decision["Decided_At__c"] == "2025-03-11T06:00:00.000+0000"
    assert decision["Late__c"] is False
    assert decision["Selection_Run__c"] == run["Id"] == market.order()["Selection_Run__c"]
    assert run["External_Id__c"] == "run:Europe/Warsaw:2025-03-11"
    assert run["Status__c"] == "Completed"
    assert (run["Orders_Due__c"], run["Awarded__c"], run["Cancelled__c"]) == (1, 1, 0)
    assert office.told() == [
        ("award-designer", "hd", "o1"),
        ("award-regret", "m2", "o1"),
        ("award-winner", "m1", "o1"),
    ]


def test_e02_order_due_today_is_untouched_and_decided_the_next_morning(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order(EffectiveDate=TUESDAY), a_proposal("p1", "m1", "900"))
    before = market.snapshot()
    assert outcomes(office.select_here()) == []
    assert market.snapshot() == before
    assert market.decisions() == []
    assert office.effects() == []
    market.at("2025-03-12 07:00")
    assert outcomes(office.select_here()) == [("o1", "AWARD", "BEST_RANKED")]
    assert market.order()["Status"] == "MANUFACTURER SELECTED"


def test_e03_order_without_proposals_is_cancelled_and_the_deposit_refund_is_queued_once(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order(Deposit_Required__c=True, Deposit_Status__c="Paid"))
    assert outcomes(office.select()) == [("o1", "CANCEL", "NO_PROPOSALS")]
    assert market.order()["Status"] == "CANCELLED NO PROPOSALS"
    assert market.order()["Deposit_Status__c"] == "Refund Due"
    assert market.order()["Proposal__c"] is None
    assert market.decision()["Outcome__c"] == "CANCEL"
    once = [("cancel-designer", "hd", "o1"), ("refund-deposit", "hd", "o1")]
    assert office.told() == once
    assert [e["kind"] for e in office.effects()] == ["notice", "refund"]
    after = market.snapshot()
    assert office.select()["outcome"] == "already completed"
    market.at("2025-03-12 07:00")
    assert outcomes(office.select_here()) == []
    assert outcomes(office.select_here(order="o1")) == [("o1", "SKIP", "NOT_OPEN")]
    assert office.told() == once
    assert market.snapshot() == after


def test_e03_without_a_paid_deposit_the_designer_is_told_and_nothing_is_refunded(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order(Deposit_Status__c="Requested", Deposit_Required__c=True))
    office.select_here()
    assert market.order()["Status"] == "CANCELLED NO PROPOSALS"
    assert market.order()["Deposit_Status__c"] == "Requested"
    assert office.told() == [("cancel-designer", "hd", "o1")]


def test_e04_order_that_waited_nine_days_is_decided_and_flagged_late_in_a_catch_up_run(
    market: Market, office: BackOffice
) -> None:
    market.seed(
        an_order(EffectiveDate="2025-03-01"), a_proposal("p1", "m1", "900", "2025-02-28 10:00")
    )
    report = office.select_here()
    assert outcomes(report) == [("o1", "AWARD", "BEST_RANKED")]
    assert report.catch_up is True
    assert market.decision()["Late__c"] is True
    (run,) = market.runs()
    assert run["Catch_Up__c"] is True


def test_e05_order_due_two_years_ago_goes_to_review_and_is_neither_awarded_nor_cancelled(
    market: Market, office: BackOffice
) -> None:
    market.seed(
        an_order("o1", EffectiveDate="2023-03-10"),
        an_order("o2", EffectiveDate="2023-03-10"),
        a_proposal("p1", "m1", "900", "2023-03-01 10:00"),
    )
    assert outcomes(office.select_here()) == [
        ("o1", "REVIEW", "STALE"),
        ("o2", "REVIEW", "STALE"),
    ]
    for ref in ("o1", "o2"):
        assert market.order(ref)["Status"] == "SELECTION REVIEW"
        assert market.order(ref)["Proposal__c"] is None
        assert market.decision(ref)["Reason_Code__c"] == "STALE"
    assert "732 days ago" in market.order()["Selection_Note__c"]
    assert market.fates() == {"p1": "Submitted"}
    assert office.effects() == []


def test_e06_equal_prices_go_to_the_earlier_submission_and_the_tie_break_is_named(
    market: Market, office: BackOffice
) -> None:
    market.seed(
        an_order(),
        a_proposal("p1", "m1", "900", "2025-03-07 10:05"),
        a_proposal("p2", "m2", "900", "2025-03-07 10:00"),
    )
    assert outcomes(office.select()) == [("o1", "AWARD", "BEST_RANKED")]
    assert market.fates() == {"p1": "Reserve", "p2": "Won"}
    assert market.decision()["Tie_Break__c"] == "EARLIEST_SUBMISSION"
    assert market.decision()["Margin_To_Second__c"] == 0
    assert "was submitted first, 2025-03-07 10:00:00 (CET)" in market.decision()["Explanation__c"]


def test_e07_equal_price_and_second_go_to_the_lowest_auto_number(
    market: Market, office: BackOffice
) -> None:
    market.seed(
        an_order(),
        a_proposal("first", "m3", "900"),
        a_proposal("second", "m1", "900"),
        a_proposal("third", "m2", "900"),
    )
    office.select_here()
    assert market.proposals()["first"]["Name"] == "OP-0000000001"
    assert market.fates() == {"first": "Won", "second": "Reserve", "third": "Rejected"}
    assert market.decision()["Tie_Break__c"] == "LOWEST_NUMBER"


def test_e08_prices_in_two_currencies_are_compared_at_the_orgs_rate_which_is_stored(
    market: Market, office: BackOffice
) -> None:
    (usd,) = market.query("SELECT Id FROM CurrencyType WHERE IsoCode = 'USD'")
    market.admin.change("CurrencyType", usd["Id"], ConversionRate=1.111111)
    market.seed(
        an_order(),
        a_proposal("dollars", "m1", "1000", CurrencyIsoCode="USD"),
        a_proposal("euros", "m2", "950"),
    )
    office.select_here()
    assert market.fates() == {"dollars": "Won", "euros": "Reserve"}
    decision, order = market.decision(), market.order()
    assert (decision["Awarded_Price__c"], decision["CurrencyIsoCode"]) == (1000, "USD")
    assert order["Awarded_Price__c"] == 900
    assert order["CurrencyIsoCode"] == "EUR"
    assert order["Price_At_Decision__c"] == 1000
    assert "Exchange rates per 1 EUR: 1 EUR, 1.111111 USD" in decision["Explanation__c"]
    assert "as of 2025-03-11 06:00:00 UTC" in decision["Explanation__c"]
    assert '"USD":"1.111111"' in decision["Inputs__c"]


def test_e09_proposal_without_a_rate_is_left_out_and_alone_it_goes_to_review(
    market: Market, office: BackOffice
) -> None:
    (gbp,) = market.query("SELECT Id FROM CurrencyType WHERE IsoCode = 'GBP'")
    market.admin.change("CurrencyType", gbp["Id"], IsActive=False)
    market.seed(
        an_order("o1"),
        an_order("o2"),
        a_proposal("pounds", "m1", "10", CurrencyIsoCode="GBP"),
        a_proposal("euros", "m2", "950"),
        a_proposal("alone", "m1", "10", order="o2", CurrencyIsoCode="GBP"),
        checks=False,
    )
    assert outcomes(office.select_here()) == [
        ("o1", "AWARD", "BEST_RANKED"),
        ("o2", "REVIEW", "NO_ELIGIBLE"),
    ]
    assert market.fates() == {"pounds": "Rejected", "euros": "Won"}
    assert market.exclusions("o1") == {"pounds": "NO_RATE"}
    assert market.exclusions("o2") == {"alone": "NO_RATE"}
    assert market.order("o2")["Status"] == "SELECTION REVIEW"


def test_e12_prices_that_differ_only_in_trailing_zeros_are_a_tie(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order(), an_order("o2"))
    for ref, maker, price in (("p1", "m1", "1000.10"), ("p2", "m2", "1000.1")):
        market.seed(a_proposal(ref, maker, price))
    market.seed(a_proposal("p3", "m1", "0.30", order="o2"))
    market.seed(a_proposal("p4", "m2", "0.3", order="o2"))
    office.select_here()
    for ref in ("o1", "o2"):
        assert market.decision(ref)["Tie_Break__c"] == "LOWEST_NUMBER"
        assert market.decision(ref)["Margin_To_Second__c"] == 0
    assert market.fates("o1") == {"p1": "Won", "p2": "Reserve"}
    assert market.fates("o2") == {"p3": "Won", "p4": "Reserve"}
    assert Decimal(str(market.order("o1")["Awarded_Price__c"])) == Decimal("1000.1")


def test_e15_order_whose_only_proposal_is_in_the_recycle_bin_is_reviewed_not_cancelled(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order(), a_proposal("p1", "m1", "900"))
    deleted = market.admin.call("DELETE", f"sobjects/Order_Proposal__c/{market.ids['p1']}")
    assert deleted.status_code == 204
    assert outcomes(office.select_here()) == [("o1", "REVIEW", "ALL_DELETED")]
    assert market.order()["Status"] == "SELECTION REVIEW"
    assert market.decision()["Reason_Code__c"] == "ALL_DELETED"
    assert office.effects() == []


def test_e16_order_whose_only_proposal_is_withdrawn_is_reviewed_as_no_eligible(
    market: Market, office: BackOffice
) -> None:
    market.seed(
        an_order("o1"),
        an_order("o2"),
        a_proposal("p1", "m1", "900", Status__c="Withdrawn"),
    )
    before = market.proposals()
    assert outcomes(office.select_here()) == [
        ("o1", "REVIEW", "NO_ELIGIBLE"),
        ("o2", "CANCEL", "NO_PROPOSALS"),
    ]
    assert market.order("o1")["Status"] == "SELECTION REVIEW"
    assert market.order("o2")["Status"] == "CANCELLED NO PROPOSALS"
    assert market.proposals() == before
    assert "[WITHDRAWN]" in market.decision("o1")["Explanation__c"]


def test_e26_award_by_hand_before_the_run_is_untouched_and_recorded_as_manual(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order(), a_proposal("p1", "m1", "900"), a_proposal("p2", "m2", "1000"))
    market.at("2025-03-11 06:50")
    market.edit(
        market.ops,
        "Order",
        "o1",
        Status="MANUFACTURER SELECTED",
        Proposal__c="@p2",
        Manufacturer__c="@m2",
        Selection_Reason__c="Maker m1 has no capacity.",
    )
    by_hand = market.snapshot()
    market.at("2025-03-11 07:00")
    report = office.select_here()
    assert (outcomes(report), report.manual) == ([], 1)
    assert market.snapshot() == by_hand
    decision = market.decision()
    assert (decision["Type__c"], decision["Outcome__c"]) == ("MANUAL", "AWARD")
    assert market.name_of(decision["Winning_Proposal__c"]) == "p2"
    assert market.name_of(decision["Manufacturer__c"]) == "m2"
    assert decision["Awarded_Price__c"] == 1000
    assert decision["Decided_At__c"] == "2025-03-11T05:50:05.000+0000"
    assert "Reason: Maker m1 has no capacity." in decision["Explanation__c"]
    assert office.effects() == []
    market.at("2025-03-12 07:00")
    assert office.select_here().manual == 0
    assert len(market.decisions()) == 1


def test_e44_order_with_an_unpaid_deposit_is_held_and_awarded_once_it_is_paid(
    market: Market, office: BackOffice
) -> None:
    market.seed(
        an_order(Deposit_Required__c=True, Deposit_Status__c="Requested"),
        a_proposal("p1", "m1", "900"),
    )
    assert outcomes(office.select_here()) == [("o1", "HOLD", "DEPOSIT_UNPAID")]
    assert market.order()["Status"] == "AWAITING PROPOSALS"
    assert market.fates() == {"p1": "Submitted"}
    assert office.effects() == []
    market.edit(market.ops, "Order", "o1", Deposit_Status__c="Paid")
    market.at("2025-03-12 07:00")
    assert outcomes(office.select_here()) == [("o1", "AWARD", "BEST_RANKED")]
    assert market.fates() == {"p1": "Won"}


def test_hundreds_of_losers_are_all_marked_though_one_graph_cannot_hold_them(
    market: Market, office: BackOffice
) -> None:
    makers = [a_maker(f"x{n}") for n in range(520)]
    proposals = [a_proposal(f"q{n}", f"x{n}", str(1000 + n)) for n in range(520)]
    market.seed(an_order(), *makers, *proposals)
    assert outcomes(office.select_here()) == [("o1", "AWARD", "BEST_RANKED")]
    rows = market.query(
        "SELECT Status__c, COUNT(Id) n FROM Order_Proposal__c "
        "WHERE Order__c = '{o1}' GROUP BY Status__c ORDER BY Status__c"
    )
    counts = {row["Status__c"]: row["n"] for row in rows}
    assert counts == {"Rejected": 518, "Reserve": 1, "Won": 1}
    assert len(office.effects()) == 521
