"""What a proposal's price was when the call closed, and how prices in two currencies compare.

It owns two decisions: a price edited after the deadline does not count, the one before it does;
and amounts are compared as exact fractions, so that no rounding ever makes or breaks a tie.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Context, Decimal
from fractions import Fraction

from tenders.model import PriceChange, Proposal, Rates

#: Enough digits to show any comparable amount; comparing itself uses fractions.
_SHOWN = Context(prec=50)


class PriceUnclear(Exception):
    """The price may have changed after the deadline, and nothing tells what it was before."""


def price_at(proposal: Proposal, deadline: datetime) -> Decimal | None:
    """The price that stood when the call closed; None when there was none.

    Raises PriceUnclear when the record was changed after the deadline and its price history is
    missing, or does not lead from one price to the next up to today's: a person must find out.
    """
    if proposal.last_modified_at < deadline:
        return proposal.price
    history = sorted(proposal.price_history, key=lambda change: change.changed_at)
    if not proposal.is_history_available or not _leads_to(proposal.price, history):
        raise PriceUnclear(proposal.name)
    late = [change for change in history if change.changed_at >= deadline]
    return late[0].old if late else proposal.price


def _leads_to(price: Decimal | None, history: list[PriceChange]) -> bool:
    following = [change.old for change in history[1:]] + [price]
    return all(
        change.new == then for change, then in zip(history, following[: len(history)], strict=True)
    )


def rate_between(rates: Rates, source: str, target: str) -> Fraction | None:
    """Units of `target` per unit of `source`, exact; None when a rate is missing.

    Needs no rate at all when both are the same currency.
    """
    if source == target:
        return Fraction(1)
    from_base, to_base = rates.rate_of(target), rates.rate_of(source)
    if from_base is None or to_base is None:
        return None
    return Fraction(from_base) / Fraction(to_base)


def as_decimal(amount: Fraction) -> Decimal:
    """An exact amount with as many digits as anybody can use, for showing and storing."""
    return _SHOWN.divide(Decimal(amount.numerator), Decimal(amount.denominator))
