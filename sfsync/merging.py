"""Merges a change of ours with what people did to the record meanwhile, field by field.

Owns the rule of the two-way sync: a field that only one side changed gets that side's value, and
where both changed it a policy decides and the clash is told. Pure: values in, a decision out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sfsync.values import are_equal

Values = Mapping[str, Any]
#: The name under which the deletion of a record is told and known.
DELETION = "IsDeleted"
#: Fields that only the creation sets: afterwards they belong to people and rules.
CREATION_ONLY = frozenset({"Status", "RecordType"})


class Policy(StrEnum):
    """Who gets a field that both sides changed."""

    THEIRS = "theirs"  #: what people wrote in Salesforce stays
    OURS = "ours"  #: the field belongs to the back office
    LARGER = "larger"  #: the larger number
    ASK = "ask"  #: theirs stays until a person decides


class Outcome(StrEnum):
    """What became of a clash."""

    THEIRS = "theirs"
    OURS = "ours"
    OPEN = "open"  #: theirs stands, and a person is asked


#: Everything else is THEIRS: an edit by hand wins.
POLICIES: dict[tuple[str, str], Policy] = {
    ("Account", "Payout_Account__c"): Policy.OURS,
    ("Account", "Payouts_Ready__c"): Policy.OURS,
    ("Order", "Budget__c"): Policy.ASK,
    ("Order", "CurrencyIsoCode"): Policy.ASK,
    ("Order", "EffectiveDate"): Policy.ASK,
    ("Order_Proposal__c", "Price__c"): Policy.ASK,
    ("Order_Proposal__c", "CurrencyIsoCode"): Policy.ASK,
    ("Order_Proposal__c", "Lead_Time_Days__c"): Policy.LARGER,
}


@dataclass(frozen=True)
class Clash:
    """One field that both sides changed, and who got it."""

    field: str
    base: object  #: what both started from; None also where that is not known
    ours: object
    theirs: object
    policy: Policy
    outcome: Outcome


@dataclass(frozen=True)
class Merged:
    """What is left of a change: the fields to send, and those that clashed."""

    send: tuple[str, ...]
    clashes: tuple[Clash, ...]
    agreed: tuple[str, ...] = ()  #: what we changed, and they to the same value


def merge(sobject: str, base: Values, ours: Values, theirs: Values) -> Merged:
    """Three ways: what a change was made from, what it wants, and what the record holds now.

    A field without a base was not known when the change was made, so that any other value of
    theirs is a person's. `theirs` must hold every field of `ours`.
    """
    send, clashes, agreed = [], [], []
    for name, wanted in ours.items():
        if _is_theirs_alone(name, base, wanted):
            continue
        if are_same(wanted, theirs[name]):
            agreed.append(name)
            continue
        if name in base and are_same(base[name], theirs[name]):
            send.append(name)
            continue
        clash = _decide(sobject, name, base.get(name), wanted, theirs[name])
        clashes.append(clash)
        if clash.outcome is Outcome.OURS:
            send.append(name)
    return Merged(tuple(send), tuple(clashes), tuple(agreed))


def clash_of_deletion(ours: Values) -> Clash:
    """A change that meets a deleted record: nothing is revived until a person says so."""
    return Clash(DELETION, False, dict(ours), True, Policy.ASK, Outcome.OPEN)


def find_policy(sobject: str, field: str) -> Policy:
    """Who gets this field when both sides changed it."""
    return POLICIES.get((sobject, field), Policy.THEIRS)


def are_same(one: object, other: object) -> bool:
    """Whether two values are the same to Salesforce, which trims text and knows no empty box."""
    one, other = _trim(one), _trim(other)
    return are_equal(one, other) or are_equal(other, one)


def _trim(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _is_theirs_alone(name: str, base: Values, wanted: object) -> bool:
    """Whether our side never changed the field: it only said it at the creation, or repeats it."""
    if name not in base:
        return name in CREATION_ONLY
    return are_same(base[name], wanted)


def _decide(sobject: str, name: str, base: object, ours: object, theirs: object) -> Clash:
    policy = find_policy(sobject, name)
    return Clash(name, base, ours, theirs, policy, _OUTCOMES[policy](ours, theirs))


def _larger(ours: object, theirs: object) -> Outcome:
    if theirs is None or ours is None:
        return Outcome.OURS if theirs is None else Outcome.THEIRS
    if isinstance(ours, int | Decimal) and isinstance(theirs, int | Decimal):
        return Outcome.OURS if ours > theirs else Outcome.THEIRS
    return Outcome.OPEN


_OUTCOMES = {
    Policy.THEIRS: lambda _ours, _theirs: Outcome.THEIRS,
    Policy.OURS: lambda _ours, _theirs: Outcome.OURS,
    Policy.ASK: lambda _ours, _theirs: Outcome.OPEN,
    Policy.LARGER: _larger,
}
