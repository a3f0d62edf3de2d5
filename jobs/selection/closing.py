"""Ends a run: its counts on the record in the org, and a last look at what it cancelled.

Owns what the record says. After a takeover the counts come from the stored decisions, because the
worker that died took its own with it.
"""

from __future__ import annotations

import json
import logging

from jobs.runtime import Runtime
from jobs.selection.report import OrderLine, RunOutcome, RunReport
from jobs.selection.run_record import ClaimOutcome, RunClaim
from sfsync import selection_writes as writes
from sfsync.client import Salesforce
from sfsync.errors import OutcomeUnknown, SalesforceError
from sfsync.records import patch_record
from sfsync.results import Record
from sfsync.selection_reads import count_proposals_of, count_run_outcomes
from tenders.decision import Outcome

logger = logging.getLogger(__name__)
#: A summary longer than this would not fit its field in the org.
SUMMARY_LENGTH = 130_000


def finish(runtime: Runtime, sf: Salesforce, claim: RunClaim, report: RunReport) -> None:
    """Close the run's record with its counts: Completed, or Failed when orders were not read.

    A failed run is taken up by the next attempt, which finds what is decided decided.
    """
    report.outcome = RunOutcome.UNFINISHED if report.unread else RunOutcome.COMPLETED
    now = runtime.clock.now()
    counts = report.counts()
    if claim.outcome is ClaimOutcome.TAKEN_OVER:
        counts = counts | count_run_outcomes(sf, claim.run_id)
        report.api_calls += 1
    summary = json.dumps(counts | {"orders": brief(report.lines)}, ensure_ascii=False)
    values = {
        "status": "Failed" if report.unread else "Completed",
        "finished_at": now,
        "heartbeat_at": now,
        "catch_up": report.catch_up,
        "orders_due": sum(counts.values()),
        "awarded": counts.get(Outcome.AWARD, 0),
        "cancelled": counts.get(Outcome.CANCEL, 0),
        "in_review": counts.get(Outcome.REVIEW, 0),
        "skipped": counts.get(Outcome.SKIP, 0),
        "api_calls": report.api_calls,
        "summary": summary if len(summary) <= SUMMARY_LENGTH else None,
    }
    try:
        patch_record(sf, "Selection_Run__c", claim.run_id, writes.run_body(values))
    except OutcomeUnknown:
        # The same values on the same record: writing them twice is writing them once.
        patch_record(sf, "Selection_Run__c", claim.run_id, writes.run_body(values))


def mark_failed(runtime: Runtime, sf: Salesforce, claim: RunClaim, why: Exception) -> None:
    """Free the morning for the next attempt after an orderly failure, if the org still listens.

    Otherwise the record stays Running, and is taken over when its process is gone or its sign of
    life is old.
    """
    values = {"status": "Failed", "finished_at": runtime.clock.now(), "summary": str(why)[:2000]}
    try:
        patch_record(sf, "Selection_Run__c", claim.run_id, writes.run_body(values))
    except SalesforceError as error:
        extra = {"run": claim.external_id, "why": str(error)}
        logger.warning("The run's record could not be marked Failed", extra=extra)


def check_cancellations(
    runtime: Runtime, sf: Salesforce, report: RunReport, owners: dict[str, str]
) -> list[str]:
    """Look once more at what was cancelled; a proposal that slipped in gets a Case.

    The proof of absence was read before the write, and no rule of the org can hold a proposal that
    is saved in between. Costs one call when anything was cancelled. Answers the orders concerned.
    """
    lines = {each.order_id: each for each in report.lines if each.reason == "NO_PROPOSALS"}
    cancelled = [order_id for order_id, line in lines.items() if line.outcome == Outcome.CANCEL]
    found = sorted(count_proposals_of(sf, cancelled)) if cancelled else []
    graphs = [cancellation_case(sf, lines[order_id], owners.get(order_id)) for order_id in found]
    for call in writes.pack_graphs(graphs):
        for graph_id, result in writes.send_graphs(sf, call).items():
            if not result.is_successful:
                why = "; ".join(str(error) for error in result.errors)
                extra = {"order": graph_id, "why": why}
                logger.error("A Case about a cancelled order was refused", extra=extra)
    return found


def cancellation_case(sf: Salesforce, line: OrderLine, owner: str | None) -> Record:
    """The Case that tells ops of a proposal on a cancelled order."""
    values = {
        "subject": f"Order {line.order_number}: a proposal arrived while it was cancelled",
        "description": (
            "The selection cancelled this order because nobody had sent a proposal. One was saved "
            "in the same moment. Look at it, and open a new order if the call shall go on."
        ),
        "status": "New",
        "priority": "High",
        "order_id": line.order_id,
    } | ({"owner_id": owner} if owner else {})
    key = f"selection-cancel:{line.order_id}"
    node = writes.upsert_node(sf, "case", "Case", key, writes.case_body(values))
    return writes.graph(line.order_id, [node])


def brief(lines: list[OrderLine]) -> list[list[str | None]]:
    """Order number, outcome, reason and winner of each line, for the run's record."""
    return [[line.order_number, line.outcome, line.reason, line.winner] for line in lines]
