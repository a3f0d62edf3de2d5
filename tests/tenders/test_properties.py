"""What holds for every selection, whatever the proposals are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tenders.decision import replay
from tenders.exclusions import ExclusionCode
from tenders.model import ProposalStatus
from tenders.outcomes import Outcome
from tests.tenders.builders import RATES, TODAY, a_change, a_proposal, decided, local

moments = st.integers(-3, 3).map(
    lambda hours: local("2025-03-10T22:00:00") + timedelta(hours=hours)
)
prices = st.none() | st.sampled_from(["-1", "0", "0.01", "900", "900.00", "1125", "3600"]).map(
    Decimal
)


@st.composite
def proposals(draw):
    """Few enough prices, makers and moments that ties and revisions are common."""
    number = draw(st.integers(0, 10**6))
    price = draw(prices)
    history = ()
    if draw(st.booleans()):
        history = (replace(a_change("2025-03-11T00:10:00", "1", "2"), old=draw(prices), new=price),)
    return a_proposal(
        number,
        maker={
            "account_id": f"001maker{draw(st.integers(0, 4))}",
            "name": draw(st.sampled_from(["", "Łódź <b>", "🏭"])),
            "rating": draw(st.none() | st.sampled_from([Decimal("3.5"), Decimal("4")])),
            "record_type": draw(st.sampled_from(["Manufacturer", "Manufacturer", "Other"])),
            "parent_id": draw(st.sampled_from([None, None, "001designer"])),
            "qualification_status": draw(st.sampled_from(["Qualified", "Pending", "Suspended"])),
        },
        id=f"a01{number:08d}",
        price=price,
        currency=draw(st.sampled_from(["EUR", "USD", "PLN", "JPY", "GBP", "XXX"])),
        status=draw(st.sampled_from([*ProposalStatus, *[ProposalStatus.SUBMITTED] * 6, None])),
        submitted_at=draw(st.none() | moments),
        created_at=draw(moments),
        last_modified_at=draw(moments),
        valid_until=draw(st.sampled_from([None, None, TODAY, TODAY - timedelta(days=1)])),
        is_deleted=draw(st.sampled_from([False, False, False, True])),
        price_history=history,
        is_history_available=draw(st.sampled_from([True, True, False])),
    )


fields_of_proposals = st.lists(proposals(), max_size=8, unique_by=lambda proposal: proposal.id)


@given(fields_of_proposals, st.randoms(use_true_random=False))
def test_the_order_of_reading_changes_nothing(field, shuffler):
    shuffled = field[:]
    shuffler.shuffle(shuffled)

    assert decided(*shuffled).result_json() == decided(*field).result_json()
    assert decided(*shuffled).inputs_json() == decided(*field).inputs_json()


@given(fields_of_proposals)
def test_every_proposal_is_either_ranked_or_left_out_with_a_reason(field):
    decision = decided(*field)

    ranked = [one.proposal.id for one in decision.ranking]
    left_out = [one.proposal.id for one in decision.exclusions]
    assert sorted(ranked + left_out) == sorted(proposal.id for proposal in field)
    assert [one.rank for one in decision.ranking] == list(range(1, len(ranked) + 1))
    assert all(0 < len(one.words) <= 255 for one in decision.exclusions)


@given(fields_of_proposals)
def test_the_winner_is_the_least_of_a_total_order(field):
    decision = decided(*field)

    keys = []
    for one in decision.ranking:
        rate = Fraction(RATES.per_base[one.price.currency])
        rating = one.manufacturer.rating
        keys.append(
            (
                Fraction(one.price.to_decimal()) / rate,
                one.proposal.submission_at,
                (rating is None, -(rating or 0)),
                one.proposal.number,
                one.proposal.id,
            )
        )
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    if decision.outcome is Outcome.AWARD:
        assert decision.winner == decision.ranking[0]
        is_tie = len(keys) > 1 and keys[0][0] == keys[1][0]
        assert (decision.tie_break is not None) == is_tie


@given(fields_of_proposals, st.data())
def test_leaving_out_a_loser_of_another_manufacturer_never_changes_the_winner(field, data):
    decision = decided(*field)
    if decision.winner is None:
        return
    maker = decision.winner.manufacturer.account_id
    losers = [p for p in field if p.manufacturer and p.manufacturer.account_id != maker]
    if not losers:
        return
    out = data.draw(st.sampled_from(losers))
    # A revised proposal comes back into play when its newer revision is left out.
    same = [p for p in losers if p.manufacturer.account_id == out.manufacturer.account_id]
    without = decided(*(p for p in field if p not in same))

    assert without.winner.proposal == decision.winner.proposal
    assert without.awarded_price == decision.awarded_price


@given(fields_of_proposals)
def test_only_a_proposal_in_good_standing_is_ever_awarded(field):
    decision = decided(*field)
    if decision.winner is None:
        assert decision.outcome is not Outcome.AWARD
        return
    winner = decision.winner.proposal
    assert (winner.is_deleted, winner.status) == (False, "Submitted")
    assert winner.submission_at < decision.inputs.deadline
    assert winner.manufacturer.record_type == "Manufacturer"
    assert winner.manufacturer.qualification_status != "Suspended"
    assert winner.manufacturer.parent_id is None
    assert decision.awarded_price.minor > 0
    assert all(one.code is not ExclusionCode.LATE_EDIT for one in decision.exclusions)


@given(fields_of_proposals)
def test_a_stored_decision_replays_to_the_same_bytes(field):
    decision = decided(*field)

    again = replay(decision.inputs_json())

    assert again.result_json() == decision.result_json()
    assert again.inputs_json() == decision.inputs_json()
    assert again == decision
