"""Works through the due orders of a morning: decide, write, look again at what was refused.

Owns the order of those steps. Nothing is decided here; every rule is in `tenders`, every guard in
the org.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace

from jobs.effects import queue_effects
from jobs.runtime import Runtime
from jobs.selection.changes import RunStamp, decision_external_id
from jobs.selection.closing import check_cancellations
from jobs.selection.consequences import effects_of
from jobs.selection.deciding import Queues, decide_all, decide_order, undecided_line
from jobs.selection.facts import MorningFacts, OrderFacts, read_some
from jobs.selection.guarded import Attempt, decide_again
from jobs.selection.report import RunReport, line_of
from jobs.selection.skips import report_skips
from jobs.selection.writing import write_decisions
from sfsync.client import Salesforce
from sfsync.errors import SalesforceRejected
from tenders.decision import Decision
from tenders.model import Rates

logger = logging.getLogger(__name__)


def work_through(
    runtime: Runtime, sf: Salesforce, facts: MorningFacts, stamp: RunStamp, report: RunReport
) -> None:
    """Decide, write in bulk, and give every order that did not go in a second look.

    Orders without proposals go first, while the count that proves their absence is fresh: an
    award can be taken back by people, a cancelled order cannot.
    """
    queues = Queues()
    sweep(runtime, sf, facts, stamp, report, queues)
    if queues.unread:
        order_ids = [each.tender.order_id for each in queues.unread]
        queues.unread = []
        sweep(runtime, sf, read_some(sf, order_ids), stamp, report, queues)
        leave_unread(queues.unread, report)
    if queues.again:
        look_again(runtime, sf, queues.again, stamp, report)
    if queues.held:
        # Nothing was tried in bulk, so the first refusal is not the last.
        look_again(runtime, sf, queues.held, stamp, report, looks=2)
    owners = {each.tender.order_id: each.owner_id for each in facts.orders}
    check_cancellations(runtime, sf, report, owners)


def sweep(
    runtime: Runtime,
    sf: Salesforce,
    facts: MorningFacts,
    stamp: RunStamp,
    report: RunReport,
    queues: Queues,
) -> None:
    """Decide these orders and write them in bulk; `queues` collects what has to wait."""
    emptiest_first = sorted(facts.orders, key=lambda each: bool(each.proposals))
    facts = replace(facts, orders=tuple(emptiest_first))
    decisions = decide_all(runtime, facts, stamp.business_date, queues)
    write_all(runtime, sf, queues.sort(decisions, report), stamp, report, queues.again)


def leave_unread(orders: Sequence[OrderFacts], report: RunReport) -> None:
    """Orders that the org twice did not send whole stay open, for the next attempt.

    One page that fails may cost thousands of them: a note and a Case for each would be thousands
    too, and there is nothing in any of them that a person could put right.
    """
    if orders:
        logger.warning("Orders were left because they were not read", extra={"orders": len(orders)})
    report.unread += len(orders)
    report.lines += [undecided_line(each) for each in orders]


def write_all(
    runtime: Runtime,
    sf: Salesforce,
    decisions: Iterable[Decision],
    stamp: RunStamp,
    report: RunReport,
    again: list[str],
) -> None:
    """Write in bulk and settle what went in; `again` collects the orders that the org refused."""
    for written in write_decisions(sf, decisions, stamp, runtime.clock):
        settle(runtime, written.done, stamp, report)
        for decision, errors in written.refused:
            why = "; ".join(error.code or str(error) for error in errors)
            logger.warning(
                "The org refused a decision; looking again",
                extra={"order": decision.inputs.tender.order_number, "why": why},
            )
            again.append(decision.inputs.tender.order_id)


def look_again(
    runtime: Runtime,
    sf: Salesforce,
    order_ids: list[str],
    stamp: RunStamp,
    report: RunReport,
    looks: int = 1,
) -> None:
    """Read these orders afresh and write each alone; what is refused `looks` times is left to
    people."""

    def decide_now(facts: OrderFacts, rates: Rates) -> Decision:
        if not facts.is_complete:
            raise SalesforceRejected(
                f"{len(facts.proposals)} proposals were read but {facts.counted} were counted.",
                code="INCOMPLETE",
                remedy="Look for proposals that the integration user cannot see.",
            )
        return decide_order(runtime, facts, rates, stamp.business_date)

    refused: list[Attempt] = []
    for _ in range(looks):
        attempts = decide_again(sf, order_ids, decide_now, stamp, runtime.clock)
        decided = [each.decision for each in attempts if each.decision and not each.errors]
        settle(runtime, decided, stamp, report)
        refused = [each for each in attempts if each.errors]
        order_ids = [each.facts.tender.order_id for each in refused]
        if not refused:
            return
    leave_unread([each.facts for each in refused if each.facts.is_unread], report)
    told = [each for each in refused if not each.facts.is_unread]
    report.lines += report_skips(sf, told, stamp, runtime.clock.now())


def settle(
    runtime: Runtime, decisions: Sequence[Decision], stamp: RunStamp, report: RunReport
) -> None:
    """Queue what written decisions ask for, and put their lines into the report."""
    effects = [
        effect
        for decision in decisions
        for effect in effects_of(
            decision, decision_external_id(stamp, decision.inputs.tender.order_id)
        )
    ]
    now = runtime.clock.now()
    with runtime.transaction() as session:
        queue_effects(session, effects, now)
    report.lines += [line_of(decision) for decision in decisions]
