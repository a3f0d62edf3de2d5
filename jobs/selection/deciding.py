"""Asks the rules about the orders of a morning, and sorts what they say by what comes next.

Owns the isolation of orders from each other before anything is written: facts that are not whole,
or that break the rules' own checks, cost one order its decision and no other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from jobs.runtime import Runtime
from jobs.selection.facts import MorningFacts, OrderFacts
from jobs.selection.report import OrderLine, RunReport, line_of
from tenders.decision import Decision, Outcome, decide
from tenders.model import Policy, Rates

logger = logging.getLogger(__name__)
INCOMPLETE_WORDS = "The org did not send all of its proposals."


@dataclass
class Queues:
    """Orders of one morning that are not written in the first sweep, by what they wait for."""

    again: list[str] = field(default_factory=list)  #: to be read again, and written alone
    unread: list[OrderFacts] = field(default_factory=list)  #: to be read again, and swept again
    held: list[str] = field(default_factory=list)  #: stay open, so the fence cannot guard them

    def sort(self, decisions: Iterable[Decision], report: RunReport) -> Iterator[Decision]:
        """Yields what goes in bulk at once; a late decision makes the run a catch-up."""
        for decision in decisions:
            report.catch_up = report.catch_up or decision.is_late
            if decision.outcome is Outcome.HOLD:
                self.held.append(decision.inputs.tender.order_id)
            elif decision.outcome is Outcome.SKIP:
                report.lines.append(line_of(decision))
            else:
                yield decision


def decide_all(
    runtime: Runtime, facts: MorningFacts, day: date, queues: Queues
) -> Iterator[Decision]:
    """Decisions of complete orders, each made when it is asked for; `queues` collects those that
    must be read again.

    An order whose facts break the rules' own checks (a bug, or impossible data) does not stop the
    others: it is logged with its traceback and looked at again.
    """
    for each in facts.orders:
        if each.is_unread:
            queues.unread.append(each)
            continue
        if not each.is_complete:
            logger.warning(
                "Not every proposal of an order was read",
                extra={"order": each.tender.order_number, "counted": each.counted},
            )
            queues.again.append(each.tender.order_id)
            continue
        try:
            decision = decide_order(runtime, each, facts.rates, day)
        except (ValueError, ArithmeticError):
            logger.exception(
                "An order cannot be decided", extra={"order": each.tender.order_number}
            )
            queues.again.append(each.tender.order_id)
        else:
            yield decision


def decide_order(runtime: Runtime, facts: OrderFacts, rates: Rates, day: date) -> Decision:
    """The rules' word on one order."""
    settings = runtime.settings
    policy = Policy(
        business_zone=settings.business_timezone.key,
        stale_after_days=settings.selection_stale_after_days,
    )
    return decide(facts.tender, facts.proposals, rates, policy, day)


def rehearse(runtime: Runtime, facts: MorningFacts, day: date) -> Iterator[OrderLine]:
    """The lines of a run that writes nothing: also of orders that it could not decide."""
    queues = Queues()
    for decision in decide_all(runtime, facts, day, queues):
        yield line_of(decision)
    undecided = {*queues.again, *(each.tender.order_id for each in queues.unread)}
    yield from (undecided_line(each) for each in facts.orders if each.tender.order_id in undecided)


def undecided_line(facts: OrderFacts) -> OrderLine:
    """The report's line of an order that was not decided and is not told of elsewhere."""
    tender = facts.tender
    return OrderLine(
        tender.order_id,
        tender.order_number,
        tender.external_id,
        Outcome.SKIP.value,
        "INCOMPLETE" if not facts.is_complete else "NO_DECISION",
        message=INCOMPLETE_WORDS if not facts.is_complete else "Its facts allow no decision.",
    )
