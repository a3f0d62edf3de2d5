"""The deliveries of other systems, kept before they are acknowledged.

Owns the table `inbox_event` and what "the same delivery" means: sender and the sender's own Id of
it. A delivery that comes again finds its row and changes nothing, however far the first one got.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.database import Base, UtcDateTime, insert_into


class EventState(StrEnum):
    """Where a delivery stands."""

    NEW = "new"  #: waits for the worker, or for its retry time
    TAKEN = "taken"  #: a worker is at it; when its lease ends, another one takes it
    DONE = "done"  #: applied, or found to need nothing
    DEAD = "dead"  #: failed too often; someone must look


@dataclass(frozen=True)
class Delivery:
    """One thing that a sender told us, as it came."""

    source: str  #: the sender, such as "salesforce"
    external_id: str  #: the sender's own Id of it, the same whenever it is sent again
    kind: str  #: the sender's word for what happened, or to what
    subject: str  #: the Id of the object it is about; one object's events keep their order
    body: bytes  #: as received


class InboxEvent(Base):
    """One stored delivery."""

    __tablename__ = "inbox_event"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_inbox_event_claim", "source", "state", "due_at", "id"),
        Index("ix_inbox_event_lease", "state", "leased_until"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(40))
    external_id: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10), default=EventState.NEW)
    #: not to be taken before
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    leased_by: Mapped[str | None] = mapped_column(String(128))
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)


def store_deliveries(session: Session, deliveries: Sequence[Delivery], now: datetime) -> int:
    """Keeps each delivery that is not kept already; how many were new. Idempotent.

    One statement; the unique key settles races between requests. `now` is the machine's time.
    """
    rows = [
        vars(each) | {"received_at": now, "due_at": now, "state": EventState.NEW, "attempts": 0}
        for each in deliveries
    ]
    if not rows:
        return 0
    insert = insert_into(session, InboxEvent).on_conflict_do_nothing()
    return len(session.execute(insert.returning(InboxEvent.id), rows).all())
