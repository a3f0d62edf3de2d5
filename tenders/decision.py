"""What becomes of one order on one morning: awarded, cancelled, sent to a person, or left alone.

It owns the order of those questions. People come before machines: an order that somebody closed,
extended, forgot for months or edited in the dark is never awarded or cancelled automatically.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from money import Money, round_to_minor
from tenders.codec import dump, to_plain
from tenders.eligibility import Exclusion, ExclusionCode, sift
from tenders.inputs import Inputs, read_inputs
from tenders.model import (
    DEPOSIT_PAID,
    Policy,
    Proposal,
    Rates,
    Tender,
    deadline_of,
)
from tenders.outcomes import Outcome, Reason
from tenders.prices import as_decimal, rate_between
from tenders.statuses import OrderStatus
from tenders.strategies import STRATEGIES, Ranked, Ranking, TieBreak

__all__ = ["Decision", "Outcome", "Reason", "decide", "replay"]


@dataclass(frozen=True)
class Decision:
    """One order's outcome with everything that explains it.

    `winner`, `awarded_price`, `runner_up` and the margin are there only for an AWARD; `ranking`
    also for a REVIEW or HOLD, so that a person sees what the strategy would say.
    `awarded_price` and `margin_to_second` are in the winner's currency, `awarded_in_order_currency`
    in the order's; both rounded half-even to the minor unit, while the ranking is unrounded.
    `is_late`: the order could have been decided on an earlier day.
    """

    inputs: Inputs
    outcome: Outcome
    reason: Reason
    ranking: tuple[Ranked, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    winner: Ranked | None = None
    runner_up: Ranked | None = None
    awarded_price: Money | None = None
    awarded_in_order_currency: Money | None = None
    margin_to_second: Money | None = None
    tie_break: TieBreak | None = None
    is_late: bool = False
    decided_at: datetime | None = None

    @property
    def inputs_hash(self) -> str:
        """SHA-256 of the canonical inputs, in hexadecimal."""
        return self.inputs.sha256

    def inputs_json(self) -> str:
        """The inputs as stored beside the decision, at most 131,072 ASCII characters."""
        return self.inputs.to_stored()

    def result_json(self) -> str:
        """The outcome as canonical JSON: the same inputs always give the same bytes.

        Says nothing of when it was decided, which is no consequence of the inputs.
        """
        return dump(_result_of(self))

    @cached_property
    def rates_used(self) -> dict[str, str]:
        """Units per base of every currency that a comparison went through; empty when none did."""
        target = self.inputs.tender.currency
        foreign = {one.price.currency for one in self.ranking} - {target}
        used = foreign | {target} if foreign else set()
        rates = {code: self.inputs.rates.rate_of(code) for code in sorted(used)}
        return {code: to_plain(rate) for code, rate in rates.items()}


def decide(
    tender: Tender,
    proposals: Iterable[Proposal],
    rates: Rates,
    policy: Policy,
    business_date: date,
    deadline: datetime | None = None,
    decided_at: datetime | None = None,
) -> Decision:
    """Decide one order from what was read; the same facts always give the same decision.

    `proposals` are all of the order's proposals in any state, deleted ones too, in any order.
    `deadline` is the first instant at which a proposal is late; left out, it follows from the
    order's last day and the policy's time zone. A CANCEL with NO_PROPOSALS says only that none
    were given: the caller proves their absence by a second read before it writes.
    Raises ValueError for proposals of another order or given twice: a mistake of the reader.
    """
    facts = Inputs(
        tender,
        _in_order(tender, proposals),
        rates,
        policy,
        business_date,
        deadline or deadline_of(tender.effective_on, policy.business_zone),
    )
    return _decide(facts, decided_at)


def replay(stored_inputs: str) -> Decision:
    """The decision again, from its stored inputs; its `result_json` is equal byte for byte.

    Raises ReplayImpossible when the stored text does not hold the inputs.
    """
    return _decide(read_inputs(stored_inputs), None)


def _decide(facts: Inputs, decided_at: datetime | None) -> Decision:
    not_today = _find_skip(facts)
    if not_today:
        return Decision(facts, Outcome.SKIP, not_today, decided_at=decided_at)
    ranking, exclusions = _rank(facts)
    outcome, reason = _settle(facts, ranking, exclusions)
    found = _award(facts, ranking) if ranking and outcome is Outcome.AWARD else {}
    return Decision(
        facts,
        outcome,
        reason,
        ranking.places if ranking else (),
        exclusions,
        is_late=_days_since_close(facts) > 1,
        decided_at=decided_at,
        **found,
    )


def _find_skip(facts: Inputs) -> Reason | None:
    """Why the order is not to be decided today; its prices are then not even looked at."""
    if facts.tender.status != OrderStatus.AWAITING_PROPOSALS:
        return Reason.NOT_OPEN
    return Reason.NOT_DUE if _days_since_close(facts) < 1 else None


def _settle(
    facts: Inputs, ranking: Ranking | None, exclusions: tuple[Exclusion, ...]
) -> tuple[Outcome, Reason]:
    tender, policy = facts.tender, facts.policy
    if _days_since_close(facts) > policy.stale_after_days:
        return Outcome.REVIEW, Reason.STALE
    if not facts.proposals:
        return Outcome.CANCEL, Reason.NO_PROPOSALS
    if all(proposal.is_deleted for proposal in facts.proposals):
        return Outcome.REVIEW, Reason.ALL_DELETED
    if any(exclusion.code is ExclusionCode.LATE_EDIT for exclusion in exclusions):
        return Outcome.REVIEW, Reason.LATE_EDIT
    if ranking is None:
        return Outcome.REVIEW, Reason.STRATEGY_UNKNOWN
    if not ranking.places:
        return Outcome(policy.on_none_eligible), Reason.NO_ELIGIBLE
    if tender.deposit_required and tender.deposit_status != DEPOSIT_PAID:
        return Outcome.HOLD, Reason.DEPOSIT_UNPAID
    return Outcome.AWARD, Reason.BEST_RANKED


def _days_since_close(facts: Inputs) -> int:
    return (facts.business_date - facts.tender.effective_on).days


def _rank(facts: Inputs) -> tuple[Ranking | None, tuple[Exclusion, ...]]:
    eligible, exclusions = sift(
        facts.tender,
        facts.proposals,
        facts.rates,
        facts.policy.business_zone,
        facts.business_date,
        facts.deadline,
    )
    rank = STRATEGIES.get((facts.policy.strategy_key, facts.policy.strategy_version))
    ranking = rank(eligible, facts.rates, facts.tender.currency) if rank else None
    return ranking, tuple(exclusions)


def _award(facts: Inputs, ranking: Ranking) -> dict[str, Any]:
    """The winner and what sets it apart, as fields of the decision."""
    winner = ranking.places[0]
    found: dict[str, Any] = {
        "winner": winner,
        "awarded_price": winner.price,
        "awarded_in_order_currency": round_to_minor(winner.comparable, facts.tender.currency),
        "tie_break": ranking.tie_break,
    }
    back = rate_between(facts.rates, facts.tender.currency, winner.price.currency)
    if ranking.margin is not None and back is not None:
        margin = as_decimal(ranking.margin * back)
        found["margin_to_second"] = round_to_minor(margin, winner.price.currency)
        found["runner_up"] = ranking.places[1]
    return found


def _in_order(tender: Tender, proposals: Iterable[Proposal]) -> tuple[Proposal, ...]:
    ordered = tuple(sorted(proposals, key=lambda proposal: proposal.id))
    for proposal in ordered:
        if proposal.order_id != tender.order_id:
            raise ValueError(
                f"Proposal {proposal.name} belongs to order {proposal.order_id}, not to "
                f"{tender.order_id}; give only the order's own proposals."
            )
    if len({proposal.id for proposal in ordered}) != len(ordered):
        raise ValueError(f"Order {tender.order_number} was given a proposal twice; read it again.")
    return ordered


def _result_of(decision: Decision) -> dict[str, Any]:
    facts = decision.inputs
    return {
        "order_id": facts.tender.order_id,
        "business_date": to_plain(facts.business_date),
        "deadline": to_plain(facts.deadline.astimezone(UTC)),
        "inputs_sha256": facts.sha256,
        "strategy": f"{facts.policy.strategy_key}/{facts.policy.strategy_version}",
        "outcome": decision.outcome,
        "reason": decision.reason,
        "is_late": decision.is_late,
        "winner": decision.winner.proposal.id if decision.winner else None,
        "runner_up": decision.runner_up.proposal.id if decision.runner_up else None,
        "awarded_price": to_plain(decision.awarded_price),
        "awarded_in_order_currency": to_plain(decision.awarded_in_order_currency),
        "margin_to_second": to_plain(decision.margin_to_second),
        "tie_break": decision.tie_break,
        "rates_used": decision.rates_used,
        "ranking": [
            {
                "rank": one.rank,
                "proposal": one.proposal.id,
                "price": to_plain(one.price),
                "comparable": to_plain(one.comparable),
            }
            for one in decision.ranking
        ],
        "exclusions": [
            {"proposal": one.proposal.id, "code": one.code, "words": one.words}
            for one in decision.exclusions
        ],
    }
