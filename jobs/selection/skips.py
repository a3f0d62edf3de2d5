"""Tells people about orders that the selection could not save: a note, a Case, a SKIP decision.

Owns what ops read when the org refused twice. The note is tried apart from the rest, because an
order that refuses every save would refuse it too; the Case then still says what to do.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from jobs.selection.changes import NOTE_LENGTH, RunStamp, decision_external_id
from jobs.selection.guarded import Attempt
from jobs.selection.report import OrderLine
from sfsync import selection_writes as writes
from sfsync.client import Salesforce
from sfsync.errors import SalesforceError
from sfsync.results import Record
from tenders.words import shorten

logger = logging.getLogger(__name__)


def report_skips(
    sf: Salesforce, attempts: Sequence[Attempt], stamp: RunStamp, now: datetime
) -> list[OrderLine]:
    """Leave word about each refused order where ops look; answers the report's lines.

    Idempotent: one Case per order, updated on later mornings, and one decision per run.
    """
    graphs = [graph for each in attempts for graph in skip_graphs(sf, each, stamp, now)]
    for call in writes.pack_graphs(graphs):
        for graph_id, result in writes.send_graphs(sf, call).items():
            if not result.is_successful:
                why = "; ".join(str(error) for error in result.errors)
                logger.warning(
                    "A note about a skipped order was refused",
                    extra={"graph": graph_id, "why": why},
                )
    return [skip_line(each) for each in attempts]


def skip_graphs(sf: Salesforce, attempt: Attempt, stamp: RunStamp, now: datetime) -> list[Record]:
    """The note in one graph; Case and decision in another."""
    tender = attempt.facts.tender
    order_id, words = tender.order_id, tell_refusal(attempt)
    note = {"note": shorten(words, NOTE_LENGTH)}
    order = writes.patch_node(sf, "order", "Order", order_id, writes.order_body(note))
    case = writes.upsert_node(
        sf,
        "case",
        "Case",
        f"selection-skip:{order_id}",
        writes.case_body(
            {
                "subject": f"Order {tender.order_number}: the selection could not save it",
                "description": words,
                "status": "New",
                "priority": "High",
                "account_id": tender.account_id,
                "owner_id": attempt.facts.owner_id,
                "order_id": order_id,
            }
        ),
    )
    decision = writes.upsert_node(
        sf,
        "decision",
        "Selection_Decision__c",
        decision_external_id(stamp, order_id),
        writes.decision_body(skip_values(attempt, stamp, now, words)),
    )
    return [
        writes.graph(f"{order_id}-note", [order]),
        writes.graph(f"{order_id}-case", [case, decision]),
    ]


def skip_values(attempt: Attempt, stamp: RunStamp, now: datetime, words: str) -> dict[str, Any]:
    """The stored decision about an order that was left as it is."""
    tender, decision = attempt.facts.tender, attempt.decision
    return {
        "order_id": tender.order_id,
        "run_id": stamp.run_id,
        "type": "AUTOMATIC",
        "outcome": "SKIP",
        "reason": main_code(attempt.errors)[:40],
        "currency": tender.currency,
        "explanation": words,
        "inputs": decision.inputs_json() if decision else None,
        "inputs_hash": decision.inputs_hash if decision else None,
        "decided_at": now,
        "business_date": stamp.business_date,
        "code_version": stamp.code_version,
    }


def tell_refusal(attempt: Attempt) -> str:
    """What ops read: the org's own words or ours, and what to do."""
    said = " ".join(dict.fromkeys(message_of(error) for error in attempt.errors))
    if attempt.decision is None:
        remedies = " ".join(dict.fromkeys(error.remedy for error in attempt.errors))
        return f"The selection could not decide this order. {said} {remedies}".strip()
    return (
        f"The selection could not save this order. Salesforce said: {said} "
        "Correct it; the selection tries again tomorrow at the usual time."
    )


def message_of(error: SalesforceError) -> str:
    """The org's message without its code, ending like a sentence."""
    text = error.message.removeprefix(f"{error.code}: ").strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def main_code(errors: Sequence[SalesforceError]) -> str:
    """The code that a report groups by."""
    return errors[0].code if errors and errors[0].code else "UNKNOWN"


def skip_line(attempt: Attempt) -> OrderLine:
    """The report's line."""
    tender = attempt.facts.tender
    return OrderLine(
        tender.order_id,
        tender.order_number,
        tender.external_id,
        "SKIP",
        main_code(attempt.errors),
        message=tell_refusal(attempt),
    )
