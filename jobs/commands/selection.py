"""`flask select`: run the selection now, explain an order, list the runs.

Owns how a run reads on a terminal. Exit codes beside the common ones: 4 when the org is not ready
for the selection (no order was touched).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

import click
from flask.cli import AppGroup
from rich.table import Table
from rich.text import Text

from jobs.commands import (
    EXIT_MISCONFIGURED,
    command_runtime,
    dry_run_option,
    explained,
    json_option,
    print_json,
)
from jobs.commands.terminal import open_console
from jobs.selection.report import RunReport
from jobs.selection.run import FutureDate, Options, OrderNotFound, select_proposals
from sfsync import selection_reads as reads
from sfsync.preflight import PreflightFailed

EXIT_NOT_READY = 4
EXIT_NOT_FOUND = 1
COLOURS = {"AWARD": "green", "CANCEL": "red", "REVIEW": "yellow", "SKIP": "magenta"}

group = AppGroup("select", help="Select the winning proposals of due orders.")


@group.command("run")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Business date to run for; default today."
)
@click.option("--order", help="Only this order: its number, external ID or record Id.")
@dry_run_option
@json_option
@explained
def run(as_of: datetime | None, order: str | None, dry_run: bool, as_json: bool) -> None:
    """Decide every order whose last day is over, and write the decisions to Salesforce."""
    day = as_of.date() if as_of else None
    runtime = command_runtime()
    try:
        report = select_proposals(runtime, Options(day, order, dry_run))
    except PreflightFailed as error:
        end_with(str(error), EXIT_NOT_READY)
    except OrderNotFound as error:
        end_with(str(error), EXIT_NOT_FOUND)
    except FutureDate as error:
        end_with(str(error), EXIT_MISCONFIGURED)
    if as_json:
        print_json(report.as_dict() | {"seconds": str(report.seconds)})
    else:
        show_report(report)


def end_with(message: str, code: int) -> NoReturn:
    """A message for people and a code for scripts."""
    click.secho(f"Error: {message}", err=True, fg="red")
    raise SystemExit(code)


def show_report(report: RunReport) -> None:
    """One line per order, then the counts."""
    console = open_console()
    if report.lines:
        console.print(report_table(report))
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(report.counts().items()))
    late = f", {report.lateness_minutes} min late" if report.lateness_minutes else ""
    caught_up = ", catching up" if report.catch_up else ""
    click.echo(
        f"Business date {report.business_date}: {report.outcome}{late}{caught_up}. "
        f"{len(report.lines)} orders ({counts or 'none due'}), {report.manual} picked by hand, "
        f"{report.api_calls} API calls, {report.seconds} s."
    )


def report_table(report: RunReport) -> Table:
    """Orders of one run."""
    table = Table(header_style="bold")
    for heading in ("Order", "Outcome", "Winner", "Manufacturer"):
        table.add_column(heading)
    for heading in ("Price", "Margin"):
        table.add_column(heading, justify="right")
    table.add_column("Why")
    for line in report.lines:
        colour = COLOURS.get(line.outcome, "white")
        name = f"{line.order_number} {line.external_id or ''}".strip()
        told = (line.winner, line.manufacturer, line.price, line.margin, line.message)
        # As Text, because a name with brackets would be taken for rich's markup.
        cells = [Text(each or "") for each in told]
        table.add_row(Text(name), Text(line.outcome, colour), *cells)
    return table


@group.command("explain")
@click.argument("order")
@json_option
@explained
def explain(order: str, as_json: bool) -> None:
    """Tell why an order came out as it did, newest decision first."""
    sf = command_runtime().connect()
    order_id = reads.find_order_id(sf, order)
    if order_id is None:
        end_with(
            f"No single order is called '{order}'. "
            "Give its order number, its external ID or its record Id.",
            EXIT_NOT_FOUND,
        )
    decisions = [plain(row) for row in reads.read_decisions(sf, order_id)]
    if as_json:
        print_json(decisions)
    elif not decisions:
        click.echo(
            "No decision is stored about this order yet. "
            f"`flask select run --order {order} --dry-run` says what would be decided now."
        )
    else:
        click.echo("\n\n".join(tell_decision(row) for row in decisions))


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A record without Salesforce's own wrapping, parents as their names."""
    return {
        name: value.get("Name") if isinstance(value, dict) else value
        for name, value in row.items()
        if name != "attributes"
    }


def tell_decision(row: dict[str, Any]) -> str:
    """One stored decision for people."""
    head = (
        f"{row['Name']}  {row['Outcome__c']} ({row['Type__c']}, {row['Reason_Code__c']})  "
        f"{row['Decided_At__c']}  run {row['Selection_Run__r'] or '-'}"
    )
    return f"{head}\n{row['Explanation__c'] or ''}"


@group.command("runs")
@click.option("--limit", default=20, show_default=True, help="How many to list.")
@json_option
@explained
def runs(limit: int, as_json: bool) -> None:
    """List the latest runs."""
    rows = [plain(row) for row in reads.read_runs(command_runtime().connect(), limit)]
    if as_json:
        print_json(rows)
        return
    table = Table(header_style="bold")
    for heading in ("Run", "Date", "Status", "Late", "Due", "Awarded", "Cancelled"):
        table.add_column(heading)
    for heading in ("Review", "Skipped", "Calls"):
        table.add_column(heading)
    for row in rows:
        table.add_row(*(str(row[name] if row[name] is not None else "") for name in RUN_COLUMNS))
    open_console().print(table)


RUN_COLUMNS = (
    "Name",
    "Business_Date__c",
    "Status__c",
    "Lateness_Minutes__c",
    "Orders_Due__c",
    "Awarded__c",
    "Cancelled__c",
    "In_Review__c",
    "Skipped__c",
    "API_Calls__c",
)
