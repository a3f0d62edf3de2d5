"""`flask sync conflicts`: what people and the back office both changed, and the decision about it.

Owns how a clash reads on a terminal. Sending a decision is `flask sync push`'s work.
"""

from __future__ import annotations

from typing import NoReturn

import click
from rich.table import Table
from rich.text import Text

from jobs.commands import (
    EXIT_REJECTED,
    command_runtime,
    dry_run_option,
    explained,
    json_option,
    print_json,
)
from jobs.commands.sync import group
from jobs.commands.terminal import open_console
from sfsync.conflicts import SyncConflict, as_dict, list_conflicts
from sfsync.merging import Outcome
from sfsync.resolving import AlreadyResolved, ConflictNotFound, resolve

COLUMNS = ("ID", "record", "field", "was", "ours", "theirs", "who, when (UTC)", "cause", "outcome")


@group.group("conflicts")
def conflicts() -> None:
    """Fields that people and the back office changed to different values."""


@conflicts.command("list")
@click.option("--all", "show_all", is_flag=True, help="Also those that are decided.")
@json_option
@explained
def list_all(show_all: bool, as_json: bool) -> None:
    """Show the conflicts that wait for a decision."""
    with command_runtime().transaction() as session:
        found = list_conflicts(session, only_open=not show_all)
    if as_json:
        print_json([as_dict(each) for each in found])
    elif found:
        open_console().print(_table(found))
    else:
        click.echo("no conflicts" if show_all else "no open conflicts")


@conflicts.command("resolve")
@click.argument("conflict_id", type=int, metavar="ID")
@click.option(
    "--take",
    type=click.Choice([Outcome.OURS.value, Outcome.THEIRS.value]),
    required=True,
    help="Whose value shall stand: the back office's, or the one in Salesforce.",
)
@dry_run_option
@json_option
@explained
def resolve_one(conflict_id: int, take: str, dry_run: bool, as_json: bool) -> None:
    """Decide a conflict; the next push carries the decision out."""
    runtime = command_runtime()
    try:
        with runtime.transaction() as session:
            conflict, values = resolve(session, conflict_id, Outcome(take), runtime.clock.now())
            decided = as_dict(conflict)
            if dry_run:
                session.rollback()
    except (ConflictNotFound, AlreadyResolved) as error:
        _end_with(str(error))
    if as_json:
        print_json({"conflict": decided, "to_send": values, "dry_run": dry_run})
        return
    would = "would be" if dry_run else "is"
    what = f"{', '.join(values)} {would} sent with the next push" if values else "nothing to send"
    click.echo(f"conflict {conflict_id} {would} decided: {take} stands; {what}")


def _table(found: list[SyncConflict]) -> Table:
    table = Table(box=None)
    for heading in COLUMNS:
        table.add_column(heading)
    for each in found:
        when = f" {each.their_change_at:%Y-%m-%d %H:%M:%S}" if each.their_change_at else ""
        cells = (
            str(each.id),
            f"{each.sobject} {each.external_id}",
            each.field,
            each.base,
            each.ours,
            each.theirs,
            f"{each.their_user_id or 'unknown'}{when}",
            each.cause,
            each.outcome,
        )
        table.add_row(*map(Text, cells))
    return table


def _end_with(message: str) -> NoReturn:
    click.secho(f"Error: {message}", err=True, fg="red")
    raise SystemExit(EXIT_REJECTED)
