"""Which proposals of an order take part in its selection, and why the others do not.

It owns the order in which the reasons are tried: what the manufacturer or operations said first,
then when it was said, then who said it, then what the price is. The first reason that applies is
the one that operations read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from money import MinorUnitFraction, Money, group_digits, is_currency
from tenders.exclusions import EXCLUSION_WORDS, Exclusion, ExclusionCode
from tenders.model import (
    BARRED_QUALIFICATIONS,
    MANUFACTURER_RECORD_TYPE,
    Manufacturer,
    Proposal,
    ProposalStatus,
    Rates,
    Tender,
)
from tenders.prices import PriceUnclear, price_at, rate_between
from tenders.words import shorten, tell_instant

__all__ = [
    "Call",
    "Eligible",
    "Exclusion",
    "ExclusionCode",
    "examine",
    "find_newer_revisions",
    "sift",
]


@dataclass(frozen=True)
class Eligible:
    """A proposal that takes part, with the price that counts for it."""

    proposal: Proposal
    manufacturer: Manufacturer
    price: Money


@dataclass(frozen=True)
class Call:
    """What the checks compare a proposal with."""

    tender: Tender
    rates: Rates
    business_zone: str
    business_date: date
    deadline: datetime
    #: Proposal Id to the newer proposal of the same manufacturer.
    newer: dict[str, Proposal]


def sift(
    tender: Tender,
    proposals: Iterable[Proposal],
    rates: Rates,
    business_zone: str,
    business_date: date,
    deadline: datetime,
) -> tuple[list[Eligible], list[Exclusion]]:
    """Part the proposals of one order into those that take part and those left out, with reasons.

    Both lists come in the order given. Every proposal is in exactly one of them.
    """
    everyone = list(proposals)
    newer = find_newer_revisions(everyone, deadline)
    call = Call(tender, rates, business_zone, business_date, deadline, newer)
    eligible: list[Eligible] = []
    exclusions: list[Exclusion] = []
    for proposal in everyone:
        found = examine(proposal, call)
        if isinstance(found, Exclusion):
            exclusions.append(found)
        else:
            eligible.append(found)
    return eligible, exclusions


def examine(proposal: Proposal, call: Call) -> Eligible | Exclusion:
    """One proposal against every check, in order; the first that fails is the reason."""
    for code, applies in _STANDING_CHECKS:
        if applies(proposal, call):
            return _leave_out(proposal, code, call, proposal.price)
    try:
        price = price_at(proposal, call.deadline)
    except PriceUnclear:
        return _leave_out(proposal, ExclusionCode.LATE_EDIT, call, proposal.price)
    # The checks above let nobody pass without a manufacturer; the type checker cannot know.
    if price is None or proposal.manufacturer is None:
        return _leave_out(proposal, ExclusionCode.PRICE_MISSING, call, price)
    if price <= 0:
        return _leave_out(proposal, ExclusionCode.PRICE_NOT_POSITIVE, call, price)
    if not is_currency(proposal.currency):
        return _leave_out(proposal, ExclusionCode.CURRENCY_UNKNOWN, call, price)
    try:
        counted = Money.from_decimal(price, proposal.currency)
    except MinorUnitFraction:
        return _leave_out(proposal, ExclusionCode.PRICE_NOT_PAYABLE, call, price)
    if _has_no_rate(proposal, call):
        return _leave_out(proposal, ExclusionCode.NO_RATE, call, price)
    return Eligible(proposal, proposal.manufacturer, counted)


def find_newer_revisions(proposals: Iterable[Proposal], deadline: datetime) -> dict[str, Proposal]:
    """For every proposal that its own manufacturer has revised: the revision that counts instead.

    Only proposals that stand (submitted, not deleted) and came in time revise one another, so a
    late or withdrawn revision leaves the earlier one standing.
    """
    revisions: dict[str, list[Proposal]] = {}
    for proposal in proposals:
        if proposal.manufacturer and _stands(proposal) and proposal.submission_at < deadline:
            revisions.setdefault(proposal.manufacturer.account_id, []).append(proposal)
    newer: dict[str, Proposal] = {}
    for group in revisions.values():
        newest = max(group, key=_recency)
        newer |= {proposal.id: newest for proposal in group if proposal.id != newest.id}
    return newer


def _recency(proposal: Proposal) -> tuple[datetime, datetime, int, str]:
    number = -1 if proposal.number is None else proposal.number
    return (proposal.submission_at, proposal.created_at, number, proposal.id)


def _stands(proposal: Proposal) -> bool:
    return not proposal.is_deleted and proposal.status == ProposalStatus.SUBMITTED


def _is_not_manufacturer(proposal: Proposal, call: Call) -> bool:
    maker = proposal.manufacturer
    return maker is None or maker.record_type != MANUFACTURER_RECORD_TYPE


def _is_barred(proposal: Proposal, call: Call) -> bool:
    maker = proposal.manufacturer
    return maker is not None and maker.qualification_status in BARRED_QUALIFICATIONS


def _is_own_company(proposal: Proposal, call: Call) -> bool:
    maker = proposal.manufacturer
    if maker is None:
        return False
    makers = {maker.account_id, maker.parent_id} - {None}
    designers = {call.tender.account_id, call.tender.account_parent_id} - {None}
    return bool(makers & designers)


def _has_expired(proposal: Proposal, call: Call) -> bool:
    return proposal.valid_until is not None and proposal.valid_until < call.business_date


def _has_no_rate(proposal: Proposal, call: Call) -> bool:
    target = call.tender.currency
    return not is_currency(target) or rate_between(call.rates, proposal.currency, target) is None


#: The checks that need no price, in the order in which they are tried.
_STANDING_CHECKS: tuple[tuple[ExclusionCode, Callable[[Proposal, Call], bool]], ...] = (
    (ExclusionCode.DELETED, lambda p, _: p.is_deleted),
    (ExclusionCode.WITHDRAWN, lambda p, _: p.status == ProposalStatus.WITHDRAWN),
    (ExclusionCode.DISQUALIFIED, lambda p, _: p.status == ProposalStatus.DISQUALIFIED),
    (ExclusionCode.NOT_SUBMITTED, lambda p, _: p.status != ProposalStatus.SUBMITTED),
    (ExclusionCode.LATE, lambda p, call: p.submission_at >= call.deadline),
    (ExclusionCode.SUPERSEDED, lambda p, call: p.id in call.newer),
    (ExclusionCode.NOT_MANUFACTURER, _is_not_manufacturer),
    (ExclusionCode.MANUFACTURER_SUSPENDED, _is_barred),
    (
        ExclusionCode.MANUFACTURER_INACTIVE,
        lambda p, _: p.manufacturer is not None and not p.manufacturer.is_active,
    ),
    (ExclusionCode.SELF_BID, _is_own_company),
    (ExclusionCode.EXPIRED, _has_expired),
)


def _leave_out(
    proposal: Proposal, code: ExclusionCode, call: Call, price: Decimal | None
) -> Exclusion:
    newer = call.newer.get(proposal.id)
    maker = proposal.manufacturer
    words = EXCLUSION_WORDS[code].format(
        status=proposal.status or "empty",
        submitted=tell_instant(proposal.submission_at, call.business_zone),
        closed=tell_instant(call.deadline, call.business_zone),
        changed=tell_instant(proposal.last_modified_at, call.business_zone),
        newer=newer.name if newer else "",
        qualification=maker.qualification_status if maker else "",
        valid_until=proposal.valid_until,
        price="" if price is None else f"{group_digits(price)} {proposal.currency}",
        currency=proposal.currency or "(empty)",
        order_currency=call.tender.currency,
    )
    return Exclusion(proposal, code, shorten(words, 255))
