"""`flask db`: the tables of our own database."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from config.schema import is_current, upgrade_schema, write_revision
from jobs.commands import command_runtime, explained, json_option, print_json

group = AppGroup("db", help="The tables of our own database.")


@group.command("upgrade")
@explained
def upgrade() -> None:
    """Apply every missing migration; the release phase of each deployment does this."""
    runtime = command_runtime(with_tables=False)
    upgrade_schema(runtime.engine)
    click.echo("The database is up to date.")


@group.command("status")
@json_option
@explained
def status(as_json: bool) -> None:
    """Say whether the tables fit this code."""
    current = is_current(command_runtime(with_tables=False).engine)
    if as_json:
        print_json({"current": current})
    else:
        click.echo("up to date" if current else "outdated: run `flask db upgrade`")
    raise SystemExit(0 if current else 1)


@group.command("revision")
@click.argument("message")
@explained
def revision(message: str) -> None:
    """Write a new migration from the tables' present shape (for developers)."""
    write_revision(command_runtime().engine, message)
