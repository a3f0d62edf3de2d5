"""Turns a decision into the records that it changes: one graph per order.

Owns what an outcome means on the order, on each proposal and on the stored decision. Proposals
that people took out (withdrawn, disqualified, deleted) are never written to, nor are those that
the org would refuse to save: one such row would keep the order from being decided at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sfsync import selection_writes as writes
from sfsync.client import Salesforce
from tenders.decision import Decision, Outcome
from tenders.explanation import explain, summarize
from tenders.model import MANUFACTURER_RECORD_TYPE, Proposal, ProposalStatus
from tenders.statuses import OrderStatus
from tenders.words import shorten

#: Outcome → status that the order moves to. Other outcomes leave the order where it is.
STATUS_AFTER = {
    Outcome.AWARD: OrderStatus.MANUFACTURER_SELECTED,
    Outcome.CANCEL: OrderStatus.CANCELLED_NO_PROPOSALS,
    Outcome.REVIEW: OrderStatus.SELECTION_REVIEW,
}
NOTE_LENGTH = 255


@dataclass(frozen=True)
class RunStamp:
    """What every record of a run carries: which run, for which day, by which code."""

    run_id: str
    business_date: date
    code_version: str


def decision_external_id(stamp: RunStamp, order_id: str) -> str:
    """The same run decides an order at most once, however often it is repeated."""
    return f"decision:{stamp.run_id}:{order_id}"


def order_values(decision: Decision, stamp: RunStamp, now: datetime) -> dict[str, Any]:
    """What the order shows afterwards, and what the decision was based on (the guards)."""
    tender = decision.inputs.tender
    values: dict[str, Any] = {"note": summarize(decision)}
    if decision.outcome not in STATUS_AFTER:
        return values
    values |= {
        "status": STATUS_AFTER[decision.outcome].value,
        "run_id": stamp.run_id,
        "decided_due_on": tender.effective_on,
        "decided_currency": tender.currency,
    }
    if decision.outcome is Outcome.AWARD and decision.winner and decision.awarded_in_order_currency:
        values |= {
            "proposal_id": decision.winner.proposal.id,
            "manufacturer_id": decision.winner.manufacturer.account_id,
            "selected_at": now,
            "price_at_decision": decision.winner.proposal.price,
            "awarded_price": decision.awarded_in_order_currency.to_decimal(),
        }
    if decision.outcome is Outcome.CANCEL and tender.deposit_status == "Paid":
        values["deposit_status"] = "Refund Due"
    return values


def proposal_values(decision: Decision) -> dict[str, dict[str, Any]]:
    """What changes on each proposal, by its Id: place and fate, or the reason why it is out.

    What an earlier morning wrote there is replaced: an order may come back from review.
    """
    is_award = decision.outcome is Outcome.AWARD
    changes: dict[str, dict[str, Any]] = {}
    for place in decision.ranking:
        values: dict[str, Any] = {
            "rank": place.rank,
            "exclusion_code": None,
            "exclusion_reason": None,
        }
        if is_award:
            values["status"] = fate_of(place.proposal, decision).value
        changes[place.proposal.id] = values
    for exclusion in decision.exclusions:
        if not is_writable(exclusion.proposal):
            continue
        values = {
            "rank": None,
            "exclusion_code": exclusion.code.value,
            "exclusion_reason": shorten(exclusion.words, NOTE_LENGTH),
        }
        if is_award:
            values["status"] = ProposalStatus.REJECTED.value
        changes[exclusion.proposal.id] = values
    return changes


def is_writable(proposal: Proposal) -> bool:
    """Whether the selection may write to a proposal that it left out, and the org would let it.

    The org saves no proposal without its required price or whose manufacturer its lookup filter
    refuses, for whichever reason it was left out. Its exclusion still stands in the decision.
    """
    maker = proposal.manufacturer
    return (
        proposal.status == ProposalStatus.SUBMITTED
        and not proposal.is_deleted
        and proposal.price is not None
        and maker is not None
        and maker.record_type == MANUFACTURER_RECORD_TYPE
    )


def fate_of(proposal: Proposal, decision: Decision) -> ProposalStatus:
    """Won for the winner, Reserve for the runner-up, Rejected for the others."""
    if decision.winner and proposal.id == decision.winner.proposal.id:
        return ProposalStatus.WON
    if decision.runner_up and proposal.id == decision.runner_up.proposal.id:
        return ProposalStatus.RESERVE
    return ProposalStatus.REJECTED


def decision_values(decision: Decision, stamp: RunStamp, now: datetime) -> dict[str, Any]:
    """The stored decision: outcome, reasons in words, and the inputs that replay it."""
    tender, policy = decision.inputs.tender, decision.inputs.policy
    winner, price, margin = decision.winner, decision.awarded_price, decision.margin_to_second
    return {
        "order_id": tender.order_id,
        "run_id": stamp.run_id,
        "type": "AUTOMATIC",
        "outcome": decision.outcome.value,
        "reason": decision.reason.value,
        "winner_id": winner.proposal.id if winner else None,
        "manufacturer_id": winner.manufacturer.account_id if winner else None,
        "awarded_price": price.to_decimal() if price else None,
        "currency": price.currency if price else tender.currency,
        "margin": margin.to_decimal() if margin else None,
        "runner_up_id": decision.runner_up.proposal.id if decision.runner_up else None,
        "strategy_key": policy.strategy_key,
        "strategy_version": policy.strategy_version,
        "tie_break": decision.tie_break.value if decision.tie_break else None,
        "explanation": explain(decision),
        "inputs": decision.inputs_json(),
        "inputs_hash": decision.inputs_hash,
        "decided_at": now,
        "business_date": stamp.business_date,
        "considered": len(decision.ranking),
        "excluded": len(decision.exclusions),
        "late": decision.is_late,
        "code_version": stamp.code_version,
    }


def build_nodes(
    sf: Salesforce, decision: Decision, stamp: RunStamp, now: datetime
) -> list[writes.Node]:
    """The records of one order's graph. The order comes first: its filter wants the winner as it
    was read, and the guarded path puts its condition on the first node."""
    order_id = decision.inputs.tender.order_id
    nodes = [
        writes.patch_node(
            sf, "order", "Order", order_id, writes.order_body(order_values(decision, stamp, now))
        )
    ]
    for number, (proposal_id, values) in enumerate(proposal_values(decision).items()):
        body = writes.proposal_body(values)
        node = writes.patch_node(sf, f"proposal{number}", "Order_Proposal__c", proposal_id, body)
        nodes.append(node)
    body = writes.decision_body(decision_values(decision, stamp, now))
    external_id = decision_external_id(stamp, order_id)
    nodes.append(writes.upsert_node(sf, "decision", "Selection_Decision__c", external_id, body))
    return nodes
