"""The table of writes that still have to reach the org, and where each of them stands."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, Text, false, func
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, UtcDateTime
from sfsync import jsonio


class WriteState(StrEnum):
    """Where a write stands."""

    PENDING = "pending"  #: waits for the next push, or for its retry time
    SENDING = "sending"  #: claimed by a push; after a crash its outcome is read back
    SENT = "sent"  #: the org has it
    REJECTED = "rejected"  #: the org refused it; someone must correct what the remedy says
    YIELDED = "yielded"  #: nothing was left to send: what people wrote stands; see the conflicts
    SUPERSEDED = "superseded"  #: folded into, or overtaken by, a later write of the same record
    DROPPED = "dropped"  #: a person decided that it is no longer wanted


class OutboxWrite(Base):
    """One upsert of one record by its external ID."""

    __tablename__ = "outbox_write"

    id: Mapped[int] = mapped_column(primary_key=True)
    sobject: Mapped[str] = mapped_column(String(80))
    external_id: Mapped[str] = mapped_column(String(255))
    #: the values as JSON, keys sorted, amounts exact
    payload: Mapped[str] = mapped_column(Text)
    #: as JSON, per field of the payload the value that the change was made against, where known
    base: Mapped[str | None] = mapped_column(Text)
    #: as JSON, the part of the payload that the latest attempt carried
    sent: Mapped[str | None] = mapped_column(Text)
    #: what that attempt wrote into Sync_Write__c; empty when it is not guarded, or never left
    mark: Mapped[str | None] = mapped_column(String(80))
    #: what brought it about, in words: a file and row, an event, a run
    cause: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20), default=WriteState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    enqueued_at: Mapped[datetime] = mapped_column(
        UtcDateTime, server_default=func.current_timestamp()
    )
    #: not to be sent before; empty means at once
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claimed_by: Mapped[str | None] = mapped_column(String(128))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: the ingest job that carries, or carried, the write; empty when calls of 200 do
    bulk_job_id: Mapped[str | None] = mapped_column(String(18))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    salesforce_id: Mapped[str | None] = mapped_column(String(18))
    #: whether the org created the record, as far as its answer tells
    created: Mapped[bool | None]
    error_code: Mapped[str | None] = mapped_column(String(80))
    error_message: Mapped[str | None] = mapped_column(Text)
    #: API names of the fields that the org blames, comma-separated
    error_fields: Mapped[str | None] = mapped_column(Text)
    error_remedy: Mapped[str | None] = mapped_column(Text)
    #: when the latest attempt failed
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: the record that has to arrive first, or the field that cannot be written, and why
    waits_for: Mapped[str | None] = mapped_column(Text)
    #: holds only what an earlier write of the record could not carry; see `sfsync.holding`
    is_remainder: Mapped[bool] = mapped_column(default=False, server_default=false())

    @property
    def values(self) -> dict[str, Any]:
        """The field values, amounts as Decimal."""
        values: dict[str, Any] = jsonio.loads(self.payload)
        return values

    @property
    def base_values(self) -> dict[str, Any]:
        """What each field was changed from, as far as that was known."""
        values: dict[str, Any] = jsonio.loads(self.base) if self.base else {}
        return values

    @property
    def carried(self) -> dict[str, Any]:
        """What the org was sent of it; all of it while the first attempt is prepared."""
        values: dict[str, Any] = jsonio.loads(self.sent or self.payload)
        return values


def _one_per_record(state: WriteState) -> Index:
    condition = OutboxWrite.state == state.value
    return Index(
        f"uq_outbox_write_{state}",
        OutboxWrite.sobject,
        OutboxWrite.external_id,
        unique=True,
        sqlite_where=condition,
        postgresql_where=condition,
    )


ONE_PENDING = _one_per_record(WriteState.PENDING)
ONE_SENDING = _one_per_record(WriteState.SENDING)
Index("ix_outbox_write_key", OutboxWrite.sobject, OutboxWrite.external_id)
Index("ix_outbox_write_state", OutboxWrite.state, OutboxWrite.sobject, OutboxWrite.id)
