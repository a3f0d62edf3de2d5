"""Collects the facts of due orders from the org and gives them to the rules as values.

Owns the proof of completeness: what was read is compared with an independent count per order, and
an order whose numbers disagree is held back instead of being decided on half of its proposals.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sfsync import selection_reads as reads
from sfsync.client import Salesforce
from sfsync.errors import SalesforceRetryable
from tenders.model import Manufacturer, PriceChange, Proposal, Rates, Tender

logger = logging.getLogger(__name__)
Row = dict[str, Any]


@dataclass(frozen=True)
class OrderFacts:
    """One order with everything that the rules may see, and what the job needs beside.

    `is_whole` is False when the reading broke off somewhere: before this order, in it or after it.
    """

    tender: Tender
    proposals: tuple[Proposal, ...]
    last_modified_at: datetime
    owner_id: str
    counted: int
    is_whole: bool = True

    @property
    def is_complete(self) -> bool:
        """Whether every proposal that the org counts was read."""
        is_reached = self.is_whole or bool(self.proposals)
        return is_reached and self.counted == len(self.proposals)

    @property
    def is_unread(self) -> bool:
        """Whether the rest may come with the next reading, so that nobody need look for it."""
        return not self.is_complete and not self.is_whole


@dataclass(frozen=True)
class MorningFacts:
    """All due orders of one morning, and the exchange rates when any comparison needs them."""

    orders: tuple[OrderFacts, ...]
    rates: Rates


def read_morning(sf: Salesforce, business_date: date) -> MorningFacts:
    """Everything that is due, in a handful of calls however many orders there are.

    Two questions about proposals, one for the rows and one for their number, are asked one after
    the other; a third asks for changed prices. Raises what `sfsync.queries.query` raises.
    """
    orders = reads.read_due_orders(sf, business_date)
    if not orders:
        return MorningFacts((), Rates(base="EUR"))
    arriving = Arriving(reads.read_proposals_due(sf, business_date))
    proposals = build_proposals(arriving)
    history = reads.read_price_history_due(sf, business_date) if proposals else []
    if len(orders) <= reads.MOST_GROUPS:
        counts = reads.count_proposals_due(sf, business_date)
    else:
        counts = reads.count_proposals_of(sf, [row["order_id"] for row in orders])
    return assemble(sf, orders, proposals, history, counts, is_whole=arriving.is_whole)


def read_some(sf: Salesforce, order_ids: list[str]) -> MorningFacts:
    """The same for named orders, whatever their status, as they are now."""
    orders = reads.read_orders(sf, order_ids)
    arriving = Arriving(reads.read_proposals_of(sf, order_ids))
    proposals = build_proposals(arriving)
    history = reads.read_price_history_of(sf, order_ids) if proposals else []
    counts = reads.count_proposals_of(sf, order_ids)
    return assemble(sf, orders, proposals, history, counts, is_whole=arriving.is_whole)


class Arriving:
    """Rows as their pages arrive; a page that fails ends them early instead of the whole run.

    The first page is asked for before: an org that is down says so at once. `is_whole` is known
    after the last row. Orders whose rows did not all come are told by their count, and those
    without any row by `is_whole`.
    """

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self.is_whole = False

    def __iter__(self) -> Iterator[Row]:
        try:
            yield from self._rows
        except SalesforceRetryable as error:
            logger.warning("Proposals were not read to their end", extra={"why": str(error)})
        else:
            self.is_whole = True


def assemble(
    sf: Salesforce,
    orders: list[Row],
    proposals: list[Proposal],
    history: list[Row],
    counts: dict[str, int],
    *,
    is_whole: bool,
) -> MorningFacts:
    """Rows of the org as values, proposals beside their orders.

    When the rows broke off (`is_whole` is False), an order without any may have some.
    """
    by_order: dict[str, list[Proposal]] = defaultdict(list)
    for proposal in add_history(proposals, history):
        by_order[proposal.order_id].append(proposal)
    facts = tuple(
        build_order(
            row,
            by_order[row["order_id"]],
            counts.get(row["order_id"], 0),
            is_whole=is_whole,
        )
        for row in orders
    )
    return MorningFacts(facts, rates_for(sf, facts))


def build_order(
    row: Row, proposals: Iterable[Proposal], counted: int, *, is_whole: bool
) -> OrderFacts:
    """One order's facts."""
    handling = {name: row[name] for name in reads.ORDER_HANDLING_FIELDS}
    tender = Tender(**{name: value for name, value in row.items() if name not in handling})
    return OrderFacts(
        tender,
        tuple(proposals),
        handling["last_modified_at"],
        handling["owner_id"],
        counted,
        is_whole,
    )


def build_proposals(rows: Iterable[Row]) -> list[Proposal]:
    """Proposals as values while their rows arrive; equal accounts become one value."""
    makers: dict[Manufacturer, Manufacturer] = {}
    proposals = []
    for row in rows:
        account = row.pop("manufacturer")
        maker = Manufacturer(**account | {"name": account["name"] or ""}) if account else None
        shared = makers.setdefault(maker, maker) if maker else None
        proposals.append(Proposal(**row, manufacturer=shared))
    return proposals


def add_history(proposals: Iterable[Proposal], history: Iterable[Row]) -> Iterator[Proposal]:
    """The proposals, those whose price was changed with their changes."""
    changes: dict[str, list[PriceChange]] = defaultdict(list)
    for row in history:
        change = PriceChange(row["changed_at"], row["old"], row["new"])
        changes[row["proposal_id"]].append(change)
    for each in proposals:
        known = changes.get(each.id)
        yield replace(each, price_history=tuple(known)) if known else each


def rates_for(sf: Salesforce, facts: Iterable[OrderFacts]) -> Rates:
    """The org's exchange rates, asked for only when some proposal is in another currency."""
    is_needed = any(
        proposal.currency != each.tender.currency for each in facts for proposal in each.proposals
    )
    return Rates(**reads.read_rates(sf)) if is_needed else Rates(base="EUR")
