"""The process that never ends: ticks of APScheduler that ask the one clock what is due.

Owns when the clock is asked, never what is due: that is computed from the time by `jobs.schedule`
and settled between workers by `jobs.claims`, because APScheduler's own memory would not survive a
restart, and the local org's time may jump. Each job has a thread of its own, so a long pull delays
no selection; pull and push do not begin while a selection is due or at work.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import SQLAlchemyError

from config.clock import ClockUnavailable, SystemClock
from config.process import name_process
from jobs.catalogue import jobs_for
from jobs.claims import LEASE, Claims
from jobs.outages import DATABASE, ORG, Outages
from jobs.running import Runner
from jobs.runtime import Runtime
from jobs.schedule import Daily, Every, Job, Stopped, firsts
from jobs.slots import RunStatus
from jobs.told_pulls import ToldPulls
from sfsync.errors import BudgetExhausted, SalesforceError, SalesforceUnavailable

logger = logging.getLogger(__name__)

#: How long a worker that is told to end waits for its jobs; Heroku kills it after 30 s
#: (devcenter.heroku.com, "Dyno Shutdown Behavior", read 2026-11).
GRACE_S = 20.0
#: What ends a worker.
ENDING = frozenset({signal.SIGTERM, signal.SIGINT})
#: How often the worker looks for what Salesforce told: its messages are acted on within seconds.
TOLD_PERIOD_S = 1.0
#: A local org this far behind what was seen before was set back, and is not merely imprecise.
SET_BACK = timedelta(minutes=5)


class Worker:
    """One worker process: started once, stopped once."""

    def __init__(
        self, runtime: Runtime, jobs: Sequence[Job] | None = None, *, lease: timedelta = LEASE
    ) -> None:
        self.runtime = runtime
        self.jobs = tuple(jobs_for(runtime.settings) if jobs is None else jobs)
        self.name = name_process()
        self.claims = Claims(runtime.engine, SystemClock(), self.name, lease)
        self.outages = Outages()
        self.told_pulls = ToldPulls(runtime.for_another_thread())
        self._runner = Runner(runtime, self.claims, self.outages, self._give_way_to_the_end)
        self._is_stopping = threading.Event()
        self._lock = threading.Lock()
        self._ticks_at_work = 0
        self._latest_seen: datetime | None = None
        self._scheduler = self._make_scheduler()

    def start(self) -> None:
        """Begin to tick: at once, and then on schedule. Returns immediately."""
        plan = {job.name: job.timetable.words for job in self.jobs}
        logger.info("worker started", extra={"worker": self.name, "jobs": plan})
        self._scheduler.start()

    def stop(self, grace_s: float = GRACE_S) -> bool:
        """End: no new runs, then wait for those at work; False when some had to be left."""
        self._is_stopping.set()
        self._scheduler.shutdown(wait=False)
        deadline_s = time.monotonic() + grace_s
        while self._ticks_at_work and time.monotonic() < deadline_s:
            time.sleep(0.05)
        is_clean = not self._ticks_at_work
        if not is_clean:
            self._runner.let_go()
        logger.info("worker ended", extra={"worker": self.name, "clean": is_clean})
        return is_clean

    def tick(self, job: Job) -> RunStatus | None:
        """Ask the clock, and run the job's slot if it is due and free. Never raises."""
        with self._guarding(job.name):
            return self._tick(job)
        return None

    def tick_told(self) -> None:
        """Read the records that Salesforce told us about. Never raises."""
        with self._guarding("told"):
            if self._is_stopping.is_set():
                return
            if self.told_pulls.work():
                self.outages.end(ORG)
            self.outages.end(DATABASE)

    @contextmanager
    def _guarding(self, name: str) -> Iterator[None]:
        """Keeps what goes wrong inside from APScheduler, which would only log it."""
        with self._lock:
            self._ticks_at_work += 1
        try:
            yield
        except (ClockUnavailable, SalesforceUnavailable) as error:
            self.outages.begin(ORG, error)
        except SQLAlchemyError as error:
            self.outages.begin(DATABASE, f"{type(error).__name__}: {error}")
        except BudgetExhausted as error:
            logger.info("what was told waits for the next pull", extra={"why": str(error)})
        except SalesforceError as error:
            logger.warning("a tick failed", extra={"job": name, "error": str(error)})
        except Exception:
            logger.exception("a tick failed", extra={"job": name})
        finally:
            with self._lock:
                self._ticks_at_work -= 1

    def _tick(self, job: Job) -> RunStatus | None:
        if self._is_stopping.is_set():
            return None
        now = self._read_clock()
        if job.gives_way and self._is_first_wanted(now):
            return None
        status = self._runner.run_due(job, now)
        self.outages.end(DATABASE)
        return status

    def _read_clock(self) -> datetime:
        """Business time. When a local org was set back, the slots of its former future go."""
        with self._lock:
            seen, now = self._latest_seen, self.runtime.clock.now()
            self._latest_seen = now
        if self.runtime.settings.is_local_org and (seen is None or now < seen - SET_BACK):
            forgotten = self.claims.forget_after(now + SET_BACK)
            if forgotten:
                extra = {"org_time": now.isoformat(), "forgotten": forgotten}
                logger.warning(
                    "the local org's clock was set back; its slots come again", extra=extra
                )
        return now

    def _is_first_wanted(self, now: datetime) -> bool:
        slots = [(job, job.timetable.due_slot(now)) for job in firsts(self.jobs)]
        return any(slot is not None and self.claims.is_wanted(job, slot) for job, slot in slots)

    def _give_way_to_the_end(self) -> None:
        if self._is_stopping.is_set():
            raise Stopped("The worker was told to end; the job continues with the next one.")

    def _make_scheduler(self) -> BackgroundScheduler:
        zone = self.runtime.settings.business_timezone
        # It tells of every tick, and warns of those that come while the one before still runs.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        scheduler = BackgroundScheduler(
            timezone=zone,
            executors={"default": ThreadPoolExecutor(2 * len(self.jobs) + 1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        told = IntervalTrigger(seconds=TOLD_PERIOD_S, timezone=zone)
        scheduler.add_job(self.tick_told, told, next_run_time=datetime.now(zone))
        for job in self.jobs:
            ticks = IntervalTrigger(seconds=self._tick_s(job), timezone=zone)
            scheduler.add_job(self.tick, ticks, [job], next_run_time=datetime.now(zone))
            if isinstance(job.timetable, Daily):
                # On the second, when the business's time is the machine's.
                at = job.timetable.at
                on_time = CronTrigger(hour=at.hour, minute=at.minute, timezone=zone)
                scheduler.add_job(self.tick, on_time, [job])
        return scheduler

    def _tick_s(self, job: Job) -> float:
        tick_s = self.runtime.settings.selection_tick_s
        if isinstance(job.timetable, Every):
            return min(tick_s, job.timetable.period.total_seconds())
        return tick_s


def serve(worker: Worker) -> int:
    """Work until SIGTERM or SIGINT; answers the exit code 0."""
    # Waited for, not handled: a handler that sets an Event may interrupt the very thread that holds
    # the Event's lock while it begins to wait, and the worker would never end.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    worker.start()
    signal.sigwait(ENDING)
    if not worker.stop():
        # A thread that waits for the org would keep the process alive beyond its grace.
        logging.shutdown()
        os._exit(0)
    worker.runtime.engine.dispose()
    return 0
