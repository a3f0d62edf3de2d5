"""`flask jobs`: what the worker does and when, how its latest runs went, and one run by hand.

Owns how the schedule reads on a terminal. It answers without an org: on a morning when Salesforce
is down, this list is what somebody looks at.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from config.clock import SystemClock
from config.process import name_process
from jobs.catalogue import jobs_for
from jobs.claims import Claims
from jobs.commands import (
    EXIT_REJECTED,
    EXIT_UNAVAILABLE,
    business_time,
    command_runtime,
    dry_run_option,
    explained,
    json_option,
    print_json,
)
from jobs.running import Runner
from jobs.runtime import Runtime
from jobs.schedule import Daily, Job
from jobs.slots import JobRun, RunStatus, read_runs

group = AppGroup("jobs", help="The worker's schedule, and how its runs went.")

COLOURS = {
    RunStatus.DONE: "green",
    RunStatus.RUNNING: "cyan",
    RunStatus.FAILED: "red",
    RunStatus.GIVEN_UP: "red",
    RunStatus.SKIPPED: "yellow",
}
EXIT_CODES = {RunStatus.FAILED: EXIT_REJECTED, RunStatus.RUNNING: EXIT_UNAVAILABLE}


@group.command("list")
@click.option("--limit", default=3, show_default=True, help="How many runs of each job to show.")
@json_option
@explained
def list_jobs(limit: int, as_json: bool) -> None:
    """List every job: when it runs, when next, and its latest runs."""
    runtime = command_runtime()
    now = business_time(runtime)
    listed = [describe(runtime, job, now, limit) for job in jobs_for(runtime.settings)]
    if as_json:
        runs = ([run.as_dict() for run in each["runs"]] for each in listed)
        print_json([each | {"runs": found} for each, found in zip(listed, runs, strict=True)])
        return
    console = Console(highlight=False)
    for each in listed:
        upcoming = f", next {local(runtime, each['next_at'])}" if each["next_at"] else ""
        click.echo(f"{each['name']}: {each['when']}{upcoming}")
        if each["runs"]:
            console.print(run_table(runtime, each["runs"], is_daily=each["is_daily"]))


@group.command("run")
@click.argument("name")
@dry_run_option
@json_option
@explained
def run(name: str, dry_run: bool, as_json: bool) -> None:
    """Run the due slot of job NAME now, as the worker would, without waiting for its pause.

    A slot that is done stays done. Exit 1: it failed; 3: another worker is at it.
    """
    runtime = command_runtime()
    job = find_job(runtime, name)
    now = runtime.clock.now()
    slot = job.timetable.due_slot(now)
    status = None
    if not dry_run:
        claims = Claims(runtime.engine, SystemClock(), name_process())
        status = Runner(runtime, claims).run_due(job, now, is_urgent=True)
    row = latest_run(runtime, job)
    is_this_slot = row is not None and slot is not None and row.slot_at == slot.at
    found = row.as_dict() if row and is_this_slot else None
    if as_json:
        due_at = slot.at if slot else None
        print_json({"job": name, "due_slot": due_at, "did_run": bool(status), "run": found})
    else:
        click.echo(tell_run(runtime, job, row if is_this_slot else None, now))
    shown = RunStatus(row.status) if row and is_this_slot and not dry_run else RunStatus.DONE
    raise SystemExit(EXIT_CODES.get(shown, 0))


def find_job(runtime: Runtime, name: str) -> Job:
    """The job of that name, or a message naming those there are."""
    jobs = {job.name: job for job in jobs_for(runtime.settings)}
    if name not in jobs:
        raise click.BadParameter(f"there is no job '{name}'; there are {', '.join(jobs)}")
    return jobs[name]


def describe(runtime: Runtime, job: Job, now: datetime | None, limit: int) -> dict[str, Any]:
    """One job with its latest runs."""
    with runtime.transaction() as session:
        runs = list(read_runs(session, job.name, limit))
    return {
        "name": job.name,
        "when": job.timetable.words,
        "is_daily": isinstance(job.timetable, Daily),
        "next_at": job.timetable.next_at(now) if now else None,
        "runs": runs,
    }


def latest_run(runtime: Runtime, job: Job) -> JobRun | None:
    """The latest slot of a job."""
    with runtime.transaction() as session:
        return next(iter(read_runs(session, job.name, 1)), None)


def run_table(runtime: Runtime, runs: list[JobRun], *, is_daily: bool) -> Table:
    """The latest runs of one job. Only a daily job can be late: another one has a next period."""
    table = Table(header_style="bold")
    for heading in ("Slot", "Status", "Tries", "Late, min", "What came of it"):
        table.add_column(heading)
    for row in runs:
        status = RunStatus(row.status)
        late = str(row.lateness_minutes or "") if is_daily else ""
        slot_at, tries = local(runtime, row.slot_at), str(row.attempts)
        colour = COLOURS[status]
        table.add_row(slot_at, f"[{colour}]{status}[/]", tries, late, escape(tell_outcome(row)))
    return table


def tell_run(runtime: Runtime, job: Job, row: JobRun | None, now: datetime) -> str:
    """How the due slot stands, in one line."""
    if row is None:
        slot = job.timetable.due_slot(now)
        if slot is None:
            upcoming = local(runtime, job.timetable.next_at(now))
            return f"{job.name}: nothing is due; next {upcoming}."
        return f"{job.name}: the slot of {local(runtime, slot.at)} is due and was not run yet."
    slot_at = local(runtime, row.slot_at)
    return f"{job.name}: the slot of {slot_at} is {row.status}. {tell_outcome(row)}".rstrip()


def tell_outcome(row: JobRun) -> str:
    """The error, or the counts of what was done."""
    if row.last_error and row.status != RunStatus.DONE:
        return row.last_error
    plain = {k: v for k, v in (row.result or {}).items() if isinstance(v, str | int) and v}
    return ", ".join(f"{name} {value}" for name, value in plain.items())


def local(runtime: Runtime, at: datetime) -> str:
    """An instant on the business's wall."""
    return f"{at.astimezone(runtime.settings.business_timezone):%Y-%m-%d %H:%M:%S}"
