"""The memory of the schedule: one `job_run` row per slot of a job, and what became of it.

Owns the uniqueness of (job, slot), on which "once, however many workers run" rests, and what each
status means for whoever reads the list. Rows are written through `jobs.claims` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.database import Base, UtcDateTime
from jobs.schedule import lateness_minutes


class RunStatus(StrEnum):
    """How a slot stands."""

    RUNNING = "running"  #: a worker holds the lease, or died with it
    DONE = "done"  #: it happened
    FAILED = "failed"  #: it did not succeed yet; tried again as long as the slot lasts
    GIVEN_UP = "given up"  #: it failed until its time was over; the next slot does its work
    SKIPPED = "skipped"  #: no worker, or no API calls, in its time; the next slot does its work


class JobRun(Base):
    """One slot of one job.

    `slot_at`, `started_at` and `finished_at` are business time; the lease and the pause before
    another attempt follow the machine's clock, because a local org's may stand still.
    """

    __tablename__ = "job_run"
    __table_args__ = (
        UniqueConstraint("job", "slot_at"),
        Index(None, "job", "status", "slot_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(String(40))
    slot_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(128))
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retry_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    last_error: Mapped[str | None] = mapped_column(Text)

    @property
    def lateness_minutes(self) -> int | None:
        """Whole minutes from the slot to the start of the latest attempt; None: never started."""
        started_at = self.started_at
        return None if started_at is None else lateness_minutes(self.slot_at, started_at)

    def as_dict(self) -> dict[str, Any]:
        """The row for a program; the lease is nobody's business."""
        names = ("job", "slot_at", "status", "attempts", "worker", "retry_at", "started_at")
        plain = {name: getattr(self, name) for name in (*names, "finished_at", "last_error")}
        return plain | {"lateness_minutes": self.lateness_minutes, "result": self.result}


def read_runs(session: Session, job: str, limit: int) -> Sequence[JobRun]:
    """The latest slots of one job, newest first."""
    query = select(JobRun).where(JobRun.job == job).order_by(JobRun.slot_at.desc()).limit(limit)
    return session.scalars(query).all()
