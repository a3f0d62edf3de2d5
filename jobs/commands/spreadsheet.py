"""`flask import`: bring a workbook of RFPs or proposals into Salesforce.

Owns how an import reads on a terminal. Exit codes beside the common ones: 1 when no row could go
in, or the org took none of what was sent (or any row could not, with --strict), 2 when the file is
no workbook.
"""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup
from rich.table import Table
from rich.text import Text

from jobs.commands import (
    EXIT_MISCONFIGURED,
    EXIT_REJECTED,
    EXIT_UNAVAILABLE,
    command_runtime,
    dry_run_option,
    explained,
    json_option,
    print_json,
)
from jobs.commands.terminal import open_console
from jobs.imports import ImportReport, apply_workbook, plan_workbook
from sfsync.imports import Action
from spreadsheets.problems import WorkbookRejected

group = AppGroup("import", help="Bring workbooks of RFPs and proposals into Salesforce.")
file_argument = click.argument("file", type=click.Path(path_type=Path))
strict_option = click.option("--strict", is_flag=True, help="Exit 1 if any row cannot go in.")
KEPT_SHOWN = 10


@group.command("plan")
@file_argument
@json_option
@strict_option
@explained
def plan(file: Path, as_json: bool, strict: bool) -> None:
    """Say what importing FILE would change, and which rows cannot go in. Writes nothing."""
    finish(file, as_json, strict, is_dry_run=True)


@group.command("apply")
@file_argument
@dry_run_option
@json_option
@strict_option
@explained
def apply(file: Path, dry_run: bool, as_json: bool, strict: bool) -> None:
    """Import FILE: good rows go in, bad ones are reported with cell, reason and remedy."""
    finish(file, as_json, strict, is_dry_run=dry_run)


def finish(file: Path, as_json: bool, strict: bool, *, is_dry_run: bool) -> None:
    """Do it, tell it, and end with the right exit code."""
    runtime = command_runtime()
    try:
        report = plan_workbook(runtime, file) if is_dry_run else apply_workbook(runtime, file)
    except WorkbookRejected as error:
        click.secho(f"Error: {error}", err=True, fg="red")
        raise SystemExit(EXIT_MISCONFIGURED) from error
    if as_json:
        print_json(report.as_dict())
    else:
        show_report(report)
    refused = report.rows_refused + (report.push.rejected if report.push else 0)
    push = report.push
    if push and push.retried and not push.sent:
        raise SystemExit(EXIT_UNAVAILABLE)
    took_nothing = push is not None and push.rejected and not (push.sent or push.settled)
    if (strict and refused) or (report.rows_read and not report.went_in) or took_nothing:
        raise SystemExit(EXIT_REJECTED)


def show_report(report: ImportReport) -> None:
    """Problems first, then counts."""
    console = open_console()
    if report.problems:
        console.print(problem_table(report))
    for place, why in report.passed_over.items():
        click.echo(f"Not read: {place}. {why}")
    kept = [change for change in report.changes if change.is_partial]
    for change in kept[:KEPT_SHOWN]:
        click.echo(f"  {change.sobject} {change.external_id}: {change.note}.")
    if len(kept) > KEPT_SHOWN:
        click.echo(f"  … and {len(kept) - KEPT_SHOWN} more records keep their own values.")
    click.echo(
        f"{report.file}: {report.rows_read} rows read, {report.went_in} good, "
        f"{report.rows_refused} refused."
    )
    counts = ", ".join(f"{report.count(action)} {action.value}" for action in Action)
    click.echo(f"Records: {counts}.")
    if report.push:
        show_push(report)


def problem_table(report: ImportReport) -> Table:
    """Every cell that kept a row out."""
    table = Table(title="Rows that cannot go in", title_justify="left", header_style="bold")
    for heading in ("Cell", "Value", "Reason", "What to do"):
        table.add_column(heading)
    for problem in report.problems:
        where = f"{problem.sheet}!{problem.cell}"
        told = (where, problem.value, problem.reason, problem.remedy)
        # As Text, because a cell with brackets would be taken for rich's markup.
        table.add_row(*(Text(each) for each in told))
    return table


def show_push(report: ImportReport) -> None:
    """What the org made of it."""
    push = report.push
    if push is None:
        return
    click.echo(
        f"Salesforce: {push.created} created, {push.updated} updated, {push.rejected} refused, "
        f"{push.waiting} waiting, {push.api_calls} API calls."
    )
    for problem in push.problems:
        said = problem.get("message") or problem.get("waits_for") or ""
        remedy = problem.get("remedy") or ""
        click.echo(f"  {problem['external_id']} ({problem['cause']}): {said} {remedy}")
