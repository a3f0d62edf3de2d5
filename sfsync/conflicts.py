"""The clashes of our writes with what people did, kept until someone has seen them.

Owns the table `sync_conflict` and what a person decides about it. A clash is one per write and
field, so that noting it again is harmless; one that was decided comes back only when the values
are others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Index, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.database import Base, UtcDateTime
from sfsync import jsonio
from sfsync.merging import DELETION, Clash, Outcome
from sfsync.outbox import OutboxWrite
from sfsync.versions import Version


class SyncConflict(Base):
    """One field that a write of ours and a person changed to different values."""

    __tablename__ = "sync_conflict"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: the outbox write; it may be gone long before the conflict
    write_id: Mapped[int]
    sobject: Mapped[str] = mapped_column(String(80))
    external_id: Mapped[str] = mapped_column(String(255))
    salesforce_id: Mapped[str | None] = mapped_column(String(18))
    #: by API name; IsDeleted when the record itself was deleted
    field: Mapped[str] = mapped_column(String(255))
    #: the values as JSON; of a deletion, ours is the whole change
    base: Mapped[str] = mapped_column(Text)
    ours: Mapped[str] = mapped_column(Text)
    theirs: Mapped[str] = mapped_column(Text)
    #: who saved the record last, and when by the org's clock
    their_user_id: Mapped[str | None] = mapped_column(String(18))
    their_change_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: what brought our change about
    cause: Mapped[str] = mapped_column(Text)
    policy: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str] = mapped_column(String(20))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: when a person decided an open one, or decided otherwise
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


Index("uq_sync_conflict_write", SyncConflict.write_id, SyncConflict.field, unique=True)
Index("ix_sync_conflict_outcome", SyncConflict.outcome, SyncConflict.id)
Index("ix_sync_conflict_key", SyncConflict.sobject, SyncConflict.external_id)


@dataclass(frozen=True)
class OpenConflict:
    """What a person is asked about one record, in words that can stand on the record."""

    sobject: str
    external_id: str
    salesforce_id: str | None
    fields: tuple[str, ...]
    text: str
    remedy: str
    found_at: datetime


def note_clashes(
    session: Session, row: OutboxWrite, clashes: Sequence[Clash], version: Version, now: datetime
) -> None:
    """Notes the clashes of a write with a version of its record. Idempotent."""
    for clash in clashes:
        conflict = _stored(session, row, clash.field)
        if conflict is None:
            conflict = _begin(row, clash.field, now)
            session.add(conflict)
        _update(conflict, row, clash, version)


def _stored(session: Session, row: OutboxWrite, field: str) -> SyncConflict | None:
    return session.scalar(
        select(SyncConflict).where(SyncConflict.write_id == row.id, SyncConflict.field == field)
    )


def _begin(row: OutboxWrite, field: str, now: datetime) -> SyncConflict:
    return SyncConflict(
        write_id=row.id,
        sobject=row.sobject,
        external_id=row.external_id,
        field=field,
        found_at=now,
        ours="",
    )


def _update(conflict: SyncConflict, row: OutboxWrite, clash: Clash, version: Version) -> None:
    ours = _spell(clash.ours)
    if conflict.ours != ours or conflict.resolved_at is None:
        conflict.outcome, conflict.resolved_at = clash.outcome, None
    conflict.base, conflict.ours, conflict.theirs = _spell(clash.base), ours, _spell(clash.theirs)
    conflict.policy, conflict.cause = clash.policy, row.cause
    their = version.row or {}
    conflict.salesforce_id = their.get("salesforce_id")
    conflict.their_user_id = their.get("last_modified_by_id")
    conflict.their_change_at = their.get("last_modified_at")


def _spell(value: object) -> str:
    return jsonio.dumps(value, sort_keys=True)


def list_conflicts(session: Session, *, only_open: bool) -> list[SyncConflict]:
    """The clashes, oldest first: those that wait for a person, or all of them."""
    query = select(SyncConflict).order_by(SyncConflict.id)
    if only_open:
        query = query.where(SyncConflict.outcome == Outcome.OPEN)
    return list(session.scalars(query))


def count_open(session: Session) -> int:
    """How many clashes wait for a person."""
    waiting = select(func.count()).where(SyncConflict.outcome == Outcome.OPEN)
    return session.scalar(waiting) or 0


def tell_open(session: Session) -> Iterator[OpenConflict]:
    """What a person is asked, one item per record, so that it can be shown where they work."""
    waiting = list_conflicts(session, only_open=True)
    waiting.sort(key=lambda each: (each.sobject, each.external_id, each.id))
    for (sobject, external_id), group in groupby(
        waiting, key=lambda each: (each.sobject, each.external_id)
    ):
        each = list(group)
        ids = ", ".join(str(conflict.id) for conflict in each)
        yield OpenConflict(
            sobject=sobject,
            external_id=external_id,
            salesforce_id=each[-1].salesforce_id,
            fields=tuple(conflict.field for conflict in each),
            text=" ".join(tell(conflict) for conflict in each),
            remedy=f"Decide with `flask sync conflicts resolve ID --take ours|theirs` (ID {ids}).",
            found_at=each[0].found_at,
        )


def tell(conflict: SyncConflict) -> str:
    """One clash as a sentence."""
    if conflict.field == DELETION:
        return "The record was deleted here while the back office wanted to change it."
    return (
        f"{conflict.field}: the back office wants {conflict.ours}, Salesforce has"
        f" {conflict.theirs} (it was {conflict.base})."
    )


def as_dict(conflict: SyncConflict) -> dict[str, Any]:
    """A clash for a program, the values as values."""
    facts = {column.name: getattr(conflict, column.name) for column in SyncConflict.__table__.c}
    return facts | {name: jsonio.loads(facts[name]) for name in ("base", "ours", "theirs")}
