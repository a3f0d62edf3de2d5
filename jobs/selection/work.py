"""Works through the due orders of a morning: decide, write, look again at what was refused.

Owns the order of those steps and the isolation of orders from each other. Nothing is decided
here; every rule is in `tenders`, every guard in the org.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from jobs.effects import queue_effects
from jobs.runtime import Runtime
from jobs.selection.changes import RunStamp, decision_external_id
from jobs.selection.closing import check_cancellations
from jobs.selection.consequences import effects_of
from jobs.selection.facts import MorningFacts, OrderFacts
from jobs.selection.guarded import Attempt, decide_again
from jobs.selection.report import OrderLine, RunReport, line_of
from jobs.selection.skips import report_skips
from jobs.selection.writing import write_decisions
from sfsync.client import Salesforce
from sfsync.errors import SalesforceRejected
from tenders.decision import Decision, Outcome, decide
from tenders.model import Policy, Rates

logger = logging.getLogger(__name__)
INCOMPLETE_WORDS = "The org did not send all of its proposals."


def work_through(
    runtime: Runtime, sf: Salesforce, facts: MorningFacts, stamp: RunStamp, report: RunReport
) -> None:
    """Decide, write in bulk, and give every order that did not go in a second look.

    Orders without proposals go first, while the count that proves their absence is fresh: an
    award can be taken back by people, a cancelled order cannot.
    """
    queues = Queues()
    emptiest_first = sorted(facts.orders, key=lambda each: bool(each.proposals))
    facts = replace(facts, orders=tuple(emptiest_first))
    decisions = decide_all(runtime, facts, stamp.business_date, queues.again)
    write_all(runtime, sf, queues.sort(decisions, report), stamp, report, queues.again)
    if queues.again:
        look_again(runtime, sf, queues.again, stamp, report)
    if queues.held:
        # Nothing was tried in bulk, so the first refusal is not the last.
        look_again(runtime, sf, queues.held, stamp, report, looks=2)
    owners = {each.tender.order_id: each.owner_id for each in facts.orders}
    check_cancellations(runtime, sf, report, owners)


def rehearse(runtime: Runtime, facts: MorningFacts, day: date) -> Iterator[OrderLine]:
    """The lines of a run that writes nothing: also of orders that it could not decide."""
    undecided: list[str] = []
    for decision in decide_all(runtime, facts, day, undecided):
        yield line_of(decision)
    for each in facts.orders:
        if each.tender.order_id in undecided:
            code = "NO_DECISION" if each.is_complete else "INCOMPLETE"
            words = "Its facts allow no decision." if each.is_complete else INCOMPLETE_WORDS
            tender = each.tender
            yield OrderLine(
                tender.order_id,
                tender.order_number,
                tender.external_id,
                Outcome.SKIP.value,
                code,
                message=words,
            )


@dataclass
class Queues:
    """Orders of one morning that are not written in the first sweep, by what they wait for."""

    again: list[str] = field(default_factory=list)  #: to be read again
    held: list[str] = field(default_factory=list)  #: stay open, so the fence cannot guard them

    def sort(self, decisions: Iterable[Decision], report: RunReport) -> Iterator[Decision]:
        """Yields what goes in bulk at once; a late decision makes the run a catch-up."""
        for decision in decisions:
            report.catch_up = report.catch_up or decision.is_late
            if decision.outcome is Outcome.HOLD:
                self.held.append(decision.inputs.tender.order_id)
            elif decision.outcome is not Outcome.SKIP:
                yield decision


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


def decide_all(
    runtime: Runtime, facts: MorningFacts, day: date, again: list[str]
) -> Iterator[Decision]:
    """Decisions of complete orders, each made when it is asked for; `again` collects the Ids of
    those that must be read again.

    An order whose facts break the rules' own checks (a bug, or impossible data) does not stop the
    others: it is logged with its traceback and looked at again.
    """
    for each in facts.orders:
        if not each.is_complete:
            logger.warning(
                "Not every proposal of an order was read",
                extra={"order": each.tender.order_number, "counted": each.counted},
            )
            again.append(each.tender.order_id)
            continue
        try:
            decision = decide_order(runtime, each, facts.rates, day)
        except (ValueError, ArithmeticError):
            logger.exception(
                "An order cannot be decided", extra={"order": each.tender.order_number}
            )
            again.append(each.tender.order_id)
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
                f"{len(facts.proposals)} proposals were read but {facts.counted} were counted."
                if facts.is_reached
                else INCOMPLETE_WORDS,
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
    report.lines += report_skips(sf, refused, stamp, runtime.clock.now())


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
