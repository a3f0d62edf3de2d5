"""Writes that still have to reach the org, stored in the transaction of their cause.

Owns what "the same write" means. Every write is an upsert by external ID, so it may be sent twice;
storing it twice is avoided here: values that are already on their way, or have arrived, are not
written again, and a newer write of the same record is folded into one that has not left yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from typing import Any

from sqlalchemy import Index, String, Text, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.database import Base, UtcDateTime
from sfsync import jsonio
from sfsync.mapping import BY_SOBJECT, PUSH_ORDER, find_references
from sfsync.mirroring import mirrored_values
from sfsync.replica import find_by_key


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
    token: Mapped[str | None] = mapped_column(String(80))
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
    #: the record that has to arrive first, and why it has not
    waits_for: Mapped[str | None] = mapped_column(Text)

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

#: States in which the same values need no second write.
_ON_THEIR_WAY = (WriteState.PENDING, WriteState.SENDING, WriteState.SENT, WriteState.YIELDED)
#: Of these, those that a look at the org came after.
_OVER = (WriteState.SENT, WriteState.YIELDED)
#: Own writes that the replica may not have met yet, at most; a pull comes long before so many.
MOST_UNSEEN = 50


def enqueue(
    session: Session,
    sobject: str,
    external_id: str,
    values: Mapping[str, object],
    cause: str,
    base: Mapping[str, object] | None = None,
) -> bool:
    """Notes that the org's record `external_id` shall have `values`; whether anything was noted.

    Joins the caller's transaction. `values` are by API name; a lookup is given by external ID,
    `{"Account": {"External_Id__c": "HD-1"}}`. `base` is what the caller saw in the org before it
    decided; without it, what the replica and our own writes say. Idempotent: values that are on
    their way or were the last ones to arrive are not noted again, unless the caller has seen the
    org otherwise since; values that were rejected are tried again. A write that has not left yet
    takes over the new values and keeps what its own were changed from.
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
    if latest is not None and _is_known(latest, wanted, has_looked=base is not None):
        return False
    if base is None:
        base = _find_base(session, sobject, external_id, wanted)
    if latest is not None and latest.state in (WriteState.PENDING, WriteState.REJECTED):
        _replace_values(latest, {**latest.values, **wanted}, {**base, **latest.base_values}, cause)
        session.flush()
        return True
    return _insert(session, sobject, external_id, wanted, base, cause)


def fold_into_newer(session: Session, row: OutboxWrite) -> bool:
    """When a newer write of the record waits already, gives it the values of `row` to carry.

    Whether it did; `row` is then superseded. The newer values win where both have one; what they
    were changed from is then what the older ones were.
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
    newer.payload = jsonio.dumps({**row.values, **newer.values}, sort_keys=True)
    newer.base = jsonio.dumps({**newer.base_values, **row.base_values}, sort_keys=True)
    row.state = WriteState.SUPERSEDED
    return True


def _check_references(values: dict[str, Any]) -> None:
    try:
        list(find_references(values))
    except KeyError as error:
        raise ValueError(f"a lookup is given by external ID, {error} is missing") from error


def _is_known(latest: OutboxWrite, wanted: Mapping[str, object], *, has_looked: bool) -> bool:
    if latest.state not in _ON_THEIR_WAY or (has_looked and latest.state in _OVER):
        return False
    return _holds(latest.values, wanted)


def _find_base(
    session: Session, sobject: str, external_id: str, wanted: Mapping[str, object]
) -> dict[str, object]:
    """The fields of `wanted` as the replica has them, and as we have sent them since."""
    if sobject not in BY_SOBJECT:
        return {}
    row = find_by_key(session, sobject, [external_id]).get(external_id)
    base = {} if row is None else mirrored_values(sobject, row, wanted)
    for write in _unseen(session, sobject, external_id, row["sync_write"] if row else None):
        base |= {name: value for name, value in write.carried.items() if name in wanted}
    return base


def _unseen(
    session: Session, sobject: str, external_id: str, seen: str | None
) -> Sequence[OutboxWrite]:
    """Our writes of the record since the one that the replica has met, oldest first."""
    query = (
        select(OutboxWrite)
        .where(
            OutboxWrite.sobject == sobject,
            OutboxWrite.external_id == external_id,
            OutboxWrite.state.in_((WriteState.SENDING, WriteState.SENT)),
        )
        .order_by(OutboxWrite.id.desc())
        .limit(MOST_UNSEEN)
    )
    unseen = takewhile(lambda row: not _was_met(row, seen), session.scalars(query))
    return list(unseen)[::-1]


def _was_met(row: OutboxWrite, seen: str | None) -> bool:
    """Whether the replica has met the write; one from before there were marks has been for long."""
    is_unmarked = row.state == WriteState.SENT and row.sent is None
    return is_unmarked or (row.token is not None and row.token == seen)


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


def _holds(present: Mapping[str, object], wanted: Mapping[str, object]) -> bool:
    return all(name in present and present[name] == value for name, value in wanted.items())


def _replace_values(
    row: OutboxWrite, values: Mapping[str, object], base: Mapping[str, object], cause: str
) -> None:
    row.payload = jsonio.dumps(values, sort_keys=True)
    row.base = jsonio.dumps(base, sort_keys=True)
    row.cause, row.state = cause, WriteState.PENDING
    row.attempts, row.due_at, row.waits_for = 0, None, None
    forget_error(row)


def forget_error(row: OutboxWrite) -> None:
    """Takes away what the latest attempt ended with."""
    row.error_code = row.error_message = row.error_fields = row.error_remedy = None
    row.failed_at = None


def _insert(
    session: Session,
    sobject: str,
    external_id: str,
    values: Mapping[str, object],
    base: Mapping[str, object],
    cause: str,
) -> bool:
    """Inserts unless another transaction was faster; then that write takes the values over."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(OutboxWrite).on_conflict_do_nothing()
    inserted = session.execute(
        statement.values(
            sobject=sobject,
            external_id=external_id,
            payload=jsonio.dumps(values, sort_keys=True),
            base=jsonio.dumps(base, sort_keys=True),
            cause=cause,
            state=WriteState.PENDING,
            attempts=0,
        ).returning(OutboxWrite.id)
    )
    if inserted.first() is not None:
        return True
    return enqueue(session, sobject, external_id, values, cause, base)
