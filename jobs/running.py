"""Runs one due slot of a job: claim it, keep the lease while it works, record what came of it.

Owns the promise that a job's error never reaches the worker: it is stored with the run, told, and
tried again. A worker that dies records nothing, so its lease runs out and another one resumes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from config.logging import redact
from jobs.claims import Claim, Claims
from jobs.failures import failure_of, tell_error
from jobs.outages import ORG, Outages
from jobs.runtime import Runtime
from jobs.schedule import Job, Skipped, Turn, go_on
from jobs.slots import RunStatus

logger = logging.getLogger(__name__)

#: How often a lease is renewed while it lasts; one renewal may fail without harm.
RENEWALS = 4


@dataclass
class Runner:
    """One worker's hands. Several threads may use it, each for a job of its own."""

    runtime: Runtime
    claims: Claims
    outages: Outages = field(default_factory=Outages)
    pause: Callable[[], None] = go_on  #: what a job calls between steps; raises Stopped
    _at_work: dict[str, Claim] = field(default_factory=dict)
    _runtimes: dict[str, Runtime] = field(default_factory=dict)

    def run_due(self, job: Job, now: datetime, *, is_urgent: bool = False) -> RunStatus | None:
        """Run the slot that is due at the business time `now`; None: there is nothing to do.

        `is_urgent` does not wait for the pause after a failure. Raises SQLAlchemyError when our
        database does not answer, and nothing else.
        """
        slot = job.timetable.due_slot(now)
        claim = self.claims.take(job, slot, now, is_urgent=is_urgent) if slot else None
        if claim is None:
            return None
        self._at_work[job.name] = claim
        try:
            with keep_lease(self.claims, claim):
                status = self._run(job, claim)
            self._runtime_of(job).budget.settle()
            return status
        finally:
            del self._at_work[job.name]

    def let_go(self) -> None:
        """Give up what is still at work, because this process is about to end."""
        for claim in list(self._at_work.values()):
            self.claims.let_go(claim)
            logger.warning("a run was left unfinished; another worker resumes", extra=facts(claim))

    def _run(self, job: Job, claim: Claim) -> RunStatus:
        started_s = time.monotonic()
        logger.info("job started", extra=facts(claim))
        try:
            result = job.run(self._runtime_of(job), Turn(claim.slot, self.pause))
        except Skipped as error:
            return self._skip(claim, error, started_s)
        except Exception as error:
            return self._fail(claim, error, started_s)
        if result.get("api_calls"):
            self.outages.end(ORG)
        is_ours = self.claims.finish(claim, _ended_at(claim, started_s), result)
        if not is_ours:
            return _tell_lost(claim)
        seconds = round(time.monotonic() - started_s, 2)
        logger.info("job finished", extra={**facts(claim), "seconds": seconds, "result": result})
        return RunStatus.DONE

    def _skip(self, claim: Claim, error: Skipped, started_s: float) -> RunStatus:
        logger.info("job skipped", extra={**facts(claim), "why": str(error)})
        is_ours = self.claims.skip(claim, _ended_at(claim, started_s), str(error))
        return RunStatus.SKIPPED if is_ours else _tell_lost(claim)

    def _fail(self, claim: Claim, error: Exception, started_s: float) -> RunStatus:
        failure, words = failure_of(error), redact(tell_error(error))
        if failure.is_outage:
            self.outages.begin(ORG, words)
        else:
            trace = error if failure.is_bug else None
            extra = {**facts(claim), "error": words}
            logger.log(failure.level, "job failed", extra=extra, exc_info=trace)
        pause = failure.pause(claim.attempts)
        is_ours = self.claims.fail(claim, _ended_at(claim, started_s), words, pause)
        return RunStatus.FAILED if is_ours else _tell_lost(claim)

    def _runtime_of(self, job: Job) -> Runtime:
        """Each job has a thread of its own."""
        return self._runtimes.setdefault(job.name, self.runtime.for_another_thread())


@contextmanager
def keep_lease(claims: Claims, claim: Claim) -> Iterator[None]:
    """Renews the lease from a thread of its own while the block runs."""
    is_over = threading.Event()
    thread = threading.Thread(
        target=_renew_until,
        args=(claims, claim, is_over),
        name=f"lease of {claim.job}",
        daemon=True,
    )
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def facts(claim: Claim) -> dict[str, Any]:
    """What a log line says about a run."""
    return {"job": claim.job, "slot": claim.slot.at.isoformat(), "attempt": claim.attempts}


def _renew_until(claims: Claims, claim: Claim, is_over: threading.Event) -> None:
    while not is_over.wait(claims.lease.total_seconds() / RENEWALS):
        try:
            if not claims.renew(claim):
                return
        except SQLAlchemyError as error:
            # The next renewal may succeed; if none does, the fence keeps two workers apart.
            logger.warning("a lease was not renewed", extra=facts(claim), exc_info=error)


def _ended_at(claim: Claim, started_s: float) -> datetime:
    """Business time of the end. Computed, because the local org's clock may be out of reach."""
    return claim.started_at + timedelta(seconds=time.monotonic() - started_s)


def _tell_lost(claim: Claim) -> RunStatus:
    logger.warning("the lease was lost; the run's new worker reports it", extra=facts(claim))
    return RunStatus.RUNNING
