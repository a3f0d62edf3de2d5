"""The versioned policies that rank the proposals of one order.

It owns the ranking and its chain of tie-breaks, which always ends in the record Id, so that the
same proposals give the same order of ranks whatever order they were read in. A strategy that is
changed gets a new version beside the old one: orders and stored decisions keep theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from money import Money
from tenders.eligibility import Eligible
from tenders.model import Manufacturer, Proposal, Rates
from tenders.prices import as_decimal, rate_between


class TieBreak(StrEnum):
    """What set the winner apart from the second when the price did not."""

    #: The winner was submitted earlier.
    EARLIEST_SUBMISSION = "EARLIEST_SUBMISSION"
    #: The winner's manufacturer is rated higher, or is rated at all.
    HIGHER_RATING = "HIGHER_RATING"
    #: The winner has the lower proposal number.
    LOWEST_NUMBER = "LOWEST_NUMBER"
    #: Even the numbers are equal or missing; the lower record Id wins.
    LOWEST_RECORD_ID = "LOWEST_RECORD_ID"


@dataclass(frozen=True)
class Ranked:
    """A proposal that takes part, with its place. `comparable` is in the order's currency."""

    rank: int
    proposal: Proposal
    manufacturer: Manufacturer
    price: Money
    comparable: Decimal


@dataclass(frozen=True)
class Ranking:
    """All places, best first, and what decided between the first two.

    `margin` is how much dearer the second is, exact, in the order's currency; None when alone.
    """

    places: tuple[Ranked, ...]
    tie_break: TieBreak | None
    margin: Fraction | None


#: A strategy ranks the eligible proposals of an order whose currency is given.
Strategy = Callable[[Iterable[Eligible], Rates, str], Ranking]


def rank_by_best_price(eligible: Iterable[Eligible], rates: Rates, currency: str) -> Ranking:
    """Cheapest first, compared unrounded in the order's currency; ties by the declared chain.

    Each proposal's key depends on its own facts only, so leaving out a loser never changes the
    winner. Every proposal must have a rate to `currency`: eligibility sees to that.
    """
    keyed = [(_comparable_price(one, rates, currency), one) for one in eligible]
    keyed.sort(key=lambda pair: (pair[0], *_tie_keys(pair[1])))
    places = tuple(
        Ranked(rank, one.proposal, one.manufacturer, one.price, as_decimal(comparable))
        for rank, (comparable, one) in enumerate(keyed, start=1)
    )
    if len(keyed) < 2:
        return Ranking(places, None, None)
    (first, winner), (second, runner_up) = keyed[:2]
    margin = second - first
    return Ranking(places, None if margin else _name_tie_break(winner, runner_up), margin)


#: Every strategy ever used, by key and version. Entries are added, never changed.
STRATEGIES: Mapping[tuple[str, int], Strategy] = {("best_price", 1): rank_by_best_price}
#: How a strategy is called in front of people.
STRATEGY_NAMES: Mapping[str, str] = {"best_price": "best price"}


def _comparable_price(one: Eligible, rates: Rates, currency: str) -> Fraction:
    rate = rate_between(rates, one.price.currency, currency)
    if rate is None:
        raise ValueError(
            f"Proposal {one.proposal.name} is in {one.price.currency}, which has no rate to "
            f"{currency}; eligibility must leave it out before it is ranked."
        )
    return Fraction(one.price.to_decimal()) * rate


def _tie_keys(one: Eligible) -> tuple[tuple[object, ...], ...]:
    rating, number = one.manufacturer.rating, one.proposal.number
    return (
        (one.proposal.submission_at.astimezone(UTC),),
        (rating is None, -(rating or Decimal(0))),
        (number is None, number or 0),
        (one.proposal.id,),
    )


def _name_tie_break(winner: Eligible, second: Eligible) -> TieBreak:
    pairs = zip(TieBreak, _tie_keys(winner), _tie_keys(second), strict=True)
    return next(name for name, first_key, second_key in pairs if first_key != second_key)
