"""`flask outbox`: writes on their way to Salesforce, why some do not get on, and sending again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click
from flask.cli import AppGroup
from rich.markup import escape
from rich.table import Table
from sqlalchemy.orm import Session

from config.clock import SystemClock
from jobs.commands import (
    EXIT_REJECTED,
    command_runtime,
    dry_run_option,
    explained,
    json_option,
    print_json,
)
from jobs.commands.terminal import open_console
from sfsync.mapping import PUSH_ORDER
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.outbox_view import (
    describe_write,
    drop_writes,
    find_stuck,
    retry_writes,
    select_writes,
    tell_state,
)

group = AppGroup("outbox", help="Writes on their way to Salesforce.")

#: What a person asks for first: everything that has not arrived.
UNFINISHED = (WriteState.PENDING, WriteState.SENDING, WriteState.REJECTED)
STATES = {
    "unfinished": UNFINISHED,
    "all": tuple(WriteState),
    **{state.value: (state,) for state in WriteState},
}
COLOURS = {WriteState.REJECTED: "red", WriteState.SENT: "green", WriteState.SENDING: "cyan"}


@group.command("list")
@click.option("--state", type=click.Choice(list(STATES)), default="unfinished", show_default=True)
@click.option("--object", "sobject", type=click.Choice(list(PUSH_ORDER)), help="Only of this type.")
@click.option("--bugs", is_flag=True, help="Only those that the backoffice itself failed on.")
@click.option("--limit", default=50, show_default=True, help="How many to list, newest first.")
@json_option
@explained
def list_writes(state: str, sobject: str | None, bugs: bool, limit: int, as_json: bool) -> None:
    """List writes: state, attempts, next attempt, the exact error and what to do."""
    query = select_writes(STATES[state], sobject, "bug" if bugs else None).limit(limit)
    with command_runtime().transaction() as session:
        rows = list(session.scalars(query))
    if as_json:
        print_json([describe_write(row) for row in rows])
    elif not rows:
        click.echo("Nothing of that kind is in the outbox.")
    else:
        open_console().print(_table(rows))


@group.command("show")
@click.argument("number", type=int)
@json_option
@explained
def show(number: int, as_json: bool) -> None:
    """Show write NUMBER of the list, with all its values; exit 1 when there is none."""
    with command_runtime().transaction() as session:
        row = session.get(OutboxWrite, number)
    if row is None:
        click.echo(f"There is no write {number}; `flask outbox list` names them.", err=True)
        raise SystemExit(EXIT_REJECTED)
    facts = describe_write(row)
    if as_json:
        print_json(facts)
        return
    click.echo(f"{row.sobject} {row.external_id}: {tell_state(row, SystemClock().now())}.")
    values = facts.pop("values")
    for name, value in facts.items():
        if value is not None:
            click.echo(f"  {name}: {_tell(value)}")
    click.echo("  values:")
    for name, value in values.items():
        click.echo(f"    {name}: {_tell(value)}")


every_option = click.option("--all", "every", is_flag=True, help="Every write that was refused.")


@group.command("retry")
@click.argument("numbers", type=int, nargs=-1)
@every_option
@dry_run_option
@json_option
@explained
def retry(numbers: tuple[int, ...], every: bool, dry_run: bool, as_json: bool) -> None:
    """Make writes NUMBERS due at once: refused ones, and those that wait for their next attempt.

    The next push sends them. Exit 1 when one of NUMBERS is not such a write.
    """
    _change(RETRY, numbers, every=every, dry_run=dry_run, as_json=as_json)


@group.command("drop")
@click.argument("numbers", type=int, nargs=-1)
@every_option
@dry_run_option
@json_option
@explained
def drop(numbers: tuple[int, ...], every: bool, dry_run: bool, as_json: bool) -> None:
    """Give writes NUMBERS up for good: Salesforce stays as it is, and its notes go away.

    For what was corrected by hand there. Exit 1 when one of NUMBERS was neither refused nor waits.
    """
    _change(DROP, numbers, every=every, dry_run=dry_run, as_json=as_json)


@dataclass(frozen=True)
class _Decision:
    """What a person decides about writes that did not get on."""

    carry_out: Callable[[Session, list[OutboxWrite]], None]
    done: str  #: the name of its answer
    words: str  #: the same as a sentence


RETRY = _Decision(retry_writes, "retried", "is sent again with the next push")
DROP = _Decision(lambda _, rows: drop_writes(rows), "dropped", "is given up")


def _change(
    decision: _Decision, numbers: tuple[int, ...], *, every: bool, dry_run: bool, as_json: bool
) -> None:
    if bool(numbers) == every:
        raise click.UsageError("Give the numbers of writes, or --all.")
    with command_runtime().transaction() as session:
        rows = find_stuck(session, None if every else numbers)
        if not dry_run:
            decision.carry_out(session, rows)
    rows.sort(key=lambda row: row.id)
    unfit = sorted(set(numbers) - {row.id for row in rows})
    if as_json:
        prefix = "would_be_" if dry_run else ""
        print_json({f"{prefix}{decision.done}": [row.id for row in rows], "left": unfit})
    else:
        _tell_change(decision, rows, unfit, dry_run=dry_run)
    if unfit:
        raise SystemExit(EXIT_REJECTED)


def _tell_change(
    decision: _Decision, rows: list[OutboxWrite], unfit: list[int], *, dry_run: bool
) -> None:
    prefix = "rehearsed: " if dry_run else ""
    for row in rows:
        click.echo(f"{prefix}{row.id}: {row.sobject} {row.external_id} {decision.words}")
    for number in unfit:
        click.echo(f"{number}: left as it is; it was neither refused nor does it wait", err=True)
    if not rows and not unfit:
        click.echo("Nothing was refused.")


def _table(rows: list[OutboxWrite]) -> Table:
    now = SystemClock().now()
    table = Table(header_style="bold")
    for heading in ("No.", "Record", "State", "Tries", "What happens, and what to do"):
        table.add_column(heading)
    for row in rows:
        colour = COLOURS.get(WriteState(row.state), "yellow")
        record = escape(f"{row.sobject} {row.external_id}")
        words = [tell_state(row, now), row.error_message, row.error_remedy]
        told = escape(". ".join(each.rstrip(".") for each in words if each) + ".")
        table.add_row(str(row.id), record, f"[{colour}]{row.state}[/]", str(row.attempts), told)
    return table


def _tell(value: Any) -> str:
    return "(empty)" if value is None else str(value)
