"""`flask sync`: bring the replica up to date, send the outbox, show where both stand."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import Engine

from config.clock import SystemClock
from jobs.budgeting import budget_report
from jobs.commands import (
    EXIT_REJECTED,
    business_time,
    command_runtime,
    dry_run_option,
    explained,
    json_option,
    print_json,
)
from jobs.commands.bars import shown_progress
from jobs.progress import WRITES
from sfsync import pull as pulling
from sfsync import push as pushing
from sfsync.client import Salesforce, usage
from sfsync.delivery import deliver
from sfsync.pull import PullReport
from sfsync.push import PushReport
from sfsync.record_problems import NoteReport
from sfsync.schema import Trouble
from sfsync.status import ObjectStatus, SyncStatus, read_status, seconds_since

logger = logging.getLogger(__name__)

group = AppGroup("sync", help="The replica of the org, and the writes on their way to it.")


@group.command("pull")
@click.option("--full", is_flag=True, help="Read everything again, not only the changes.")
@dry_run_option
@json_option
@explained
def pull(full: bool, dry_run: bool, as_json: bool) -> None:
    """Read every change of the org into the replica."""
    runtime = command_runtime()
    sf = runtime.connect()
    if dry_run:
        _rehearse(runtime.engine, sf, as_json, full=full)
    else:
        _pull(runtime.engine, sf, as_json, full=full)


@group.command("rebuild")
@dry_run_option
@json_option
@explained
def rebuild(dry_run: bool, as_json: bool) -> None:
    """Throw the replica away and read everything anew; writes on their way stay."""
    runtime = command_runtime()
    sf = runtime.connect()
    if dry_run:
        _rehearse(runtime.engine, sf, as_json, full=True)
        return
    pulling.forget(runtime.engine)
    _pull(runtime.engine, sf, as_json, full=True)


@group.command("push")
@dry_run_option
@json_option
@explained
def push(dry_run: bool, as_json: bool) -> None:
    """Send every write that is due; exit 1 when the org rejected some of them."""
    runtime = command_runtime()
    if dry_run:
        counts = pushing.preview(runtime.engine)
        _answer(as_json, {"would_send": counts}, _count_lines("would send", counts))
        return
    sf = runtime.connect()
    with shown_progress() as progress:
        progress.begin(WRITES, sum(pushing.preview(runtime.engine).values()))
        zone = runtime.settings.business_timezone
        done = deliver(sf, runtime.engine, zone=zone, on_batch=progress.on_batch)
    _log_push(done.push)
    lines = [*_push_lines(done.push), *_note_lines(done.notes), usage(sf).summary]
    _answer(as_json, done.as_dict(), lines)
    if done.push.rejected:
        raise SystemExit(EXIT_REJECTED)


@group.command("status")
@json_option
@explained
def status(as_json: bool) -> None:
    """Say up to when the replica is complete, which columns are paused, what the outbox holds."""
    runtime = command_runtime()
    found, budget = read_status(runtime.engine, business_time(runtime)), budget_report(runtime)
    lines = [_status_line(each) for each in found.objects]
    lines += [*_delay_lines(found, SystemClock().now()), _tell_reconciliation(found.reconciled)]
    if found.open_conflicts:
        lines.append(f"{found.open_conflicts} open conflicts; see `flask sync conflicts list`")
    problems = [*_trouble_lines(found.troubles), *_problem_lines(found.problems)]
    lines += [*problems, f"API budget: {budget.summary}"]
    _answer(as_json, found.as_dict() | {"budget": budget.as_dict()}, lines)


def _rehearse(engine: Engine, sf: Salesforce, as_json: bool, *, full: bool) -> None:
    counts = pulling.preview(sf, engine, full=full)
    _answer(as_json, {"would_read": counts}, _count_lines("would read", counts))


def _pull(engine: Engine, sf: Salesforce, as_json: bool, *, full: bool) -> None:
    """A pull whose progress and result are shown."""
    with shown_progress() as progress:
        on_page, on_plan = progress.on_page, progress.on_plan
        report = pulling.pull(sf, engine, full=full, on_page=on_page, on_plan=on_plan)
    _log_pull(report)
    _answer(as_json, report.as_dict(), [*_pull_lines(report), usage(sf).summary])


def _answer(as_json: bool, document: dict[str, Any], lines: list[str]) -> None:
    if as_json:
        print_json(document)
    else:
        click.echo("\n".join(lines))


def _log_pull(report: PullReport) -> None:
    for sobject, tally in report.tallies.items():
        logger.info("pull finished", extra={"sobject": sobject, **tally.as_dict()})


def _log_push(report: PushReport) -> None:
    facts = {name: count for name, count in report.as_dict().items() if name != "problems"}
    facts["writes_created"] = facts.pop("created")
    logger.info("push finished", extra=facts)


def _count_lines(verb: str, counts: dict[str, int]) -> list[str]:
    return [f"{sobject}: {verb} {count}" for sobject, count in counts.items()] or [f"{verb} 0"]


def _pull_lines(report: PullReport) -> list[str]:
    return [
        f"{sobject}: {tally.read} read, {tally.inserted} inserted, {tally.updated} updated,"
        f" {tally.deleted} deleted, {tally.unchanged} unchanged;"
        f" {_tell_completeness(report.watermarks[sobject])}"
        for sobject, tally in report.tallies.items()
    ]


def _tell_completeness(upto: datetime | None) -> str:
    if upto is None:
        return "overtaken by another reading of everything, which is not over"
    return f"complete up to {upto:%Y-%m-%d %H:%M:%S} UTC"


def _push_lines(report: PushReport) -> list[str]:
    summary = (
        f"{report.sent} sent ({report.created} created, {report.updated} updated,"
        f" {report.confirmed} found written already), {report.rejected} rejected,"
        f" {report.retried} to be tried again, {report.waiting} waiting"
    )
    if report.settled:
        summary += f", {report.settled} with nothing left to send"
    if report.clashes:
        summary += f"; {report.clashes} conflicts with edits by hand: `flask sync conflicts list`"
    return [summary, *_problem_lines(tuple(report.problems))]


def _note_lines(notes: NoteReport) -> list[str]:
    """What people see of it in Salesforce; nothing when nothing changed there."""
    facts = {
        "notes written on records": notes.noted,
        "notes taken away": notes.cleared,
        "Cases opened or closed": notes.cases,
    }
    told = [f"{count} {what}" for what, count in facts.items() if count]
    lines = [f"In Salesforce: {', '.join(told)}"] if told else []
    failure = f"Some notes could not be written on records: {notes.failure}"
    return [*lines, failure] if notes.failure else lines


def _problem_lines(problems: tuple[dict[str, Any], ...]) -> list[str]:
    return [
        f"  {each['sobject']} {each['external_id']} ({each['state']}, {each['cause']}):"
        f" {each['message']}"
        + (f" [{each['fields']}]" if each["fields"] else "")
        + (f" {each['remedy']}" if each["remedy"] else "")
        for each in problems
    ]


def _trouble_lines(troubles: tuple[Trouble, ...]) -> list[str]:
    return [f"  {each.state}: {each.message} {each.remedy}" for each in troubles]


def _delay_lines(found: SyncStatus, now: datetime) -> list[str]:
    """How far the replica is behind the org, and the outbox behind us."""
    lags = [f"{each.sobject} {each.lag_s} s" for each in found.objects if each.lag_s is not None]
    lines = [f"Proven complete to this long ago: {', '.join(lags)}"] if lags else []
    waiting = [each for each in found.objects if each.oldest_pending_at is not None]
    for each in waiting:
        age_s = seconds_since(each.oldest_pending_at or now, now)
        lines.append(f"Oldest write of {each.sobject} that has not left: noted {age_s} s ago")
    return lines


def _tell_reconciliation(run: dict[str, Any] | None) -> str:
    if run is None:
        return "never compared with the org: `flask sync reconcile`"
    drifted = run["rows_drifted"]
    outcome = f"{drifted} differed and were healed: `flask sync drift`" if drifted else "no drift"
    return (
        f"compared with the org by {run['depth']} at {run['finished_at']:%Y-%m-%d %H:%M} UTC:"
        f" {run['rows_checked']} rows, {outcome}"
    )


def _status_line(status: ObjectStatus) -> str:
    upto = status.complete_up_to
    complete = f"complete up to {upto:%Y-%m-%d %H:%M:%S} UTC" if upto else "never pulled"
    if upto and status.proved_at and status.read_up_to:
        complete += (
            f" (the org's word at {status.proved_at:%H:%M:%S}: nothing older can still appear;"
            f" newer rows read up to {status.read_up_to:%H:%M:%S})"
        )
    interrupted = ", a load was interrupted and will continue" if status.is_pull_interrupted else ""
    outbox = ", ".join(f"{count} {state}" for state, count in sorted(status.outbox.items()))
    return (
        f"{status.sobject}: {status.rows} rows, {status.deleted_rows} deleted,"
        f" {complete}{interrupted}{_tell_formulas(status)}; outbox: {outbox or 'empty'}"
    )


def _tell_formulas(status: ObjectStatus) -> str:
    if status.formulas_fresh_at is None:
        return ""
    stale = f", {status.stale_formulas} to be read again" if status.stale_formulas else ""
    return f"; formulas as of {status.formulas_fresh_at:%Y-%m-%d %H:%M:%S} UTC{stale}"
