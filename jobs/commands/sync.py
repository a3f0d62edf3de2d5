"""`flask sync`: bring the replica up to date, send the outbox, show where both stand."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import Engine

from jobs.commands import (
    EXIT_REJECTED,
    command_runtime,
    dry_run_option,
    explained,
    is_interactive,
    json_option,
    print_json,
)
from sfsync import pull as pulling
from sfsync import push as pushing
from sfsync.client import Salesforce, usage
from sfsync.pull import PullReport
from sfsync.push import PushReport
from sfsync.replica import Tally
from sfsync.status import ObjectStatus, read_status

logger = logging.getLogger(__name__)

#: Seconds between two progress lines in a log.
LOG_EVERY_S = 5.0

group = AppGroup("sync", help="The replica of the org, and the writes on their way to it.")
Show = Callable[[str], None]


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
    with _progress() as show:

        def on_batch(so_far: PushReport) -> None:
            show(f"{so_far.sent} sent, {so_far.rejected} rejected")

        report = pushing.push(sf, runtime.engine, on_batch=on_batch)
    _log_push(report)
    _answer(as_json, report.as_dict(), [*_push_lines(report), usage(sf).summary])
    if report.rejected:
        raise SystemExit(EXIT_REJECTED)


@group.command("status")
@json_option
@explained
def status(as_json: bool) -> None:
    """Say up to when the replica is complete, and what stands in the outbox."""
    found = read_status(command_runtime().engine)
    lines = [_status_line(each) for each in found.objects]
    if found.open_conflicts:
        lines.append(f"{found.open_conflicts} open conflicts; see `flask sync conflicts list`")
    _answer(as_json, found.as_dict(), [*lines, *_problem_lines(found.problems)])


def _rehearse(engine: Engine, sf: Salesforce, as_json: bool, *, full: bool) -> None:
    counts = pulling.preview(sf, engine, full=full)
    _answer(as_json, {"would_read": counts}, _count_lines("would read", counts))


def _pull(engine: Engine, sf: Salesforce, as_json: bool, *, full: bool) -> None:
    """A pull whose progress and result are shown."""
    with _progress() as show:

        def on_page(sobject: str, tally: Tally) -> None:
            show(f"{sobject}: {tally.read} rows read")

        report = pulling.pull(sf, engine, full=full, on_page=on_page)
    _log_pull(report)
    _answer(as_json, report.as_dict(), [*_pull_lines(report), usage(sf).summary])


def _answer(as_json: bool, document: dict[str, Any], lines: list[str]) -> None:
    if as_json:
        print_json(document)
    else:
        click.echo("\n".join(lines))


@contextmanager
def _progress() -> Iterator[Show]:
    """A moving line for a person, a log line now and then for a log."""
    if not is_interactive():
        yield _ThrottledLog()
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("asking the org")
        yield lambda text: bar.update(task, description=text)


class _ThrottledLog:
    """Writes at most one progress line per few seconds."""

    def __init__(self) -> None:
        self._last_s = time.monotonic()

    def __call__(self, text: str) -> None:
        if time.monotonic() - self._last_s >= LOG_EVERY_S:
            self._last_s = time.monotonic()
            logger.info("sync progress", extra={"progress": text})


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


def _problem_lines(problems: tuple[dict[str, Any], ...]) -> list[str]:
    return [
        f"  {each['sobject']} {each['external_id']} ({each['state']}, {each['cause']}):"
        f" {each['message']}"
        + (f" [{each['fields']}]" if each["fields"] else "")
        + (f" {each['remedy']}" if each["remedy"] else "")
        for each in problems
    ]


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
        f" {complete}{interrupted}; outbox: {outbox or 'empty'}"
    )
