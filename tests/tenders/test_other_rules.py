"""The rules of a selection that the acceptance table does not number."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tenders.exclusions import EXCLUSION_WORDS, ExclusionCode
from tenders.model import Policy, Rates, deadline_of
from tenders.outcomes import Outcome, Reason
from tenders.strategies import STRATEGIES, STRATEGY_NAMES, TieBreak
from tests.tenders.builders import a_proposal, decided, excluded, local


@pytest.mark.parametrize(
    "status",
    ["PENDING VALIDATION", "MANUFACTURER SELECTED", "CANCELLED", "SELECTION REVIEW", "Renamed"],
)
def test_an_order_that_is_not_open_is_left_alone(status):
    decision = decided(a_proposal(1), status=status)

    assert (decision.outcome, decision.reason) == (Outcome.SKIP, Reason.NOT_OPEN)
    assert (decision.ranking, decision.is_late) == ((), False)


@pytest.mark.parametrize(
    ("_case", "facts", "code"),
    [
        ("disqualified", {"status": "Disqualified"}, "DISQUALIFIED"),
        ("rejected in an earlier selection", {"status": "Rejected"}, "NOT_SUBMITTED"),
        ("in reserve since an earlier selection", {"status": "Reserve"}, "NOT_SUBMITTED"),
        ("no status at all", {"status": None}, "NOT_SUBMITTED"),
        ("valid until the day before", {"valid_until": date(2025, 3, 10)}, "EXPIRED"),
        ("valid until the day itself", {"valid_until": date(2025, 3, 11)}, None),
        ("account closed", {"maker": {"is_active": False}}, "MANUFACTURER_INACTIVE"),
        ("half a yen", {"price": Decimal("100.50"), "currency": "JPY"}, "PRICE_NOT_PAYABLE"),
        ("no such currency", {"currency": "XXX"}, "CURRENCY_UNKNOWN"),
        ("no currency", {"currency": ""}, "CURRENCY_UNKNOWN"),
        ("deleted comes before withdrawn", {"is_deleted": True, "status": "Withdrawn"}, "DELETED"),
    ],
)
def test_each_way_to_be_left_out_has_its_code(_case, facts, code):
    decision = decided(a_proposal(1, **facts), a_proposal(2, "1000"))

    assert excluded(decision) == ({"1": code} if code else {})


@pytest.mark.parametrize("rate", [Decimal(0), Decimal(-1), Decimal("NaN")])
def test_a_rate_that_cannot_be_is_no_rate(rate):
    decision = decided(a_proposal(1, currency="USD"), rates=Rates("EUR", {"USD": rate}))

    assert excluded(decision) == {"1": "NO_RATE"}


def test_an_order_in_an_unknown_currency_goes_to_a_person():
    decision = decided(a_proposal(1), currency="XXX", rates=Rates("EUR", {"XXX": Decimal(2)}))

    assert (decision.outcome, excluded(decision)) == (Outcome.REVIEW, {"1": "NO_RATE"})


def test_prices_are_compared_unrounded_although_shown_rounded():
    rates = Rates("EUR", {"USD": Decimal("1.000001")})
    decision = decided(a_proposal(1, "900"), a_proposal(2, "900", currency="USD"), rates=rates)

    assert decision.winner.proposal.number == 2
    assert decision.margin_to_second.minor == 0
    assert decision.tie_break is None


def test_at_equal_price_and_time_the_better_rated_manufacturer_wins_and_unrated_is_last():
    ratings = {1: None, 2: Decimal("3.50"), 3: Decimal("4.25"), 4: Decimal("0")}
    decision = decided(*(a_proposal(n, maker={"rating": r}) for n, r in ratings.items()))

    assert [one.proposal.number for one in decision.ranking] == [3, 2, 4, 1]
    assert decision.tie_break is TieBreak.HIGHER_RATING


def test_the_record_id_decides_when_even_the_numbers_are_missing():
    decision = decided(
        a_proposal(1, id="a02", name="legacy"),
        a_proposal(2, id="a01", name="legacy"),
        a_proposal(3, price="1", status="Withdrawn"),
    )

    assert decision.winner.proposal.id == "a01"
    assert decision.tie_break is TieBreak.LOWEST_RECORD_ID


def test_a_strategy_that_does_not_exist_never_falls_back_to_price():
    decision = decided(a_proposal(1), policy=Policy(strategy_key="best_price", strategy_version=99))

    assert (decision.outcome, decision.reason) == (Outcome.REVIEW, Reason.STRATEGY_UNKNOWN)
    assert decision.ranking == ()


def test_a_proposal_of_another_order_is_the_readers_mistake():
    with pytest.raises(ValueError, match="belongs to order 801other"):
        decided(a_proposal(1, order_id="801other"))


def test_a_proposal_given_twice_is_the_readers_mistake():
    with pytest.raises(ValueError, match="given a proposal twice"):
        decided(a_proposal(1), a_proposal(1, "800"))


@pytest.mark.parametrize(
    ("_case", "day", "zone", "closes"),
    [
        ("winter", date(2025, 3, 10), "Europe/Warsaw", (2025, 3, 10, 23)),
        ("summer", date(2025, 7, 1), "Europe/Warsaw", (2025, 7, 1, 22)),
        ("the day of 23 hours", date(2025, 3, 30), "Europe/Warsaw", (2025, 3, 30, 22)),
        ("the day of 25 hours", date(2025, 10, 26), "Europe/Warsaw", (2025, 10, 26, 23)),
        ("west of Greenwich", date(2025, 3, 10), "America/Los_Angeles", (2025, 3, 11, 7)),
        ("a midnight that does not exist", date(2025, 4, 24), "Africa/Cairo", (2025, 4, 24, 22)),
    ],
)
def test_a_call_closes_with_its_last_day_in_the_business_zone(_case, day, zone, closes):
    assert deadline_of(day, zone).astimezone(UTC) == datetime(*closes, tzinfo=UTC)


def test_the_deadline_follows_the_policys_zone_unless_given():
    late_in_warsaw = a_proposal(1, submitted_at=local("2025-03-11T00:30:00"))

    assert decided(late_in_warsaw).outcome is Outcome.REVIEW
    in_lisbon = decided(late_in_warsaw, policy=Policy(business_zone="Europe/Lisbon"))
    assert in_lisbon.outcome is Outcome.AWARD


def test_every_exclusion_code_has_words_and_fits_its_field():
    assert set(EXCLUSION_WORDS) == set(ExclusionCode)
    assert all(len(code) <= 40 for code in [*ExclusionCode, *Reason])
    assert {key for key, _ in STRATEGIES} == set(STRATEGY_NAMES)
