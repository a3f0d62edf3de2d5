"""`python -m jobs`: the worker process.

Owns exit codes: 0 after SIGTERM or SIGINT, 2 when settings or tables are not usable, 3 when the
database does not answer. An org that is down is no reason to end: ticks go on.
"""

from __future__ import annotations

import argparse
import sys

import click
from sqlalchemy.exc import SQLAlchemyError

from config.logging import configure_logging
from config.schema import SchemaOutdated, ensure_schema
from config.settings import Settings, SettingsError
from jobs.commands import EXIT_MISCONFIGURED, EXIT_UNAVAILABLE
from jobs.runtime import build_runtime
from jobs.worker import Worker, serve


def main() -> int:
    """Run the worker until it is told to end; returns the exit code."""
    description = "The worker: selects at SELECTION_TIME, pulls and pushes. Settings: .env.example."
    argparse.ArgumentParser("python -m jobs", description=description).parse_args()
    try:
        settings = Settings.from_env()
        configure_logging(settings)
        runtime = build_runtime(settings)
        ensure_schema(runtime.engine)
    except (SettingsError, SchemaOutdated) as error:
        return refuse(str(error), EXIT_MISCONFIGURED)
    except SQLAlchemyError as error:
        why = f"The database does not answer ({type(error).__name__})."
        return refuse(f"{why} Check DATABASE_URL and that the server runs.", EXIT_UNAVAILABLE)
    return serve(Worker(runtime))


def refuse(message: str, code: int) -> int:
    """Says on stderr why there is no worker; answers the exit code."""
    click.echo(f"Error: {message}", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
