"""Finds a record by any name that people call it by.

Owns which names count: the record Id in either length, our external ID, the number that Salesforce
gave (order number, OP-number), in any case of letters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from sfsync.ids import normalise_id
from sfsync.mapping import BY_SOBJECT, MAPPINGS, PUSH_ORDER
from sfsync.outbox import OutboxWrite
from sfsync.replica import TABLES

#: The columns that hold a number given by Salesforce, by sObject.
NUMBER_COLUMNS = {"Order": "order_number", "Order_Proposal__c": "name"}


@dataclass(frozen=True)
class NamedRecord:
    """A record that the replica or the outbox knows."""

    sobject: str
    external_id: str | None
    salesforce_id: str | None
    number: str | None = None  #: what Salesforce numbers it by
    row: dict[str, Any] | None = None  #: the replica's row by column

    @property
    def title(self) -> str:
        """All its names, such as `Order ORD-1 (00000100, 801…)`."""
        names = [name for name in (self.external_id, self.number, self.salesforce_id) if name]
        rest = f" ({', '.join(names[1:])})" if names[1:] else ""
        return f"{self.sobject} {names[0]}{rest}"


def find_named(session: Session, text: str) -> list[NamedRecord]:
    """Every record called `text`; several when an account and an order share an external ID."""
    record_id = _as_id(text)
    found = [
        record for mapping in MAPPINGS for record in _in_replica(session, mapping.sobject, text)
    ]
    known = {(each.sobject, (each.external_id or "").casefold()) for each in found}
    found += [
        each
        for each in _in_outbox(session, text, record_id)
        if (each.sobject, (each.external_id or "").casefold()) not in known
    ]
    return found


def _as_id(text: str) -> str | None:
    try:
        return normalise_id(text)
    except ValueError:
        return None


def _in_replica(session: Session, sobject: str, text: str) -> Iterator[NamedRecord]:
    table = TABLES[sobject]
    wanted: list[ColumnElement[bool]] = [func.lower(table.c.external_id) == text.lower()]
    record_id, number_column = _as_id(text), NUMBER_COLUMNS.get(sobject)
    if record_id is not None:
        wanted.append(table.c.salesforce_id == record_id)
    if number_column is not None:
        wanted.append(func.lower(table.c[number_column]) == text.lower())
    columns = [table.c[each.column] for each in BY_SOBJECT[sobject].fields]
    query = select(*columns).where(or_(*wanted)).order_by(table.c.salesforce_id)
    for row in session.execute(query).mappings():
        number = row[number_column] if number_column is not None else None
        yield NamedRecord(sobject, row["external_id"], row["salesforce_id"], number, dict(row))


def _in_outbox(session: Session, text: str, record_id: str | None) -> Iterator[NamedRecord]:
    """Records that were written, or shall be, and that the replica does not hold."""
    wanted: list[ColumnElement[bool]] = [func.lower(OutboxWrite.external_id) == text.lower()]
    if record_id is not None:
        wanted.append(OutboxWrite.salesforce_id == record_id)
    query = (
        select(OutboxWrite.sobject, OutboxWrite.external_id, func.max(OutboxWrite.salesforce_id))
        .where(or_(*wanted), OutboxWrite.sobject.in_(PUSH_ORDER))
        .group_by(OutboxWrite.sobject, OutboxWrite.external_id)
    )
    for sobject, external_id, salesforce_id in session.execute(query):
        yield NamedRecord(sobject, external_id, salesforce_id)
