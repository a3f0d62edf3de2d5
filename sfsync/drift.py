"""The ledger of drift: every difference that was found between the replica and the org, and when.

Owns the tables `sync_reconcile` and `sync_drift`, and the words for kinds of drift. An entry is
written in the transaction that heals its row, so that nothing is healed without a trace.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, UtcDateTime


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
    #: how deep it looked: buckets, or every field
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
