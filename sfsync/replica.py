"""The local copy of the org's rows: a disposable cache, rebuilt from the org at any time.

Owns the replica's tables and the rule that an older version of a row never replaces a newer one,
which makes reading an overlap again harmless. Nothing but this package writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Boolean, Column, Date, Index, String, Table, Text, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.database import Base, ExactDecimal, UtcDateTime
from sfsync.mapping import BY_SOBJECT, MAPPINGS, FieldMap, Kind, Mapping
from sfsync.values import read_field

TYPES: dict[Kind, Any] = {
    Kind.ID: String(18),
    Kind.TEXT: Text(),
    Kind.DECIMAL: ExactDecimal(),
    Kind.FLAG: Boolean(),
    Kind.DATE: Date(),
    Kind.INSTANT: UtcDateTime(),
}
#: What a row cannot be without.
REQUIRED_COLUMNS = frozenset({"salesforce_id", "is_deleted", "system_modstamp"})
#: Ids per lookup of known rows; both databases take more parameters than this.
LOOKUP_SIZE = 500


class SyncState(Base):
    """How far one sObject's replica is complete, and where an interrupted pull continues."""

    __tablename__ = "sync_state"

    sobject: Mapped[str] = mapped_column(String(80), primary_key=True)
    #: every change stamped up to here has been read, but for commits later than the overlap
    watermark_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: the fixed upper bound of a pull that is under way or was interrupted
    window_end_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: the last row stored of that pull, by (SystemModstamp, Id)
    cursor_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cursor_id: Mapped[str | None] = mapped_column(String(18))
    #: the org's time when the last pull that came to its end began
    last_pull_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def _build_table(mapping: Mapping) -> Table:
    columns = [_build_column(each) for each in mapping.fields]
    table = Table(mapping.table, Base.metadata, *columns)
    Index(None, table.c.external_id)
    Index(None, table.c.system_modstamp, table.c.salesforce_id)
    return table


def _build_column(field: FieldMap) -> Column[Any]:
    return Column(
        field.column,
        TYPES[field.kind],
        primary_key=field.column == "salesforce_id",
        nullable=field.column not in REQUIRED_COLUMNS,
    )


TABLES: dict[str, Table] = {mapping.sobject: _build_table(mapping) for mapping in MAPPINGS}


@dataclass
class Tally:
    """What a pull did to one replica table."""

    read: int = 0  #: rows the org sent
    inserted: int = 0
    updated: int = 0
    deleted: int = 0  #: rows that the org has put into its recycle bin since
    unchanged: int = 0  #: rows known already, read again by the overlap

    def add(self, other: Tally) -> None:
        """Adds the counts of another page."""
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return dict(vars(self))


def store_page(session: Session, mapping: Mapping, records: Sequence[dict[str, Any]]) -> Tally:
    """Writes one page of org rows into the replica and says what was new. Idempotent.

    A row older than the one stored is left out: pages may arrive again, and in any order.
    """
    rows = [_read_row(mapping, record) for record in records]
    known = _load_known(session, mapping, [row["salesforce_id"] for row in rows])
    tally = Tally(read=len(rows))
    changed = [row for row in rows if _count(tally, row, known.get(row["salesforce_id"]))]
    if changed:
        session.execute(_upsert(session, mapping), changed)
    return tally


def load_record(session: Session, sobject: str, salesforce_id: str) -> dict[str, Any] | None:
    """One replica row by its record Id, its columns by name; None when it is not known."""
    table = TABLES[sobject]
    found = session.execute(select(table).where(table.c.salesforce_id == salesforce_id))
    row = found.mappings().one_or_none()
    return None if row is None else dict(row)


def load_records(session: Session, sobject: str, **equal_to: object) -> list[dict[str, Any]]:
    """The replica rows that are not deleted and whose columns equal the values given, by Id."""
    table = TABLES[sobject]
    wanted = [table.c[name] == value for name, value in equal_to.items()]
    query = select(table).where(table.c.is_deleted.is_not(true()), *wanted)
    return [dict(row) for row in session.execute(query.order_by(table.c.salesforce_id)).mappings()]


def _read_row(mapping: Mapping, record: dict[str, Any]) -> dict[str, Any]:
    return {each.column: read_field(record, each) for each in mapping.fields}


def _load_known(
    session: Session, mapping: Mapping, ids: Iterable[str]
) -> dict[str, dict[str, Any]]:
    table = TABLES[mapping.sobject]
    known: dict[str, dict[str, Any]] = {}
    remaining = iter(ids)
    while chunk := list(islice(remaining, LOOKUP_SIZE)):
        found = session.execute(select(table).where(table.c.salesforce_id.in_(chunk)))
        known |= {row["salesforce_id"]: dict(row) for row in found.mappings()}
    return known


def _count(tally: Tally, row: dict[str, Any], known: dict[str, Any] | None) -> bool:
    """Books one row; whether it has to be written."""
    if known is None:
        tally.deleted += row["is_deleted"]
        tally.inserted += not row["is_deleted"]
        return True
    if known == row or known["system_modstamp"] > row["system_modstamp"]:
        tally.unchanged += 1
        return False
    newly_deleted = row["is_deleted"] and not known["is_deleted"]
    tally.deleted += newly_deleted
    tally.updated += not newly_deleted
    return True


def _upsert(session: Session, mapping: Mapping) -> Any:
    table = TABLES[mapping.sobject]
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    insert = dialect.insert(table)
    columns = {c.name: insert.excluded[c.name] for c in table.c if not c.primary_key}
    return insert.on_conflict_do_update(
        index_elements=[table.c.salesforce_id],
        set_=columns,
        where=insert.excluded.system_modstamp >= table.c.system_modstamp,
    )


def known_ids(session: Session, sobject: str, external_ids: Sequence[str]) -> dict[str, str]:
    """The record Ids that the replica knows for these external IDs."""
    if sobject not in BY_SOBJECT:
        return {}
    table = TABLES[sobject]
    found: dict[str, str] = {}
    remaining = iter(external_ids)
    while chunk := list(islice(remaining, LOOKUP_SIZE)):
        query = select(table.c.external_id, table.c.salesforce_id).where(
            table.c.external_id.in_(chunk), table.c.is_deleted.is_not(true())
        )
        found |= {row.external_id: row.salesforce_id for row in session.execute(query)}
    return found
