"""`flask sync reconcile` and `flask sync drift`: prove the replica, and what was wrong with it.

Owns how drift reads on a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from rich.table import Table

from config.database import transaction
from jobs.commands import (
    command_runtime,
    dry_run_option,
    explained,
    json_option,
    print_json,
)
from jobs.commands.sync import group
from jobs.commands.terminal import open_console
from sfsync.drift import list_drift
from sfsync.healing import MOST_LISTED, ObjectFindings
from sfsync.mapping import BY_SOBJECT, MAPPINGS
from sfsync.reconcile import ReconcileReport, reconcile

__all__ = ["group"]

HEADINGS = (
    "Found (UTC)",
    "sObject",
    "Record",
    "Field",
    "Kind",
    "Ours",
    "The org's",
    "Likely cause",
)
COLUMNS = ("sobject", "salesforce_id", "field", "kind", "ours", "theirs", "cause")
#: How deep a comparison had to go, for people.
DEPTHS = {
    "figures": "figures by day are the org's",
    "ids": "Ids and versions were compared",
    "fields": "every field was compared",
}


@group.command("reconcile")
@click.argument("sobjects", nargs=-1, metavar="[SOBJECT]...", type=click.Choice(list(BY_SOBJECT)))
@click.option("--fields", "every_field", is_flag=True, help="Compare every field of every row.")
@dry_run_option
@json_option
@explained
def run_reconcile(sobjects: Sequence[str], every_field: bool, dry_run: bool, as_json: bool) -> None:
    """Compare the replica with the org, heal what differs, and note it in the ledger of drift."""
    runtime = command_runtime()
    report = reconcile(
        runtime.connect(),
        runtime.engine,
        mappings=[BY_SOBJECT[name] for name in sobjects] or MAPPINGS,
        every_field=every_field,
        dry_run=dry_run,
    )
    if as_json:
        print_json(report.as_dict())
        return
    click.echo("\n".join(_tell_findings(report)))
    if report.differences:
        found = [{**each, "found_at": report.found_at} for each in report.differences]
        open_console().print(_table(found))
    if len(report.differences) == MOST_LISTED:
        click.echo(f"the first {MOST_LISTED} differences; `flask sync drift --limit` lists more")


@group.command("drift")
@click.option("--record", metavar="ID", help="Only what concerns this record.")
@click.option("--sobject", type=click.Choice(list(BY_SOBJECT)), help="Only this sObject.")
@click.option("--limit", default=50, show_default=True, help="How many to list.")
@json_option
@explained
def drift(record: str | None, sobject: str | None, limit: int, as_json: bool) -> None:
    """List the differences that were found between the replica and the org, newest first."""
    with transaction(command_runtime().engine) as session:
        found = list_drift(session, sobject=sobject, record_id=record, limit=limit)
    if as_json:
        print_json(found)
    elif found:
        open_console().print(_table(found))
    else:
        click.echo("no drift was ever found")


def _tell_findings(report: ReconcileReport) -> list[str]:
    verb = "differ" if report.run_id is None else "differed and were healed"
    lines = [
        f"{name}: {each.rows} rows up to {report.proven_to[name]:%Y-%m-%d %H:%M:%S} UTC,"
        f" {DEPTHS[each.depth]}; {each.drifted} {verb}{_tell_kinds(each)}"
        for name, each in report.findings.items()
    ]
    return [*lines, f"{report.api_calls} API calls"]


def _tell_kinds(findings: ObjectFindings) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(findings.kinds.items()))
    moved = f"; {findings.moved} were written meanwhile, see the next run" if findings.moved else ""
    return (f" ({kinds})" if kinds else "") + moved


def _table(entries: Sequence[dict[str, Any]]) -> Table:
    table = Table(header_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    for each in entries:
        cells = ("" if each[name] is None else str(each[name]) for name in COLUMNS)
        table.add_row(f"{each['found_at']:%Y-%m-%d %H:%M}", *cells)
    return table
