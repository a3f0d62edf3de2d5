"""What a run of the selection says when it is over: one line per order, and the counts.

Owns the shape that the terminal, `--json`, the run's record and the tests share.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from tenders.decision import Decision, Outcome
from tenders.explanation import summarize


class RunOutcome(StrEnum):
    """How a run ended."""

    COMPLETED = "completed"  #: every due order was looked at
    ALREADY_RUNNING = "already running"  #: somebody else is at this morning
    ALREADY_COMPLETED = "already completed"  #: the morning was done before
    UNFINISHED = "unfinished"  #: some were not read; the next attempt takes them up
    DRY_RUN = "dry run"  #: nothing was written


@dataclass(frozen=True)
class OrderLine:
    """One order's outcome, for people."""

    order_id: str
    order_number: str
    external_id: str | None
    outcome: str
    reason: str
    winner: str | None = None  #: the proposal's number
    manufacturer: str | None = None
    price: str | None = None  #: exact amount and currency
    margin: str | None = None
    message: str = ""


@dataclass
class RunReport:
    """One run: what it was, what it did, what it cost."""

    business_date: date
    outcome: RunOutcome
    run: str | None = None  #: external ID of the run's record
    run_id: str | None = None
    lateness_minutes: int = 0
    catch_up: bool = False
    lines: list[OrderLine] = field(default_factory=list)
    unread: int = 0  #: orders left as they are because the org did not send their proposals
    manual: int = 0  #: awards by hand that were recorded
    api_calls: int = 0
    seconds: float = 0.0

    def count(self, outcome: Outcome) -> int:
        """Orders with that outcome."""
        return self.counts().get(outcome.value, 0)

    def counts(self) -> dict[str, int]:
        """Orders by outcome."""
        return dict(Counter(line.outcome for line in self.lines))

    def as_dict(self) -> dict[str, Any]:
        """The report as one JSON object."""
        plain = asdict(self) | {"counts": self.counts(), "orders": len(self.lines)}
        return plain | {"business_date": self.business_date.isoformat()}


def line_of(decision: Decision) -> OrderLine:
    """The line of an order that was decided."""
    tender, winner = decision.inputs.tender, decision.winner
    return OrderLine(
        tender.order_id,
        tender.order_number,
        tender.external_id,
        decision.outcome.value,
        decision.reason.value,
        winner.proposal.name if winner else None,
        winner.manufacturer.name if winner else None,
        str(decision.awarded_price) if decision.awarded_price else None,
        str(decision.margin_to_second) if decision.margin_to_second else None,
        summarize(decision),
    )
