"""Why an order came out as it did, in short sentences for operations.

It owns the words for outcomes and tie-breaks. Names are shown exactly as the org has them, because
operations search for them; escaping is the business of whoever renders HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from money import Money, group_digits, round_to_minor
from tenders.decision import Decision
from tenders.eligibility import Exclusion
from tenders.outcomes import Outcome, Reason
from tenders.strategies import STRATEGY_NAMES, Ranked, TieBreak
from tenders.words import count_characters, shorten, tell_instant

#: The most that an explanation holds; the org's field takes a little more.
EXPLANATION_LIMIT = 30_000
NOTE_LIMIT = 255
_LIST_LIMIT = 13_000

#: One sentence per reason; the first thing that operations read.
REASON_WORDS: Mapping[Reason, str] = {
    Reason.BEST_RANKED: "{winner} won with {price} ({proposal}){margin}.",
    Reason.NO_PROPOSALS: "Nobody submitted a proposal, so the order is cancelled.",
    Reason.ALL_DELETED: (
        "Every proposal of this order is in the recycle bin. "
        "Restore one, or cancel the order by hand."
    ),
    Reason.NO_ELIGIBLE: "None of the {total} proposals can take part. See why each is left out.",
    Reason.STALE: (
        "The call closed {days} days ago, on {effective_on}. That is too long to decide "
        "automatically. Ask whether the prices still hold, then decide by hand."
    ),
    Reason.LATE_EDIT: (
        "A proposal was changed after the call closed and its earlier price is not on record. "
        "Find out the price and decide by hand."
    ),
    Reason.STRATEGY_UNKNOWN: (
        "The strategy {strategy} does not exist, so nothing was ranked. "
        "Choose another strategy or decide by hand."
    ),
    Reason.NOT_DUE: "The call is open until the end of {effective_on}.",
    Reason.NOT_OPEN: "The order is {status}, so there is nothing to select.",
    Reason.DEPOSIT_UNPAID: (
        "The deposit is {deposit}. The award waits until the hardware designer has paid it."
    ),
}
_UNDECIDED_CANCEL = " The order is cancelled, as the policy says."
#: What set the winner apart when the price did not.
TIE_BREAK_WORDS: Mapping[TieBreak, str] = {
    TieBreak.EARLIEST_SUBMISSION: (
        "Equal price. {winner} was submitted first, {first_at}; {second} followed {second_at}."
    ),
    TieBreak.HIGHER_RATING: (
        "Equal price and time. The manufacturer of {winner} is rated {first_rating}, "
        "that of {second} {second_rating}."
    ),
    TieBreak.LOWEST_NUMBER: (
        "Equal price, time and rating. {winner} has a lower number than {second}."
    ),
    TieBreak.LOWEST_RECORD_ID: "Everything is equal. The record of {winner} came first.",
}
_LEADS: Mapping[Outcome, str] = {
    Outcome.AWARD: "Order {order} is awarded.",
    Outcome.REVIEW: "Order {order} needs a person to decide.",
    Outcome.CANCEL: "Order {order} is cancelled.",
    Outcome.EXTEND: "The call of order {order} stays open.",
    Outcome.SKIP: "Order {order} is left as it is.",
    Outcome.HOLD: "Order {order} is on hold.",
}


def summarize(decision: Decision) -> str:
    """The reason in one or two sentences, at most 255 characters: the note on the order."""
    tender = decision.inputs.tender
    words = REASON_WORDS[decision.reason].format(
        **_tell_winner(decision),
        total=len(decision.inputs.proposals),
        days=(decision.inputs.business_date - tender.effective_on).days,
        effective_on=tender.effective_on,
        strategy=_tell_strategy(decision),
        status=tender.status,
        deposit=tender.deposit_status or "not settled",
    )
    if (decision.outcome, decision.reason) == (Outcome.CANCEL, Reason.NO_ELIGIBLE):
        words += _UNDECIDED_CANCEL
    return shorten(words, NOTE_LIMIT)


def explain_tie_break(decision: Decision) -> str:
    """What set the winner apart at an equal price, at most 255 characters; empty without a tie."""
    winner, second = decision.winner, decision.runner_up
    if decision.tie_break is None or winner is None or second is None:
        return ""
    zone = decision.inputs.policy.business_zone
    words = TIE_BREAK_WORDS[decision.tie_break].format(
        winner=winner.proposal.name,
        second=second.proposal.name,
        first_at=tell_instant(winner.proposal.submission_at, zone),
        second_at=tell_instant(second.proposal.submission_at, zone),
        first_rating=_tell_rating(winner),
        second_rating=_tell_rating(second),
    )
    return shorten(words, NOTE_LIMIT)


def explain(decision: Decision) -> str:
    """The whole decision for operations, at most 30,000 characters.

    What happened and why, every place of the ranking, every proposal left out with its reason, and
    the rates and times used. Long lists are cut with a count of what is not shown.
    """
    facts = decision.inputs
    lead = _LEADS[decision.outcome].format(order=facts.tender.order_number)
    parts = [f"{lead} {summarize(decision)}"]
    if decision.tie_break:
        parts.append(f"What decided: {explain_tie_break(decision)}")
    if decision.ranking:
        title = f"Ranking by {_tell_strategy(decision)}:"
        parts.append(_tell_list(title, (_tell_place(one, decision) for one in decision.ranking)))
    if decision.exclusions:
        lines = (_tell_exclusion(one) for one in decision.exclusions)
        parts.append(_tell_list("Left out:", lines))
    parts.append(_tell_circumstances(decision))
    return shorten("\n\n".join(parts), EXPLANATION_LIMIT)


def _tell_winner(decision: Decision) -> dict[str, str]:
    winner, margin = decision.winner, decision.margin_to_second
    if winner is None:
        return dict.fromkeys(("winner", "price", "proposal", "margin"), "")
    return {
        "winner": winner.manufacturer.name or winner.manufacturer.account_id,
        "price": str(winner.price),
        "proposal": winner.proposal.name,
        "margin": _tell_margin(margin),
    }


def _tell_margin(margin: Money | None) -> str:
    if margin is None:
        return ", the only proposal that counts"
    return f", {margin} below the second" if margin.minor else ", level with the second"


def _tell_strategy(decision: Decision) -> str:
    policy = decision.inputs.policy
    name = STRATEGY_NAMES.get(policy.strategy_key, policy.strategy_key)
    return f"{name}, version {policy.strategy_version}"


def _tell_rating(one: Ranked) -> str:
    rating = one.manufacturer.rating
    return "unknown" if rating is None else group_digits(rating)


def _tell_place(one: Ranked, decision: Decision) -> str:
    currency = decision.inputs.tender.currency
    zone = decision.inputs.policy.business_zone
    price = str(one.price)
    if one.price.currency != currency:
        price += f" = {round_to_minor(one.comparable, currency)}"
    edited = one.proposal.price != one.price.to_decimal()
    note = " (the price when the call closed; changed since)" if edited else ""
    maker = one.manufacturer.name or one.manufacturer.account_id
    at = tell_instant(one.proposal.submission_at, zone)
    return f"{one.rank}. {one.proposal.name}, {maker}: {price}{note}, submitted {at}"


def _tell_exclusion(one: Exclusion) -> str:
    maker = one.proposal.manufacturer.name if one.proposal.manufacturer else ""
    who = f"{one.proposal.name}, {maker}" if maker else one.proposal.name
    return f"- {who}: {one.words} [{one.code}]"


def _tell_circumstances(decision: Decision) -> str:
    facts, rates = decision.inputs, decision.inputs.rates
    closed = tell_instant(facts.deadline, facts.policy.business_zone)
    lines = [f"The call closed at {closed}. Decided for the business day {facts.business_date}."]
    if decision.is_late:
        lines.append("This is later than the first possible day: earlier runs did not decide it.")
    if decision.rates_used:
        units = ", ".join(f"{rate} {code}" for code, rate in decision.rates_used.items())
        source = f", source {rates.source}" if rates.source else ""
        moment = f", as of {rates.as_of:%Y-%m-%d %H:%M:%S %Z}" if rates.as_of else ""
        lines.append(f"Exchange rates per 1 {rates.base}: {units}{source}{moment}.")
    lines.append(f"Fingerprint of the inputs: {facts.sha256}.")
    return "\n".join(lines)


def _tell_list(title: str, lines: Iterable[str]) -> str:
    kept, room, hidden = [title], _LIST_LIMIT, 0
    for line in lines:
        room -= count_characters(line) + 1
        if room >= 0:
            kept.append(line)
        else:
            hidden += 1
    return "\n".join([*kept, f"… and {hidden} more."] if hidden else kept)
