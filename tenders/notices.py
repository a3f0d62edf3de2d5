"""What manufacturers are told when an order is awarded.

It owns what may be said to whom: the winner learns of the award, a loser learns about its own
proposal only. Nobody is ever told another's price, name or the margin, which would give both away.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

from money import Money
from tenders.decision import Decision
from tenders.eligibility import ExclusionCode
from tenders.model import Proposal
from tenders.outcomes import Outcome

#: Left-out proposals whose makers expect no answer: they took it back, revised or lost it.
_SILENT_CODES = frozenset(
    {
        ExclusionCode.DELETED,
        ExclusionCode.WITHDRAWN,
        ExclusionCode.SUPERSEDED,
        ExclusionCode.NOT_SUBMITTED,
    }
)


@dataclass(frozen=True)
class Notice:
    """One message, twice: `text` as written, `html` with every name escaped."""

    proposal_id: str
    subject: str
    text: str
    html: str


def winner_notice(decision: Decision) -> Notice:
    """The message to the manufacturer that was awarded the order.

    Raises ValueError when the decision awards nothing: a mistake of the caller.
    """
    winner = decision.winner
    if winner is None:
        raise ValueError(f"Order {decision.inputs.tender.order_number} has no award to announce.")
    return _compose(
        winner.proposal.id,
        f"Order {_tell_order(decision)} is yours",
        f"Dear {winner.manufacturer.name or 'manufacturer'},",
        f"Your proposal {winner.proposal.name} was selected for order {_tell_order(decision)}.",
        f"The agreed price is {winner.price}.",
        "Please confirm that you take the order. Production can start after that.",
    )


def losing_proposals(decision: Decision) -> tuple[Proposal, ...]:
    """The proposals whose makers are owed a regret notice; empty unless the order is awarded.

    Nothing is sent for a proposal that its maker took back or replaced, nor to the winner.
    """
    if decision.outcome is not Outcome.AWARD or decision.winner is None:
        return ()
    heard = [one.proposal for one in decision.ranking[1:]]
    heard += [one.proposal for one in decision.exclusions if one.code not in _SILENT_CODES]
    awarded_to = decision.winner.manufacturer.account_id
    return tuple(p for p in heard if p.manufacturer and p.manufacturer.account_id != awarded_to)


def regret_notice(decision: Decision, proposal_id: str) -> Notice:
    """The message to a manufacturer whose proposal was not selected.

    Raises ValueError for a proposal that is not among `losing_proposals`: a mistake of the caller.
    """
    proposal = next((p for p in losing_proposals(decision) if p.id == proposal_id), None)
    if proposal is None or proposal.manufacturer is None:
        raise ValueError(
            f"Proposal {proposal_id} of order {decision.inputs.tender.order_number} "
            "is owed no regret notice."
        )
    return _compose(
        proposal.id,
        f"Order {_tell_order(decision)}: the result of your proposal",
        f"Dear {proposal.manufacturer.name or 'manufacturer'},",
        f"Thank you for your proposal {proposal.name} for order {_tell_order(decision)}.",
        *_tell_result(decision, proposal),
        "We hope to see you in our next calls.",
    )


def _tell_result(decision: Decision, proposal: Proposal) -> list[str]:
    words = {one.proposal.id: one.words for one in decision.exclusions}.get(proposal.id)
    if words is not None:
        return [f"It could not take part in the selection. {words}"]
    own = next(one.price for one in decision.ranking if one.proposal.id == proposal.id)
    if decision.runner_up and decision.runner_up.proposal.id == proposal.id:
        return [_regret_price(own), "We keep it in reserve until the order is confirmed."]
    return [_regret_price(own)]


def _regret_price(own: Money) -> str:
    return f"Another proposal was selected. Yours was counted with {own}."


def _tell_order(decision: Decision) -> str:
    tender = decision.inputs.tender
    return f"{tender.order_number} ({tender.name})" if tender.name else tender.order_number


def _compose(proposal_id: str, subject: str, *paragraphs: str) -> Notice:
    """Names may hold line breaks; in a subject those would start another mail header."""
    return Notice(
        proposal_id,
        " ".join(subject.split()),
        "\n\n".join(paragraphs),
        "\n".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in paragraphs),
    )
