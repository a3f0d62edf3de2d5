"""Sends decisions to the org in bulk and says of each order whether it was written.

Owns what happens when the org refuses or does not answer. A locked row is tried again, a lost
answer is read back before anything is repeated, and every other refusal is handed to the caller:
the org knows something that the decision did not.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from config.clock import Clock
from jobs.selection.changes import RunStamp, build_nodes
from sfsync import selection_writes as writes
from sfsync.client import Salesforce
from sfsync.composite import GRAPH_NODES
from sfsync.errors import OutcomeUnknown, SalesforceError, SalesforceRetryable
from sfsync.results import GraphResult, Record
from sfsync.selection_reads import read_orders
from tenders.decision import Decision

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 4
BACKOFF_S = 0.5
HEARTBEAT = "heartbeat"
#: Losers beyond this number follow in graphs of their own, after the order is decided.
MOST_NODES = GRAPH_NODES - 10


@dataclass
class Written:
    """What became of a batch: decided orders, and refusals with their reasons."""

    done: list[Decision] = field(default_factory=list)
    refused: list[tuple[Decision, tuple[SalesforceError, ...]]] = field(default_factory=list)


def write_decisions(
    sf: Salesforce, decisions: Iterable[Decision], stamp: RunStamp, clock: Clock
) -> Iterator[Written]:
    """Write each decision as one unit, about forty orders a call; yields after every call.

    Takes only as many decisions as the next call holds, so that a long morning needs no more room.
    Each call also renews the run's heartbeat, at no cost. Raises SalesforceUnavailable when the
    org is down: what was yielded is written, the rest is found undecided by the next run.
    """
    by_id: dict[str, Decision] = {}
    tails: list[Record] = []
    graphs = build_graphs(sf, decisions, stamp, clock.now(), by_id, tails)
    for call in writes.pack_graphs(graphs, spare_nodes=1):
        yield send_call(sf, call, by_id, stamp, clock.now())
        for each in call:
            del by_id[each["graphId"]]
    send_tails(sf, tails, stamp, clock)


def send_tails(sf: Salesforce, tails: Sequence[Record], stamp: RunStamp, clock: Clock) -> None:
    """Mark the losers that did not fit into their order's graph; a refusal is logged."""
    for call in writes.pack_graphs(tails, spare_nodes=1):
        send_call(sf, call, {}, stamp, clock.now())


def build_graphs(
    sf: Salesforce,
    decisions: Iterable[Decision],
    stamp: RunStamp,
    now: datetime,
    by_id: dict[str, Decision],
    tails: list[Record],
) -> Iterator[Record]:
    """One graph per order, whose decision is put into `by_id`. What does not fit into one
    (hundreds of losers) is put into `tails`."""
    for decision in decisions:
        order_id = decision.inputs.tender.order_id
        by_id[order_id] = decision
        head, rest = split_order(order_id, build_nodes(sf, decision, stamp, now))
        tails += rest
        yield head


def split_order(order_id: str, nodes: list[writes.Node]) -> tuple[Record, list[Record]]:
    """One order's graph, and graphs for the losers that do not fit into it.

    The order, its best proposals and its decision always stay together.
    """
    if len(nodes) <= MOST_NODES:
        return writes.graph(order_id, nodes), []
    head = [*nodes[: MOST_NODES - 1], nodes[-1]]
    losers = nodes[MOST_NODES - 1 : -1]
    rest = [
        writes.graph(f"{order_id}-{start}", losers[start : start + MOST_NODES])
        for start in range(0, len(losers), MOST_NODES)
    ]
    return writes.graph(order_id, head), rest


def send_call(
    sf: Salesforce,
    call: list[Record],
    by_id: dict[str, Decision],
    stamp: RunStamp,
    now: datetime,
) -> Written:
    """One call with its repeats: locked orders and lost answers, at most MOST_ATTEMPTS times."""
    written = Written()
    pending = call
    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            results = writes.send_graphs(sf, [*pending, heartbeat(sf, stamp, now)])
        except OutcomeUnknown as error:
            logger.warning(
                "The answer to a write was lost; reading back", extra={"why": str(error)}
            )
            pending = drop_written(sf, pending, by_id, stamp, written)
        else:
            pending = sort_results(
                pending, results, by_id, written, is_last=attempt == MOST_ATTEMPTS
            )
        if not pending:
            return written
        wait(attempt)
    raise SalesforceRetryable(
        f"{len(pending)} orders got no answer in {MOST_ATTEMPTS} attempts.",
        remedy="They are undecided; the next run takes them up.",
    )


def heartbeat(sf: Salesforce, stamp: RunStamp, now: datetime) -> Record:
    """Sign of life of the run, written beside the orders."""
    body = writes.run_body({"heartbeat_at": now})
    node = writes.patch_node(sf, HEARTBEAT, "Selection_Run__c", stamp.run_id, body)
    return writes.graph(HEARTBEAT, [node])


def sort_results(
    pending: list[Record],
    results: dict[str, GraphResult],
    by_id: dict[str, Decision],
    written: Written,
    *,
    is_last: bool,
) -> list[Record]:
    """File each graph under done or refused; answers those that are worth another attempt."""
    again = []
    for each in pending:
        result, decision = results[each["graphId"]], by_id.get(each["graphId"])
        errors = result.errors
        if not result.is_successful and not is_last and are_retryable(errors):
            again.append(each)
        elif decision is None:
            log_tail(each["graphId"], result)
        elif result.is_successful:
            written.done.append(decision)
        else:
            written.refused.append((decision, errors))
    return again


def are_retryable(errors: Sequence[SalesforceError]) -> bool:
    """Whether only passing troubles, such as a locked row, stood in the way."""
    return bool(errors) and all(isinstance(error, SalesforceRetryable) for error in errors)


def log_tail(graph_id: str, result: GraphResult) -> None:
    """Late losers of a decided order are told apart from the order: it stays decided."""
    if not result.is_successful:
        extra = {"graph": graph_id, "why": "; ".join(str(error) for error in result.errors)}
        logger.error("Some losing proposals could not be marked; correct them by hand", extra=extra)


def drop_written(
    sf: Salesforce,
    pending: list[Record],
    by_id: dict[str, Decision],
    stamp: RunStamp,
    written: Written,
) -> list[Record]:
    """After a lost answer: orders that carry our run were written; the rest is sent again."""
    ids = [each["graphId"] for each in pending if each["graphId"] in by_id]
    ours = {row["order_id"] for row in read_orders(sf, ids) if row["run_id"] == stamp.run_id}
    written.done += [by_id[order_id] for order_id in ids if order_id in ours]
    return [each for each in pending if each["graphId"] not in ours]


def wait(attempt: int, sleep: Callable[[float], None] = time.sleep) -> None:
    """Back off with jitter: two workers that collide shall not collide again."""
    sleep(BACKOFF_S * 2 ** (attempt - 1) * random.uniform(0.5, 1.0))  # noqa: S311 -- jitter
