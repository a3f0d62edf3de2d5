"""Hands each slot of a job to one worker at a time, and records what the worker reports.

Owns the lease and the fence. Of many workers that insert a slot's row, the unique key lets one
begin. A run whose lease ran out, because its worker died, goes to whoever updates the row first,
with a higher fence; what the former worker still reports is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from config.clock import Clock
from config.database import insert_into, transaction
from jobs.schedule import Job, Slot
from jobs.slots import JobRun, RunStatus

#: A worker renews its lease several times within it, so only a dead one loses it.
LEASE = timedelta(seconds=120)
#: What a claim reads back from the row that it wrote.
TAKEN = (JobRun.id, JobRun.fence, JobRun.attempts)


@dataclass(frozen=True)
class Claim:
    """The right to run one slot, for as long as the lease is renewed."""

    job: str
    slot: Slot
    started_at: datetime  #: business time, aware UTC
    run_id: int
    fence: int
    attempts: int


@dataclass(frozen=True)
class Claims:
    """One worker's way to claim slots and to report on them."""

    engine: Engine
    clock: Clock  #: the machine's
    worker: str  #: unlike any other process start, or a restarted worker would pass the fence
    lease: timedelta = LEASE

    def take(
        self, job: Job, slot: Slot, started_at: datetime, *, is_urgent: bool = False
    ) -> Claim | None:
        """The right to run that slot now; None when it is done, at work, or resting.

        Only one slot of a job is at work at a time. `started_at` is the business time;
        `is_urgent` does not wait for the pause after a failure.
        """
        with transaction(self.engine) as session:
            if _is_busy_elsewhere(session, job, slot, self.clock.now()):
                return None
            taken = session.execute(self._begin(session, job, slot, started_at)).one_or_none()
            if taken is not None:
                _close_older(session, job, slot, self.clock.now())
            else:
                resume = self._resume(job, slot, started_at, is_urgent=is_urgent)
                taken = session.execute(resume).one_or_none()
        return Claim(job.name, slot, started_at, *taken) if taken else None

    def renew(self, claim: Claim) -> bool:
        """Lengthen the lease; False: somebody else has taken the slot over."""
        return self._settle(claim, leased_until=self.clock.now() + self.lease)

    def finish(self, claim: Claim, finished_at: datetime, result: dict[str, Any]) -> bool:
        """Record success; False (and nothing recorded) when the slot was taken over."""
        return self._settle(
            claim,
            status=RunStatus.DONE,
            finished_at=finished_at,
            result=result,
            leased_until=None,
            retry_at=None,
            last_error=None,
        )

    def fail(self, claim: Claim, finished_at: datetime, error: str, pause: timedelta) -> bool:
        """Record a failure, to be tried again after `pause`; False when the slot was taken over."""
        return self._settle(
            claim,
            status=RunStatus.FAILED,
            finished_at=finished_at,
            last_error=error,
            leased_until=None,
            retry_at=self.clock.now() + pause,
        )

    def skip(self, claim: Claim, finished_at: datetime, why: str) -> bool:
        """Record that the slot was given up on purpose; False when it was taken over."""
        return self._settle(
            claim,
            status=RunStatus.SKIPPED,
            finished_at=finished_at,
            last_error=why,
            leased_until=None,
            retry_at=None,
        )

    def let_go(self, claim: Claim) -> bool:
        """End the lease at once, so that another worker resumes; for a worker about to end."""
        return self._settle(claim, leased_until=self.clock.now())

    def is_wanted(self, job: Job, slot: Slot) -> bool:
        """Whether that slot waits to be run now, or is being run."""
        query = select(JobRun.status, JobRun.retry_at).where(*_named(job, slot))
        with transaction(self.engine) as session:
            row = session.execute(query).one_or_none()
        if row is None or row.status == RunStatus.RUNNING:
            return True
        return bool(row.status == RunStatus.FAILED and row.retry_at <= self.clock.now())

    def forget_after(self, at: datetime) -> int:
        """Forget slots later than `at`, except those at work; answers how many.

        For a local org whose clock was set back: those mornings are to come again.
        """
        gone = delete(JobRun).where(JobRun.slot_at > at, ~_is_at_work(self.clock.now()))
        with transaction(self.engine) as session:
            return len(session.execute(gone.returning(JobRun.id)).all())

    def _begin(self, session: Session, job: Job, slot: Slot, started_at: datetime) -> Any:
        values = {
            "job": job.name,
            "slot_at": slot.at,
            "status": RunStatus.RUNNING,
            "attempts": 1,
            "fence": 1,
            "worker": self.worker,
            "leased_until": self.clock.now() + self.lease,
            "started_at": started_at,
        }
        return _insert(session, values).returning(*TAKEN)

    def _resume(self, job: Job, slot: Slot, started_at: datetime, *, is_urgent: bool) -> Any:
        now = self.clock.now()
        has_failed: ColumnElement[bool] = JobRun.status == RunStatus.FAILED
        if not is_urgent:
            has_failed = and_(has_failed, JobRun.retry_at <= now)
        return (
            update(JobRun)
            .where(*_named(job, slot), or_(has_failed, _is_orphaned(now)))
            .values(
                status=RunStatus.RUNNING,
                attempts=JobRun.attempts + 1,
                fence=JobRun.fence + 1,
                worker=self.worker,
                leased_until=now + self.lease,
                started_at=started_at,
                finished_at=None,
            )
            .returning(*TAKEN)
        )

    def _settle(self, claim: Claim, **values: Any) -> bool:
        """Writes to the row only while the claim is the latest: the fence."""
        mine = update(JobRun).where(
            JobRun.id == claim.run_id,
            JobRun.fence == claim.fence,
            JobRun.status == RunStatus.RUNNING,
        )
        with transaction(self.engine) as session:
            return bool(session.execute(mine.values(**values).returning(JobRun.id)).all())


def _is_busy_elsewhere(session: Session, job: Job, slot: Slot, now: datetime) -> bool:
    """Whether another slot of the job is at work.

    On PostgreSQL the lock on the latest row makes claims of one job queue up; SQLite's
    transactions do that anyway.
    """
    latest = select(JobRun.id).where(JobRun.job == job.name).order_by(JobRun.slot_at.desc())
    session.execute(latest.limit(1).with_for_update())
    other = select(JobRun.id).where(
        JobRun.job == job.name, JobRun.slot_at != slot.at, _is_at_work(now)
    )
    return session.execute(other.limit(1)).one_or_none() is not None


def _close_older(session: Session, job: Job, slot: Slot, now: datetime) -> None:
    """Settles what lies before a slot that begins: given up, skipped, forgotten."""
    older = (JobRun.job == job.name, JobRun.slot_at < slot.at)
    is_open = or_(JobRun.status == RunStatus.FAILED, _is_orphaned(now))
    session.execute(update(JobRun).where(*older, is_open).values(status=RunStatus.GIVEN_UP))
    last_at = session.scalar(select(func.max(JobRun.slot_at)).where(*older))
    for at in job.timetable.missed_between(last_at, slot.at) if last_at else []:
        row = {"job": job.name, "slot_at": at, "status": RunStatus.SKIPPED}
        session.execute(_insert(session, row | {"attempts": 0, "fence": 0}))
    if job.kept is not None:
        session.execute(delete(JobRun).where(*older, JobRun.slot_at < slot.at - job.kept))


def _named(job: Job, slot: Slot) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return JobRun.job == job.name, JobRun.slot_at == slot.at


def _is_at_work(now: datetime) -> ColumnElement[bool]:
    return and_(JobRun.status == RunStatus.RUNNING, JobRun.leased_until > now)


def _is_orphaned(now: datetime) -> ColumnElement[bool]:
    return and_(JobRun.status == RunStatus.RUNNING, JobRun.leased_until <= now)


def _insert(session: Session, values: dict[str, Any]) -> Any:
    """Adds a row unless the slot has one."""
    insert = insert_into(session, JobRun)
    return insert.values(**values).on_conflict_do_nothing(index_elements=["job", "slot_at"])
