"""Builders with complete defaults: an order due on Monday 2025-03-10, decided the day after."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from tenders.decision import Decision, decide
from tenders.model import Manufacturer, Policy, PriceChange, Proposal, Rates, Tender

WARSAW = ZoneInfo("Europe/Warsaw")
DUE_ON = date(2025, 3, 10)
TODAY = date(2025, 3, 11)
RATES = Rates(
    "EUR",
    {"EUR": Decimal(1), "USD": Decimal("1.25"), "PLN": Decimal(4), "JPY": Decimal(160)},
    source="CurrencyType",
    as_of=datetime(2025, 3, 11, 6, 0, tzinfo=UTC),
)


def local(text: str) -> datetime:
    """An instant on the wall clock of the business zone."""
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW)


def a_tender(**changes) -> Tender:
    facts = {
        "order_id": "801000000000001AAA",
        "order_number": "00000107",
        "account_id": "001designer",
        "currency": "EUR",
        "effective_on": DUE_ON,
        "status": "AWAITING PROPOSALS",
        "name": "Smart lamp",
    }
    return Tender(**facts | changes)


def a_proposal(number: int, price: str | None = "900", **changes) -> Proposal:
    """Proposal OP-…`number` of manufacturer `number`; `maker` changes the manufacturer."""
    maker = {
        "account_id": f"001maker{number}",
        "name": f"Maker {number}",
        "qualification_status": "Qualified",
    } | changes.pop("maker", {})
    facts = {
        "id": f"a01{number:015d}",
        "name": f"OP-{number:010d}",
        "order_id": "801000000000001AAA",
        "manufacturer": Manufacturer(**maker),
        "price": None if price is None else Decimal(price),
        "currency": "EUR",
        "created_at": local("2025-03-07T10:00:00"),
        "last_modified_at": local("2025-03-07T10:00:00"),
    }
    return Proposal(**facts | changes)


def a_change(at: str, old: str | None, new: str | None) -> PriceChange:
    return PriceChange(
        local(at), *(None if price is None else Decimal(price) for price in (old, new))
    )


def decided(*proposals: Proposal, today=TODAY, rates=RATES, policy=None, **order) -> Decision:
    return decide(a_tender(**order), proposals, rates, policy or Policy(), today)


def excluded(decision: Decision) -> dict[str, str]:
    """Proposal number to exclusion code."""
    return {str(one.proposal.number): one.code.value for one in decision.exclusions}


def ranked(decision: Decision) -> list[int | None]:
    """The numbers of the ranked proposals, best first."""
    return [one.proposal.number for one in decision.ranking]
