"""Proposals that take no part in the selection, each for its own reason."""

from __future__ import annotations

import pytest

from tests.acceptance.backoffice import BackOffice, outcomes
from tests.acceptance.builders import a_designer, a_maker, a_proposal, an_order
from tests.acceptance.market import Market, content

pytestmark = pytest.mark.acceptance


def test_e10_price_null_is_excluded_and_never_wins(market: Market, office: BackOffice) -> None:
    market.seed(
        an_order("o1"),
        an_order("o2"),
        a_proposal("empty", "m1", None),
        a_proposal("p2", "m2", "1000"),
        a_proposal("alone", "m1", None, order="o2"),
        checks=False,
    )
    before = market.proposals("o1")["empty"]
    assert outcomes(office.select_here()) == [
        ("o1", "AWARD", "BEST_RANKED"),
        ("o2", "REVIEW", "NO_ELIGIBLE"),
    ]
    assert market.fates("o1") == {"empty": "Submitted", "p2": "Won"}
    assert market.proposals("o1")["empty"] == before
    assert "[PRICE_MISSING]" in market.decision("o1")["Explanation__c"]
    assert "[PRICE_MISSING]" in market.decision("o2")["Explanation__c"]


@pytest.mark.parametrize("price", ["0", "-5"])
def test_e11_price_of_zero_or_less_is_excluded_and_never_wins(
    market: Market, office: BackOffice, price: str
) -> None:
    market.seed(
        an_order(), a_proposal("bad", "m1", price), a_proposal("p2", "m2", "1000"), checks=False
    )
    office.select_here()
    assert market.fates() == {"bad": "Rejected", "p2": "Won"}
    assert market.exclusions() == {"bad": "PRICE_NOT_POSITIVE"}
    assert market.decision()["Margin_To_Second__c"] is None


def test_e13_proposal_made_half_an_hour_after_midnight_is_late(
    market: Market, office: BackOffice
) -> None:
    market.seed(
        an_order(),
        a_proposal("late", "m1", "800", "2025-03-11 00:30"),
        a_proposal("edge", "m2", "850", "2025-03-11 00:00"),
        a_proposal("last", "m3", "900", "2025-03-10 23:59"),
    )
    assert outcomes(office.select()) == [("o1", "AWARD", "BEST_RANKED")]
    assert market.fates() == {"late": "Rejected", "edge": "Rejected", "last": "Won"}
    assert market.exclusions() == {"late": "LATE", "edge": "LATE"}
    assert market.proposals()["late"]["Exclusion_Reason__c"] == (
        "Submitted 2025-03-11 00:30:00 (CET), after the call closed at 2025-03-11 00:00:00 (CET)."
    )


def test_e14_price_lowered_by_ops_after_the_deadline_counts_as_it_was_before(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order(), a_proposal("p1", "m1", "900"), a_proposal("p2", "m2", "850"))
    market.at("2025-03-11 06:00")
    market.edit(market.ops, "Order_Proposal__c", "p1", Price__c=700)
    market.at("2025-03-11 07:00")
    office.select_here()
    assert market.fates() == {"p1": "Reserve", "p2": "Won"}
    assert market.decision()["Margin_To_Second__c"] == 50
    assert (
        "900.00 EUR (the price when the call closed; changed since)"
        in (market.decision()["Explanation__c"])
    )


def test_e14_winner_whose_price_was_lowered_late_is_awarded_at_the_price_before(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order(), a_proposal("p1", "m1", "800"), a_proposal("p2", "m2", "850"))
    market.at("2025-03-11 06:00")
    market.edit(market.ops, "Order_Proposal__c", "p1", Price__c=700)
    market.at("2025-03-11 07:00")
    assert outcomes(office.select_here()) == [("o1", "AWARD", "BEST_RANKED")]
    order = market.order()
    assert market.name_of(order["Proposal__c"]) == "p1"
    assert (order["Awarded_Price__c"], order["Price_At_Decision__c"]) == (800, 700)
    assert market.proposals()["p1"]["Price__c"] == 700


def test_e14_late_edit_whose_earlier_price_is_unknown_sends_the_order_to_review(
    market: Market, office: BackOffice
) -> None:
    market.seed(an_order(), a_proposal("p1", "m1", "900"), a_proposal("p2", "m2", "850"))
    market.at("2025-03-11 06:00")
    market.edit(market.ops, "Order_Proposal__c", "p1", Price__c=750)
    market.edit(market.ops, "Order_Proposal__c", "p1", Price__c=700)
    market.lose_history("p1", "700.00")
    market.at("2025-03-11 07:00")
    assert outcomes(office.select_here()) == [("o1", "REVIEW", "LATE_EDIT")]
    assert market.order()["Status"] == "SELECTION REVIEW"
    assert market.fates() == {"p1": "Submitted", "p2": "Submitted"}
    assert market.exclusions() == {"p1": "LATE_EDIT"}
    assert office.effects() == []


def test_e17_withdrawn_cheapest_loses_to_the_live_one_and_is_not_written_to(
    market: Market, office: BackOffice
) -> None:
    market.seed(
        an_order(),
        a_proposal("gone", "m1", "900", Status__c="Withdrawn"),
        a_proposal("live", "m2", "1000"),
    )
    before = market.proposals()["gone"]
    office.select_here()
    assert market.fates() == {"gone": "Withdrawn", "live": "Won"}
    assert market.proposals()["gone"] == before
    assert office.told() == [("award-designer", "hd", "o1"), ("award-winner", "m2", "o1")]


def test_e18_latest_revision_of_a_manufacturer_counts_not_the_cheapest(
    market: Market, office: BackOffice
) -> None:
    market.seed(
        an_order(),
        a_proposal("first", "m1", "800", "2025-03-05 10:00"),
        a_proposal("revised", "m1", "950", "2025-03-06 10:00"),
        a_proposal("other", "m2", "900"),
    )
    office.select_here()
    assert market.fates() == {"first": "Rejected", "revised": "Reserve", "other": "Won"}
    assert market.exclusions() == {"first": "SUPERSEDED"}
    assert market.decision()["Margin_To_Second__c"] == 50


def test_e19_cheapest_of_an_account_that_is_no_manufacturer_loses_and_other_orders_go_on(
    market: Market, office: BackOffice
) -> None:
    market.seed(a_designer("turned", Name="Turned Designer"))
    market.seed(
        an_order("o1"),
        an_order("o2"),
        a_proposal("p1", "turned", "800"),
        a_proposal("p2", "m2", "900"),
        a_proposal("p3", "m3", "700", order="o2"),
        checks=False,
    )
    before = market.proposals("o1")["p1"]
    assert outcomes(office.select_here()) == [
        ("o1", "AWARD", "BEST_RANKED"),
        ("o2", "AWARD", "BEST_RANKED"),
    ]
    assert market.fates("o1") == {"p1": "Submitted", "p2": "Won"}
    assert content(market.proposals("o1")["p1"]) == content(before)
    assert market.fates("o2") == {"p3": "Won"}
    assert "[NOT_MANUFACTURER]" in market.decision("o1")["Explanation__c"]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"at": "2025-03-11 00:30"}, "LATE"),
        ({"at": "2025-03-06 10:00"}, "SUPERSEDED"),
    ],
)
def test_proposal_that_no_one_can_save_is_not_touched_whatever_it_is_left_out_for(
    market: Market, office: BackOffice, facts: dict[str, str], code: str
) -> None:
    """One such row, written to, would keep its order from ever being decided."""
    market.seed(a_designer("turned", Name="Turned Designer"))
    market.seed(
        an_order("o1"),
        a_proposal("unsavable", "turned", "700", **facts),
        a_proposal("revised", "turned", "650", "2025-03-07 10:00"),
        a_proposal("priceless", "m3", None, "2025-03-11 00:30"),
        a_proposal("fair", "m2", "900"),
        checks=False,
    )
    assert outcomes(office.select_here()) == [("o1", "AWARD", "BEST_RANKED")]
    assert market.fates() == {
        "unsavable": "Submitted",
        "revised": "Submitted",
        "priceless": "Submitted",
        "fair": "Won",
    }
    assert f"[{code}]" in market.decision("o1")["Explanation__c"]


@pytest.mark.parametrize("qualification", ["Suspended", "Rejected"])
def test_e20_cheapest_of_a_suspended_manufacturer_is_excluded_and_the_next_wins(
    market: Market, office: BackOffice, qualification: str
) -> None:
    market.seed(a_maker("m4", Qualification_Status__c=qualification))
    market.seed(an_order(), a_proposal("p1", "m4", "800"), a_proposal("p2", "m2", "900"))
    office.select_here()
    assert market.fates() == {"p1": "Rejected", "p2": "Won"}
    assert market.exclusions() == {"p1": "MANUFACTURER_SUSPENDED"}
    assert market.proposals()["p1"]["Exclusion_Reason__c"] == (
        f"The manufacturer's qualification is {qualification}."
    )


def test_e21_proposal_of_the_designer_itself_or_of_its_group_is_a_self_bid(
    market: Market, office: BackOffice
) -> None:
    market.seed(
        a_maker("group", Name="Group"),
        a_maker("own", ParentId="@group"),
        a_designer("hd2", ParentId="@group"),
    )
    market.seed(
        an_order("o1", AccountId="@hd2"),
        an_order("o2", AccountId="@own"),
        a_proposal("sister", "own", "800"),
        a_proposal("parent", "group", "810"),
        a_proposal("honest", "m2", "900"),
        a_proposal("itself", "own", "800", order="o2"),
        a_proposal("fair", "m2", "900", order="o2"),
    )
    office.select_here()
    assert market.fates("o1") == {"sister": "Rejected", "parent": "Rejected", "honest": "Won"}
    assert market.exclusions("o1") == {"sister": "SELF_BID", "parent": "SELF_BID"}
    assert market.fates("o2") == {"itself": "Rejected", "fair": "Won"}
    assert market.exclusions("o2") == {"itself": "SELF_BID"}


def test_proposal_left_out_one_morning_and_back_the_next_shows_no_old_reason(
    market: Market, office: BackOffice
) -> None:
    market.seed(a_maker("m4", Qualification_Status__c="Suspended"))
    market.seed(an_order(), a_proposal("p1", "m4", "800"))
    office.select_here()
    assert market.order()["Status"] == "SELECTION REVIEW"
    assert market.exclusions() == {"p1": "MANUFACTURER_SUSPENDED"}
    market.edit(market.ops, "Account", "m4", Qualification_Status__c="Qualified")
    market.edit(market.ops, "Order", "o1", Status="AWAITING PROPOSALS", EffectiveDate="2025-03-14")
    market.at("2025-03-15 07:00")
    office.select_here()
    winner = market.proposals()["p1"]
    assert (winner["Status__c"], winner["Rank__c"]) == ("Won", 1)
    assert (winner["Exclusion_Code__c"], winner["Exclusion_Reason__c"]) == (None, None)
