"""Compares what a sheet asks for with what was sent before and what the org holds now.

Owns the rule that an import never overwrites a person: a field is sent only when the sheet itself
changed since it was last sent and nobody changed the record in between. What differs otherwise is
kept and reported.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sfsync import jsonio
from sfsync.chunks import chunked
from sfsync.client import Salesforce
from sfsync.merging import CREATION_ONLY
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.queries import query_in
from sfsync.replica import LOOKUP_SIZE

Values = dict[str, Any]
#: Writes that the org has or will have.
CARRIED = (WriteState.PENDING, WriteState.SENDING, WriteState.SENT)
#: The same, and those that were weighed against what a person wrote.
STANDING = (*CARRIED, WriteState.YIELDED)


#: What is told of a record that was deleted, or has another external ID by now.
GONE = "it was sent before and is no longer in Salesforce"


class Action(StrEnum):
    """What an import does with one record."""

    CREATE = "create"  #: the org has no such record
    UPDATE = "update"  #: the sheet changed since it was sent, and nobody else did
    KEEP = "keep"  #: the org's record differs and is left as it is
    UNCHANGED = "unchanged"  #: nothing to do


@dataclass(frozen=True)
class Change:
    """What becomes of one planned record. `values` are what would be sent, by API name.

    A field that the sheet and a person both changed is among them: the push merges it by its policy
    and lists the clash. `base` is what they were changed from: what the org held when the import
    looked, and for a clash what the sheet had said before.
    """

    sobject: str
    external_id: str
    action: Action
    values: Values
    note: str = ""
    base: Values = field(default_factory=dict)

    @property
    def is_partial(self) -> bool:
        """Whether the org's record keeps something that the sheet says otherwise."""
        return bool(self.note) and self.action in (Action.KEEP, Action.UPDATE)


def account_values(name: str, kind: str, country: str | None) -> Values:
    """An account under the org's names."""
    values: Values = {"Name": name, "RecordType": {"DeveloperName": kind}}
    return values | ({"BillingCountry": country} if country else {})


def order_values(
    *,
    account: str,
    title: str,
    effective_on: date,
    budget: Decimal | None,
    currency: str,
    channel: str | None,
    deposit_required: bool,
    description: str | None,
) -> Values:
    """An RFP under the org's names; `account` is the hardware designer's external ID."""
    return {
        "Account": {"External_Id__c": account},
        "Name": title,
        "EffectiveDate": effective_on,
        "Status": "PENDING VALIDATION",
        "Budget__c": budget,
        "CurrencyIsoCode": currency,
        "Marketing_Channel__c": channel,
        "Deposit_Required__c": deposit_required,
        "Description": description,
    }


def proposal_values(
    *,
    order: str,
    manufacturer: str,
    price: Decimal,
    currency: str,
    lead_time_days: int | None,
    submitted_at: datetime | None,
    valid_until: date | None,
    description: str | None,
) -> Values:
    """A proposal under the org's names; order and manufacturer by their external IDs."""
    values: Values = {
        "Order__r": {"External_Id__c": order},
        "Manufacturer__r": {"External_Id__c": manufacturer},
        "Price__c": price,
        "CurrencyIsoCode": currency,
        "Lead_Time_Days__c": lead_time_days,
        "Valid_Until__c": valid_until,
        "Description__c": description,
    }
    return values | ({"Submitted_At__c": submitted_at} if submitted_at else {})


def known_values(
    session: Session,
    sobject: str,
    external_ids: Iterable[str],
    states: Sequence[WriteState] = STANDING,
) -> dict[str, Values]:
    """What the writes in these states want of these records: all of them laid over each other."""
    known: dict[str, Values] = {}
    for chunk in chunked(set(external_ids), LOOKUP_SIZE):
        rows = select(OutboxWrite).where(
            OutboxWrite.sobject == sobject,
            OutboxWrite.external_id.in_(chunk),
            OutboxWrite.state.in_(states),
        )
        for row in session.scalars(rows.order_by(OutboxWrite.id)):
            known.setdefault(row.external_id, {}).update(row.values)
    return known


def find_arrived(session: Session, sobject: str, external_ids: Iterable[str]) -> set[str]:
    """Which of these records the org took from us at some time."""
    arrived = select(OutboxWrite.external_id).where(
        OutboxWrite.sobject == sobject, OutboxWrite.state == WriteState.SENT
    )
    return set(session.scalars(arrived.distinct())).intersection(external_ids)


def read_current(sf: Salesforce, sobject: str, records: Mapping[str, Values]) -> dict[str, Values]:
    """The org's records of these external IDs, with the fields that the sheet speaks of."""
    fields = {path for values in records.values() for path in paths_of(values)}
    columns = ", ".join(sorted(fields | {"External_Id__c"}))
    template = " ".join(["SELECT", columns, "FROM", sobject, "WHERE External_Id__c IN {values}"])
    return {row["External_Id__c"]: row for row in query_in(sf, template, list(records))}


def paths_of(values: Values) -> Iterable[str]:
    """SOQL paths of a record's fields: a parent by external ID becomes a path to it."""
    for name, value in values.items():
        yield f"{name}.{next(iter(value))}" if isinstance(value, dict) else name


def compare(
    sobject: str,
    records: Mapping[str, Values],
    known: Mapping[str, Values],
    current: Mapping[str, Values],
    arrived: Collection[str] = (),
) -> list[Change]:
    """What an import does with each record; the org took those of `arrived` at some time."""
    return [
        _compare_absent(sobject, key, values, known.get(key), has_arrived=key in arrived)
        if key not in current
        else compare_one(sobject, key, values, known.get(key), current[key])
        for key, values in records.items()
    ]


def _compare_absent(
    sobject: str, external_id: str, wanted: Values, base: Values | None, *, has_arrived: bool
) -> Change:
    """What becomes of a record that the org does not have, or not any more.

    A change of a deleted one is no creation: the push lists it for somebody to decide.
    """
    is_new = base is None or bool(differing(wanted, base))
    if has_arrived:
        action = Action.CREATE if is_new else Action.KEEP
        return Change(sobject, external_id, action, wanted if is_new else {}, GONE)
    if not is_new:
        return Change(sobject, external_id, Action.UNCHANGED, {}, "waits to be sent")
    return Change(sobject, external_id, Action.CREATE, wanted)


def compare_one(
    sobject: str, external_id: str, wanted: Values, base: Values | None, current: Values
) -> Change:
    """Three ways: what the sheet says, what was sent before, what the org holds.

    A field that was never sent was empty for us: what stands there is a person's.
    """
    lasting = {name: value for name, value in wanted.items() if name not in CREATION_ONLY}
    apart = differing(lasting, current)
    if not apart:
        return Change(sobject, external_id, Action.UNCHANGED, {})
    moved = set(differing(lasting, base)) if base is not None else set()
    edited = {n for n in apart if base is None or differing({n: base.get(n)}, current)}
    send = {name: wanted[name] for name in apart if name in moved and name not in edited}
    clashing = {name: wanted[name] for name in apart if name in moved and name in edited}
    seen = {name: pick(current.get(name), value) for name, value in send.items()}
    seen |= {name: (base or {}).get(name) for name in clashing}
    action = Action.UPDATE if send else Action.KEEP
    note = _tell_kept(sorted(set(apart) - moved), sorted(clashing))
    return Change(sobject, external_id, action, send | clashing, note, seen)


def _tell_kept(kept: list[str], clashing: list[str]) -> str:
    """What is not simply written, in words."""
    notes = [f"Salesforce keeps its own {', '.join(kept)}"] if kept else []
    if clashing:
        names = ", ".join(clashing)
        notes.append(f"{names} was changed here and there, see `flask sync conflicts list --all`")
    return "; ".join(notes)


def differing(wanted: Values, present: Values) -> list[str]:
    """Names of the fields that `present` holds otherwise."""
    return [n for n, value in wanted.items() if plain(value) != plain(pick(present.get(n), value))]


def pick(present: Any, wanted: Any) -> Any:
    """The part of a parent record that is compared: its key."""
    if isinstance(wanted, dict) and isinstance(present, dict):
        return {key: present.get(key) for key in wanted}
    return present


def plain(value: Any) -> Any:
    """A value as the org's answers spell it, so that both sides compare alike."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, datetime):
        return jsonio.spell_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return " ".join(str(value).split()) or None
