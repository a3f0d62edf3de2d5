"""`flask sync columns`: the fields that the replica mirrors, and decisions on changed ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from config.database import transaction
from jobs.commands import command_runtime, dry_run_option, explained, json_option, print_json
from jobs.commands.sync import group
from sfsync.column_choices import accept_column, forget_column
from sfsync.mapping import LEFT_OUT, MAPPINGS
from sfsync.schema import SyncField, read_fields

name_argument = click.argument("name", metavar="SOBJECT.FIELD")


@group.group("columns", invoke_without_command=True)
@json_option
@click.pass_context
@with_appcontext
@explained
def columns(context: click.Context, as_json: bool) -> None:
    """List the columns of the replica: the org's fields, and what became of them."""
    if context.invoked_subcommand is not None:
        return
    with transaction(command_runtime().engine) as session:
        rows = [row for each in MAPPINGS for row in read_fields(session, each.sobject).values()]
        found = [_as_dict(row) for row in rows]
    if as_json:
        print_json({"columns": found, "left_out": LEFT_OUT})
    else:
        click.echo("\n".join(map(_line, found)) or "No pull has compared the org's fields yet.")


@columns.command("resume")
@name_argument
@dry_run_option
@json_option
@explained
def resume(name: str, dry_run: bool, as_json: bool) -> None:
    """Accept a field as it is now; the next pull reads all of its values."""
    with transaction(command_runtime().engine) as session, _trial(session, dry_run=dry_run):
        described = accept_column(session, name).description
        shape = described.words if described else ""
    verb = "would be" if dry_run else "is"
    _answer(as_json, {"column": name, "accepted": shape}, f"{name} {verb} accepted as {shape}.")


@columns.command("forget")
@name_argument
@dry_run_option
@json_option
@explained
def forget(name: str, dry_run: bool, as_json: bool) -> None:
    """Drop a field that is gone from the org, and the last values of it."""
    with transaction(command_runtime().engine) as session, _trial(session, dry_run=dry_run):
        rows = forget_column(session, name)
    verb = "would be" if dry_run else "is"
    _answer(as_json, {"column": name, "rows": rows}, f"{name} {verb} dropped from {rows} rows.")


@contextmanager
def _trial(session: Session, *, dry_run: bool) -> Iterator[None]:
    """Undoes what the block does when it is only a rehearsal."""
    savepoint = session.begin_nested()
    yield
    if dry_run:
        savepoint.rollback()


def _as_dict(row: SyncField) -> dict[str, Any]:
    described = row.description
    return {
        "name": row.full_name,
        "state": row.state,
        "stands_in": "extra" if row.is_extra else "a column",
        "type": described.words if described else None,
        "label": described.label if described else None,
        "reason": row.reason,
        "remedy": row.remedy,
        "paused_at": row.paused_at,
        "as_of": row.as_of,
        "will_be_read": row.needs_read,
    }


def _line(column: dict[str, Any]) -> str:
    where = ", by its name in extra" if column["stands_in"] == "extra" else ""
    line = f"{column['name']}: {column['state']}, {column['type'] or 'not there'}{where}"
    return f"{line}\n  {column['reason']} {column['remedy']}" if column["reason"] else line


def _answer(as_json: bool, document: dict[str, Any], line: str) -> None:
    if as_json:
        print_json(document)
    else:
        click.echo(line)
