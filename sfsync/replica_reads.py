"""Reads of the replica: rows by record Id, by external ID, by column, and in order.

Owns what a reader sees: the columns that mirror the org, without the replica's own marks unless
they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, select, true
from sqlalchemy.orm import Session

from sfsync.chunks import chunked
from sfsync.extra import parse_extra
from sfsync.mapping import BY_SOBJECT, Mapping
from sfsync.replica import LOOKUP_SIZE, TABLES, mirrored_columns

#: Rows of one step through a whole table.
WALK_SIZE = 2_000


def load_record(session: Session, sobject: str, salesforce_id: str) -> dict[str, Any] | None:
    """One replica row by its record Id, its columns by name; None when it is not known."""
    table = TABLES[sobject]
    row_of_id = select(*mirrored_columns(sobject)).where(table.c.salesforce_id == salesforce_id)
    found = session.execute(row_of_id)
    row = found.mappings().one_or_none()
    return None if row is None else _with_extra(row)


def load_records(session: Session, sobject: str, **equal_to: object) -> list[dict[str, Any]]:
    """The replica rows that are not deleted and whose columns equal the values given, by Id."""
    table = TABLES[sobject]
    wanted = [table.c[name] == value for name, value in equal_to.items()]
    query = select(*mirrored_columns(sobject)).where(table.c.is_deleted.is_not(true()), *wanted)
    found = session.execute(query.order_by(table.c.salesforce_id)).mappings()
    return [_with_extra(row) for row in found]


def _with_extra(row: RowMapping) -> dict[str, Any]:
    return {**row, "extra": parse_extra(row["extra"])}


def find_by_key(
    session: Session, sobject: str, external_ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """The replica row of each external ID that is known: the live one, else the latest deleted."""
    table = TABLES[sobject]
    found: dict[str, dict[str, Any]] = {}
    for chunk in chunked(external_ids, LOOKUP_SIZE):
        query = select(*mirrored_columns(sobject)).where(table.c.external_id.in_(chunk))
        # The best one comes last and stays.
        ordered = query.order_by(table.c.is_deleted.desc(), table.c.system_modstamp)
        found |= {row["external_id"]: dict(row) for row in session.execute(ordered).mappings()}
    return found


def known_ids(session: Session, sobject: str, external_ids: Sequence[str]) -> dict[str, str]:
    """The record Ids that the replica knows for these external IDs."""
    if sobject not in BY_SOBJECT:
        return {}
    table = TABLES[sobject]
    found: dict[str, str] = {}
    for chunk in chunked(external_ids, LOOKUP_SIZE):
        query = select(table.c.external_id, table.c.salesforce_id).where(
            table.c.external_id.in_(chunk), table.c.is_deleted.is_not(true())
        )
        found |= {row.external_id: row.salesforce_id for row in session.execute(query)}
    return found


def load_stamps(session: Session, sobject: str, ids: Iterable[str]) -> dict[str, datetime]:
    """Which version of these records the replica holds: their SystemModstamp, by record Id."""
    table = TABLES[sobject]
    stamps: dict[str, datetime] = {}
    for chunk in chunked(ids, LOOKUP_SIZE):
        query = select(table.c.salesforce_id, table.c.system_modstamp)
        found = session.execute(query.where(table.c.salesforce_id.in_(chunk)))
        stamps |= {row.salesforce_id: row.system_modstamp for row in found}
    return stamps


def load_stored(
    session: Session, mapping: Mapping, ids: Iterable[str], *, lock: bool = False
) -> dict[str, dict[str, Any]]:
    """Rows by Id with their checksums; `lock` keeps other writers out until the transaction ends.

    On SQLite every transaction keeps them out.
    """
    table = TABLES[mapping.sobject]
    columns = [*mirrored_columns(mapping.sobject), table.c.checksum]
    stored: dict[str, dict[str, Any]] = {}
    for chunk in chunked(sorted(ids), LOOKUP_SIZE):
        query = select(*columns).where(table.c.salesforce_id.in_(chunk))
        found = session.execute(query.with_for_update() if lock else query)
        stored |= {row["salesforce_id"]: dict(row) for row in found.mappings()}
    return stored


def walk(
    session: Session, mapping: Mapping, after_id: str, *conditions: ColumnElement[bool]
) -> list[dict[str, Any]]:
    """The next rows behind an Id, in the order of Ids, with their checksums; empty at the end."""
    table = TABLES[mapping.sobject]
    query = select(*mirrored_columns(mapping.sobject), table.c.checksum)
    query = query.where(table.c.salesforce_id > after_id, *conditions)
    found = session.execute(query.order_by(table.c.salesforce_id).limit(WALK_SIZE))
    return [dict(row) for row in found.mappings()]


def count_seen(session: Session, mapping: Mapping, load_no: int) -> int:
    """How many rows that reading of everything has met so far."""
    table = TABLES[mapping.sobject]
    query = select(func.count()).select_from(table).where(table.c.seen_in_load == load_no)
    return session.scalar(query) or 0
