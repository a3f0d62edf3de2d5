"""What a decision asks for outside the org, as effects to be queued.

Owns who hears of what: the winner of the award, losers of theirs alone, the hardware designer of
the outcome; a cancelled order with a paid deposit gets it back.
"""

from __future__ import annotations

from html import escape

from jobs.effects import Effect, EffectKind
from tenders.decision import Decision, Outcome
from tenders.model import DEPOSIT_PAID, Tender
from tenders.notices import Notice, losing_proposals, regret_notice, winner_notice


def effects_of(decision: Decision, decision_key: str) -> list[Effect]:
    """Effects of one stored decision, keyed by its external ID; none for SKIP and HOLD."""
    if decision.outcome is Outcome.AWARD:
        return award_effects(decision, decision_key)
    if decision.outcome is Outcome.CANCEL:
        return cancel_effects(decision, decision_key)
    return []


def award_effects(decision: Decision, key: str) -> list[Effect]:
    """The winner, every loser that expects an answer, and the hardware designer."""
    tender, winner = decision.inputs.tender, decision.winner
    if winner is None:
        raise ValueError(f"Order {tender.order_number} is awarded to nobody.")
    recipient = winner.manufacturer.account_id
    effects = [from_notice(winner_notice(decision), key, "award-winner", recipient, tender)]
    for proposal in losing_proposals(decision):
        if proposal.manufacturer is not None:
            loser = proposal.manufacturer.account_id
            notice = regret_notice(decision, proposal.id)
            effects.append(from_notice(notice, key, "award-regret", loser, tender))
    maker = winner.manufacturer.name or "a manufacturer"
    words = f"{maker} was selected for your order {tell(tender)} at {winner.price}."
    effects.append(to_designer(key, "award-designer", tender, "Your order has a maker", words))
    return effects


def cancel_effects(decision: Decision, key: str) -> list[Effect]:
    """The hardware designer is told, and a paid deposit is asked back."""
    tender = decision.inputs.tender
    paid = tender.deposit_status == DEPOSIT_PAID
    words = f"No manufacturer made a proposal for your order {tell(tender)}; it is cancelled."
    words += " Your deposit is on its way back to you." if paid else ""
    effects = [to_designer(key, "cancel-designer", tender, "Your order is cancelled", words)]
    if paid:
        effects.append(
            Effect(key, EffectKind.REFUND, "refund-deposit", tender.account_id, tender.order_id)
        )
    return effects


def from_notice(notice: Notice, key: str, template: str, recipient: str, tender: Tender) -> Effect:
    """A notice to a manufacturer as an effect."""
    return Effect(
        key,
        EffectKind.NOTICE,
        template,
        recipient,
        tender.order_id,
        notice.subject,
        notice.text,
        notice.html,
    )


def to_designer(key: str, template: str, tender: Tender, subject: str, words: str) -> Effect:
    """A message to the order's hardware designer."""
    return Effect(
        key,
        EffectKind.NOTICE,
        template,
        tender.account_id,
        tender.order_id,
        f"{subject}: {' '.join(tell(tender).split())}",
        words,
        f"<p>{escape(words)}</p>",
    )


def tell(tender: Tender) -> str:
    """An order as its parties know it."""
    return f"{tender.order_number} ({tender.name})" if tender.name else tender.order_number
