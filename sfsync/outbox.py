"""Writes that still have to reach the org, stored in the transaction of their cause.

Owns what "the same write" means. Every write is an upsert by external ID, so it may be sent twice;
storing it twice is avoided here: values that are already on their way, or have arrived, are not
written again, and a newer write of the same record is folded into one that has not left yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, Text, false, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.database import Base, UtcDateTime
from sfsync import jsonio
from sfsync.mapping import PUSH_ORDER, find_references


class WriteState(StrEnum):
    """Where a write stands."""

    PENDING = "pending"  #: waits for the next push, or for its retry time
    SENDING = "sending"  #: claimed by a push; after a crash its outcome is read back
    SENT = "sent"  #: the org has it
    REJECTED = "rejected"  #: the org refused it; someone must correct what the remedy says
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

#: States in which the same values need no second write.
_ON_THEIR_WAY = (WriteState.PENDING, WriteState.SENDING, WriteState.SENT)


def enqueue(
    session: Session, sobject: str, external_id: str, values: Mapping[str, object], cause: str
) -> bool:
    """Notes that the org's record `external_id` shall have `values`; whether anything was noted.

    Joins the caller's transaction. `values` are by API name; a lookup is given by external ID,
    `{"Account": {"External_Id__c": "HD-1"}}`. Idempotent: values that are on their way or were the
    last ones to arrive are not noted again; values that were rejected are tried again. A write
    that has not left yet takes over the new values.
    Raises ValueError for an sObject that is not pushed, an empty external ID, or a lookup by
    another field than ours: all are bugs, and must not reach the push.
    """
    if sobject not in PUSH_ORDER:
        raise ValueError(f"{sobject} is not pushed; add it to sfsync.mapping.PUSH_ORDER")
    if not external_id:
        raise ValueError(f"a {sobject} without an external ID cannot be pushed")
    wanted = jsonio.loads(jsonio.dumps(values))
    _check_references(wanted)
    latest = _latest(session, sobject, external_id)
    is_on_its_way = latest is not None and latest.state in _ON_THEIR_WAY
    if latest is not None and is_on_its_way and _holds(_carried(session, latest), wanted):
        return False
    if latest is not None and latest.state in (WriteState.PENDING, WriteState.REJECTED):
        _replace_values(latest, {**latest.values, **wanted}, cause)
        session.flush()
        return True
    return _insert(session, sobject, external_id, wanted, cause)


def fold_into_newer(session: Session, row: OutboxWrite) -> bool:
    """When a newer write of the record waits already, gives it the values of `row` to carry.

    Whether it did; `row` is then superseded, and the newer values win where both have one. What
    was only parted from `row` is no newer write: it comes back into `row`.
    """
    newer = session.scalar(
        select(OutboxWrite).where(
            OutboxWrite.sobject == row.sobject,
            OutboxWrite.external_id == row.external_id,
            OutboxWrite.state == WriteState.PENDING,
            OutboxWrite.id > row.id,
        )
    )
    if newer is None:
        return False
    if newer.is_remainder:
        row.payload = jsonio.dumps({**row.values, **newer.values}, sort_keys=True)
        newer.state = WriteState.SUPERSEDED
        session.flush()
        return False
    newer.payload = jsonio.dumps({**row.values, **newer.values}, sort_keys=True)
    row.state = WriteState.SUPERSEDED
    return True


def _check_references(values: dict[str, Any]) -> None:
    try:
        list(find_references(values))
    except KeyError as error:
        raise ValueError(f"a lookup is given by external ID, {error} is missing") from error


def _latest(session: Session, sobject: str, external_id: str) -> OutboxWrite | None:
    query = (
        select(OutboxWrite)
        .where(
            OutboxWrite.sobject == sobject,
            OutboxWrite.external_id == external_id,
            OutboxWrite.state.not_in((WriteState.SUPERSEDED, WriteState.DROPPED)),
        )
        .order_by(OutboxWrite.id.desc())
        .limit(1)
        .with_for_update()
    )
    return session.scalar(query)


def _carried(session: Session, row: OutboxWrite) -> dict[str, Any]:
    """The values of a write; of a remainder, with those of the write that it was parted from."""
    if not row.is_remainder:
        return row.values
    query = select(OutboxWrite).where(
        OutboxWrite.sobject == row.sobject,
        OutboxWrite.external_id == row.external_id,
        OutboxWrite.state.in_([WriteState.SENDING, WriteState.SENT]),
        OutboxWrite.id < row.id,
    )
    whole = session.scalar(query.order_by(OutboxWrite.id.desc()).limit(1))
    return row.values if whole is None else {**whole.values, **row.values}


def _holds(present: Mapping[str, object], wanted: Mapping[str, object]) -> bool:
    return all(name in present and present[name] == value for name, value in wanted.items())


def _replace_values(row: OutboxWrite, values: Mapping[str, object], cause: str) -> None:
    row.payload = jsonio.dumps(values, sort_keys=True)
    row.cause, row.state = cause, WriteState.PENDING
    row.attempts, row.due_at, row.waits_for = 0, None, None
    row.is_remainder = False
    forget_error(row)


def forget_error(row: OutboxWrite) -> None:
    """Takes away what the latest attempt ended with."""
    row.error_code = row.error_message = row.error_fields = row.error_remedy = None
    row.failed_at = None


def _insert(
    session: Session, sobject: str, external_id: str, values: Mapping[str, object], cause: str
) -> bool:
    """Inserts unless another transaction was faster; then that write takes the values over."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(OutboxWrite).on_conflict_do_nothing()
    inserted = session.execute(
        statement.values(
            sobject=sobject,
            external_id=external_id,
            payload=jsonio.dumps(values, sort_keys=True),
            cause=cause,
            state=WriteState.PENDING,
            attempts=0,
            is_remainder=False,
        ).returning(OutboxWrite.id)
    )
    if inserted.first() is not None:
        return True
    return enqueue(session, sobject, external_id, values, cause)
