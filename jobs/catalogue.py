"""The table of jobs: what the worker does, when, and what gives way to what.

Owns that list and nothing of the work: each job is one call of the package that does it. A job's
answer is stored with its run, so it is counts and names, never whole records.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from config.clock import business_date
from config.settings import Settings
from jobs.frugality import sparing
from jobs.runtime import Runtime
from jobs.schedule import Daily, Every, Job, Turn
from jobs.selection.report import RunOutcome
from jobs.selection.run import Options, select_proposals
from sfsync.errors import SalesforceRetryable
from sfsync.pull import pull
from sfsync.push import push

PULL_PERIOD = timedelta(minutes=5)
PUSH_PERIOD = timedelta(seconds=30)
#: Runs that happen all day are history after a day.
KEPT = timedelta(days=1)
#: Parts of a selection's report that are worth keeping with the run.
SELECTION_FACTS = (
    "outcome",
    "run",
    "business_date",
    "lateness_minutes",
    "catch_up",
    "orders",
    "counts",
    "manual",
    "api_calls",
)


class StillRunning(Exception):
    """The org says that another worker is at this morning's selection. The next tick asks again."""


def jobs_for(settings: Settings) -> tuple[Job, ...]:
    """Every job of the worker, the most urgent first."""
    morning = Daily(settings.selection_time, settings.business_timezone)
    return (
        Job("select", morning, run_selection),
        Job("push", Every(PUSH_PERIOD), sparing("push", run_push), gives_way=True, kept=KEPT),
        Job("pull", Every(PULL_PERIOD), sparing("pull", run_pull), gives_way=True, kept=KEPT),
    )


def run_selection(runtime: Runtime, turn: Turn) -> dict[str, Any]:
    """Decide the due orders of the slot's business day.

    The day is the slot's, not the moment's: a run that passes midnight stays that morning's.
    Raises StillRunning, SalesforceRetryable when orders were left because their proposals were not
    read, and what `select_proposals` raises.
    """
    day = business_date(turn.slot.at, runtime.settings.business_timezone)
    report = select_proposals(runtime, Options(day)).as_dict()
    if report["outcome"] == RunOutcome.ALREADY_RUNNING:
        raise StillRunning(
            f"Another worker is at the run {report['run']}. If it died, the org's record of that"
            " run is taken over ten minutes after its last sign of life."
        )
    if report["outcome"] == RunOutcome.UNFINISHED:
        raise SalesforceRetryable(
            f"The proposals of {report['unread']} due orders were not read to their end.",
            remedy="Those orders stay open; the next attempt takes them up.",
        )
    return {name: report[name] for name in SELECTION_FACTS}


def run_pull(runtime: Runtime, turn: Turn) -> dict[str, Any]:
    """Bring the replica up to date; may be stopped between pages."""
    report = pull(runtime.connect(), runtime.engine, on_page=lambda _sobject, _tally: turn.pause())
    tallies = {name: tally.as_dict() for name, tally in report.tallies.items()}
    return {"objects": tallies, "api_calls": report.api_calls}


def run_push(runtime: Runtime, turn: Turn) -> dict[str, Any]:
    """Send the outbox; may be stopped between batches."""
    report = push(runtime.connect(), runtime.engine, on_batch=lambda _report: turn.pause())
    return {name: count for name, count in report.as_dict().items() if name != "problems"}
