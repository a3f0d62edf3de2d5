"""The table of jobs: what the worker does, when, and what gives way to what.

Owns that list and nothing of the work: each job is one call of the package that does it. A job's
answer is stored with its run, so it is counts and names, never whole records.
"""

from __future__ import annotations

import logging
from datetime import date, datetime, time, timedelta
from typing import Any

from config.clock import business_date
from config.settings import Settings
from jobs.frugality import sparing
from jobs.progress import WRITES, Progress, ProgressLog
from jobs.runtime import Runtime
from jobs.schedule import Daily, Every, Job, Turn
from jobs.selection.report import RunOutcome
from jobs.selection.run import Options, select_proposals
from sfsync.delivery import deliver
from sfsync.errors import SalesforceRetryable
from sfsync.formulas import sweep
from sfsync.mapping import BY_SOBJECT
from sfsync.pull import pull
from sfsync.push import PushReport, preview
from sfsync.reconcile import reconcile
from sfsync.replica_writes import Tally
from sfsync.sync_state import find_incomplete

logger = logging.getLogger(__name__)

#: An idle pull costs one call: 1,440 a day.
PULL_PERIOD = timedelta(seconds=60)
#: The replica is compared with the org so long after the selection has begun.
RECONCILED_AFTER = timedelta(hours=1)
#: A push that finds nothing due costs no call.
PUSH_PERIOD = timedelta(seconds=10)
#: Soon after midnight, when TODAY() has moved on in the formulas of the org.
FORMULAS_AT = time(0, 10)
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
    forenoon = Daily(_later(settings.selection_time), settings.business_timezone)
    night = Daily(FORMULAS_AT, settings.business_timezone)
    return (
        Job("select", morning, run_selection),
        Job("push", Every(PUSH_PERIOD), sparing("push", run_push), gives_way=True, kept=KEPT),
        Job("pull", Every(PULL_PERIOD), sparing("pull", run_pull), gives_way=True, kept=KEPT),
        Job("reconcile", forenoon, sparing("reconcile", run_reconcile), gives_way=True),
        Job("formulas", night, sparing("formulas", run_formulas), gives_way=True),
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
    progress = Progress(ProgressLog())

    def on_page(sobject: str, tally: Tally) -> None:
        turn.pause()
        progress.on_page(sobject, tally)

    report = pull(runtime.connect(), runtime.engine, on_page=on_page, on_plan=progress.on_plan)
    tallies = {name: tally.as_dict() for name, tally in report.tallies.items()}
    return {"objects": tallies, "api_calls": report.api_calls}


def run_push(runtime: Runtime, turn: Turn) -> dict[str, Any]:
    """Send the outbox and note on records what was refused; may be stopped between batches."""
    zone = runtime.settings.business_timezone
    progress = Progress(ProgressLog())
    progress.begin(WRITES, sum(preview(runtime.engine).values()))

    def on_batch(report: PushReport) -> None:
        turn.pause()
        progress.on_batch(report)

    done = deliver(runtime.connect(), runtime.engine, zone=zone, on_batch=on_batch)
    return {name: count for name, count in done.as_dict().items() if name != "problems"}


def run_reconcile(runtime: Runtime, turn: Turn) -> dict[str, Any]:
    """Compare the replica with the org and heal it; may be stopped between steps.

    Raises SalesforceRetryable while the replica is read whole: a second reading beside the first
    would cost as many calls again.
    """
    with runtime.transaction() as session:
        incomplete = find_incomplete(session, BY_SOBJECT)
    if incomplete:
        raise SalesforceRetryable(
            f"The replica of {', '.join(incomplete)} is not complete yet.",
            remedy="Nothing to do: it is compared when the pull has come to its end.",
        )
    report = reconcile(runtime.connect(), runtime.engine, pause=turn.pause)
    if report.drifted:
        kinds = {name: dict(each.kinds) for name, each in report.findings.items() if each.kinds}
        logger.warning(
            "the replica differed from the org and was healed; see `flask sync drift`",
            extra={"rows": report.drifted, "kinds": kinds, "reconciliation": report.run_id},
        )
    objects = {name: each.as_dict() for name, each in report.findings.items()}
    return {"objects": objects, "drifted": report.drifted, "api_calls": report.api_calls}


def _later(selection_time: time) -> time:
    """The wall-clock time of the comparison; past midnight it is another day's, which is fine."""
    return (datetime.combine(date.min, selection_time) + RECONCILED_AFTER).time()


def run_formulas(runtime: Runtime, turn: Turn) -> dict[str, Any]:
    """Read all formulas of the replica again; may be stopped between pages."""
    sf = runtime.connect()
    done = sweep(sf, runtime.engine, on_rows=lambda _sobject, _done: turn.pause())
    return {"objects": {name: vars(each) for name, each in done.items()}}
