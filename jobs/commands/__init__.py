"""The command line: one module per noun, each with a Flask command group named `group`.

Owns how a command ends when something is wrong: a short message with a remedy on stderr, and an
exit code that a script can act on; never a traceback for something a person can put right.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar, cast

import click
from flask import current_app
from sqlalchemy.exc import DBAPIError

from config.clock import ClockUnavailable
from config.schema import SchemaOutdated, ensure_schema
from config.settings import SettingsError
from jobs.runtime import Runtime
from sfsync import jsonio
from sfsync.errors import (
    SalesforceAuthFailed,
    SalesforceRejected,
    SalesforceRetryable,
)

#: Exit codes beside 0; scripts and the worker's supervisor rely on them.
EXIT_REJECTED = 1  # some data or rights were refused; someone corrects what the message names
EXIT_MISCONFIGURED = 2  # settings, login or database are not usable; nothing was tried
EXIT_UNAVAILABLE = 3  # the org is down or busy; the same command may succeed later

EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (SettingsError, EXIT_MISCONFIGURED),
    (SchemaOutdated, EXIT_MISCONFIGURED),
    (SalesforceAuthFailed, EXIT_MISCONFIGURED),
    (SalesforceRetryable, EXIT_UNAVAILABLE),
    (ClockUnavailable, EXIT_UNAVAILABLE),
    (SalesforceRejected, EXIT_REJECTED),
)

F = TypeVar("F", bound=Callable[..., Any])


def explained(function: F) -> F:
    """Decorates a command: known errors become a message and an exit code instead of a trace."""

    @wraps(function)
    def wrapper(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except tuple(kind for kind, _ in EXIT_CODES) as error:
            click.secho(f"Error: {error}", err=True, fg="red")
            raise SystemExit(exit_code_for(error)) from error
        except DBAPIError as error:
            click.secho(f"Error: {tell_database_error(error)}", err=True, fg="red")
            raise SystemExit(EXIT_MISCONFIGURED) from error

    return cast(F, wrapper)


def tell_database_error(error: DBAPIError) -> str:
    """The driver's own words, which hold no password, and what to do."""
    said = " ".join(str(error.orig).split())[:300]
    return f"The database cannot be used: {said}. Check DATABASE_URL and that its server runs."


def exit_code_for(error: Exception) -> int:
    """The exit code that tells a script what kind of error ended a command."""
    return next(code for kind, code in EXIT_CODES if isinstance(error, kind))


def command_runtime(*, with_tables: bool = True) -> Runtime:
    """The runtime of the running command, its tables ready unless the command needs none.

    Raises SchemaOutdated on PostgreSQL when `flask db upgrade` has not been run.
    """
    runtime = cast(Runtime, current_app.extensions["runtime"])
    click.get_current_context().call_on_close(runtime.close)
    if with_tables:
        ensure_schema(runtime.engine)
    return runtime


def business_time(runtime: Runtime) -> datetime | None:
    """What time it is, if the org that keeps it answers."""
    try:
        return runtime.clock.now()
    except ClockUnavailable:
        return None


def print_json(value: object) -> None:
    """The command's answer as one JSON document on stdout, amounts exact."""
    click.echo(jsonio.dumps(value))


def is_interactive() -> bool:
    """Whether a person watches: a progress bar helps them and would garble a log."""
    return sys.stderr.isatty()


json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Say what would happen; change nothing."
)
