"""Queues what decisions ask for outside the org: notices, and refunds of deposits.

Owns the key that makes an effect happen once: the decision, the recipient, the template. Rows are
derived from decisions, so that a run that died between the org's commit and ours is completed by
the next one (docs/adr/0005). Sending is another part's work.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.database import Base, UtcDateTime, insert_into


class EffectKind(StrEnum):
    """What an effect does when it is carried out."""

    NOTICE = "notice"  #: a message to somebody; no money moves
    REFUND = "refund"  #: a paid deposit goes back to the hardware designer


@dataclass(frozen=True)
class Effect:
    """One thing to do once. `recipient` is an account's record Id."""

    decision: str
    kind: EffectKind
    template: str
    recipient: str
    order_id: str
    subject: str = ""
    text: str = ""
    html: str = ""

    @property
    def key(self) -> str:
        """Unique over all effects ever queued."""
        return f"{self.decision}:{self.template}:{self.recipient}"


class EffectRow(Base):
    """A queued effect."""

    __tablename__ = "outbox_effect"
    __table_args__ = (
        UniqueConstraint("key"),
        Index(None, "status", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    template: Mapped[str] = mapped_column(String(60))
    recipient: Mapped[str] = mapped_column(String(18))
    order_id: Mapped[str] = mapped_column(String(18))
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10), default="queued")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


def queue_effects(session: Session, effects: Iterable[Effect], now: datetime) -> int:
    """Queue each effect unless its key was queued before; answers how many are new.

    Idempotent. Works inside the caller's transaction; the unique key settles races.
    """
    rows = [
        {
            "key": effect.key,
            "kind": effect.kind.value,
            "template": effect.template,
            "recipient": effect.recipient,
            "order_id": effect.order_id,
            "subject": effect.subject,
            "text": effect.text,
            "html": effect.html,
            "status": "queued",
            "created_at": now,
        }
        for effect in effects
    ]
    if not rows:
        return 0
    statement = insert_into(session, EffectRow).on_conflict_do_nothing(index_elements=["key"])
    # One statement for many rows: a large run queues more than ten thousand.
    return len(session.execute(statement.returning(EffectRow.id), rows).all())
