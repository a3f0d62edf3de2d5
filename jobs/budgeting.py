"""Reads how the API budget stands, with what the schedule knows of the calls to come.

Owns which jobs the forecast is told of: those at a fixed time, each with the calls of its latest
success. The rest is foreseen from the calls of the past.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from config.clock import ClockUnavailable, SystemClock
from jobs.catalogue import jobs_for
from jobs.runtime import Runtime
from jobs.schedule import Daily
from jobs.slots import RunStatus, read_runs
from sfsync.budget_report import BudgetReport, read_report
from sfsync.forecast import Planned

#: Purposes of jobs whose calls are not booked under the job's own name.
PURPOSES = {"select": "selection"}
#: Latest runs among which a success is looked for.
RUNS = 10


def budget_report(runtime: Runtime) -> BudgetReport:
    """How the budget stands now."""
    now = time_to_tell(runtime)
    planned = planned_calls(runtime, now)
    org = runtime.settings.salesforce_url
    return read_report(runtime.engine, org, runtime.shares, now, planned)


def time_to_tell(runtime: Runtime) -> datetime:
    """The org's time, or the machine's where a local org does not tell it."""
    try:
        return runtime.clock.now()
    except ClockUnavailable:
        return SystemClock().now()


def planned_calls(runtime: Runtime, now: datetime) -> list[Planned]:
    """The daily jobs of the next 24 hours, each with the calls of its latest success."""
    planned = []
    for job in jobs_for(runtime.settings):
        if not isinstance(job.timetable, Daily):
            continue
        with runtime.transaction() as session:
            runs = read_runs(session, job.name, RUNS)
        done = [run.result for run in runs if run.status == RunStatus.DONE and run.result]
        calls = int(done[0].get("api_calls", 0)) if done else 0
        at = job.timetable.next_at(now)
        if at < now + timedelta(hours=24):
            planned.append(Planned(PURPOSES.get(job.name, job.name), at, calls))
    return planned
