"""The ledger of drift: every difference that was found between the replica and the org, and when.

Owns the tables `sync_reconcile` and `sync_drift`, and the words for kinds of drift. An entry is
written in the transaction that heals its row, so that nothing is healed without a trace.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.database import Base, UtcDateTime, transaction
from sfsync.mapping import Mapping


class DriftKind(StrEnum):
    """In what way a row differed."""

    MISSING = "missing"  #: alive in the org, absent or marked as deleted here
    SURPLUS = "surplus"  #: alive here, deleted in the org or never there
    STALE = "stale"  #: another version than the org's, by its stamp
    CELL = "cell"  #: the same version, and yet a value differs


class Reconciliation(Base):
    """One comparison of the replica with the org; times are the org's."""

    __tablename__ = "sync_reconcile"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: where it began: with the figures of days, or with every field
    depth: Mapped[str] = mapped_column(String(10))
    #: which sObjects, parted by blanks
    sobjects: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: empty while it is at work, and for good when it was killed: the next one begins anew
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rows_checked: Mapped[int] = mapped_column(default=0)
    rows_drifted: Mapped[int] = mapped_column(default=0)
    api_calls: Mapped[int] = mapped_column(default=0)


class Drift(Base):
    """One difference: a value, or a row as a whole."""

    __tablename__ = "sync_drift"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey(Reconciliation.id))
    sobject: Mapped[str] = mapped_column(String(80))
    salesforce_id: Mapped[str] = mapped_column(String(18), index=True)
    #: the org's name of the field; empty where the row as a whole is missing or surplus
    field: Mapped[str | None] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(10))
    #: both values in the spelling of `sfsync.checksums`; None is an empty value, or no row
    ours: Mapped[str | None] = mapped_column(Text)
    theirs: Mapped[str | None] = mapped_column(Text)
    #: what most likely brought it about, in words
    cause: Mapped[str] = mapped_column(Text)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    healed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def begin_run(
    engine: Engine, mappings: Iterable[Mapping], started_at: datetime, *, every_field: bool
) -> int:
    """Notes that a reconciliation is at work; its number."""
    run = Reconciliation(
        depth="fields" if every_field else "figures",
        sobjects=" ".join(mapping.sobject for mapping in mappings),
        started_at=started_at,
    )
    with transaction(engine) as session:
        session.add(run)
    return run.id


def end_run(
    engine: Engine, run_id: int, finished_at: datetime, rows: int, drifted: int, calls: int
) -> None:
    """Notes that it came to its end, and what it found."""
    with transaction(engine) as session:
        run = session.get_one(Reconciliation, run_id)
        run.finished_at, run.api_calls = finished_at, calls
        run.rows_checked, run.rows_drifted = rows, drifted


def last_run(session: Session) -> dict[str, Any] | None:
    """The latest reconciliation that came to its end, by column; None before the first."""
    query = select(Reconciliation).where(Reconciliation.finished_at.is_not(None))
    run = session.scalars(query.order_by(Reconciliation.id.desc()).limit(1)).one_or_none()
    return None if run is None else _plain(run)


def list_drift(
    session: Session, *, sobject: str | None = None, record_id: str | None = None, limit: int
) -> list[dict[str, Any]]:
    """The latest entries of the ledger, the newest first, for people and programs."""
    query = select(Drift).order_by(Drift.id.desc()).limit(limit)
    if sobject is not None:
        query = query.where(Drift.sobject == sobject)
    if record_id is not None:
        query = query.where(Drift.salesforce_id == record_id)
    return [_plain(each) for each in session.scalars(query)]


def _plain(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}
