"""Decides and writes single orders, each with `If-Unmodified-Since`.

Owns the second look: an order that the org refused, or that was named on the command line, is read
again, decided again from what is there now, and written alone. A person's change therefore wins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from config.clock import Clock
from jobs.selection.changes import RunStamp, build_nodes
from jobs.selection.facts import OrderFacts, read_some
from jobs.selection.writing import send_tails, split_order
from sfsync import selection_writes as writes
from sfsync.client import Salesforce
from sfsync.composite import COMPOSITE_SIZE
from sfsync.errors import OutcomeUnknown, SalesforceError, SalesforceRejected
from sfsync.results import COLLATERAL_CODES, response_errors
from sfsync.selection_reads import read_orders
from tenders.decision import Decision, Outcome
from tenders.model import Rates

logger = logging.getLogger(__name__)
#: Raises SalesforceRejected, ValueError or ArithmeticError for facts that allow no decision.
Decide = Callable[[OrderFacts, Rates], Decision]


@dataclass(frozen=True)
class Attempt:
    """What became of one order: its last decision, and why the org refused it, if it did.

    `decision` is None when the facts allowed none; `errors` then says why.
    """

    facts: OrderFacts
    decision: Decision | None
    errors: tuple[SalesforceError, ...] = ()


def decide_again(
    sf: Salesforce, order_ids: list[str], decide: Decide, stamp: RunStamp, clock: Clock
) -> list[Attempt]:
    """Read these orders afresh, decide and write each alone.

    The reads are shared, so the cost is three calls and one more per order. An order that is no
    longer open or due comes back as SKIP, and nothing was written. One that cannot be decided
    comes back with the reason, and does not stop the others.
    """
    morning = read_some(sf, order_ids)
    return [
        attempt_order(sf, facts, morning.rates, decide, stamp, clock) for facts in morning.orders
    ]


def attempt_order(
    sf: Salesforce,
    facts: OrderFacts,
    rates: Rates,
    decide: Decide,
    stamp: RunStamp,
    clock: Clock,
) -> Attempt:
    """Decide one order from fresh facts and write it alone, unless there is nothing to do."""
    try:
        decision = decide(facts, rates)
    except SalesforceRejected as error:
        return Attempt(facts, None, (error,))
    except (ValueError, ArithmeticError) as error:
        logger.exception("An order cannot be decided", extra={"order": facts.tender.order_number})
        remedy = "Decide it by hand and ask a developer: the log has the details."
        return Attempt(
            facts, None, (SalesforceRejected(f"{error}", code="NO_DECISION", remedy=remedy),)
        )
    if decision.outcome is Outcome.SKIP:
        return Attempt(facts, decision)
    return Attempt(facts, decision, write_alone(sf, facts, decision, stamp, clock))


def write_alone(
    sf: Salesforce, facts: OrderFacts, decision: Decision, stamp: RunStamp, clock: Clock
) -> tuple[SalesforceError, ...]:
    """Write one decision as one unit; answers the org's refusal, empty when it was written."""
    nodes = build_nodes(sf, decision, stamp, clock.now())
    try:
        if len(nodes) > COMPOSITE_SIZE:
            return write_large(sf, decision.inputs.tender.order_id, nodes, stamp, clock)
        responses = writes.send_guarded(sf, nodes, facts.last_modified_at)
    except OutcomeUnknown as error:
        return () if was_written(sf, decision, stamp) else (error,)
    found = tuple(error for response in responses for error in response_errors(response))
    return tuple(e for e in found if e.code not in COLLATERAL_CODES) or found


def write_large(
    sf: Salesforce, order_id: str, nodes: list[writes.Node], stamp: RunStamp, clock: Clock
) -> tuple[SalesforceError, ...]:
    """An order with too many proposals for a guarded call: the org's own rules are its guard."""
    head, tails = split_order(order_id, nodes)
    result = writes.send_graphs(sf, [head])[order_id]
    if not result.is_successful:
        return result.errors
    send_tails(sf, tails, stamp, clock)
    return ()


def was_written(sf: Salesforce, decision: Decision, stamp: RunStamp) -> bool:
    """Whether the order carries our run: then a write without an answer did go in."""
    rows = read_orders(sf, [decision.inputs.tender.order_id])
    return bool(rows) and rows[0]["run_id"] == stamp.run_id
