"""The web application and the command line's root: blueprints, error answers, health, commands.

Owns the wiring and no logic. `flask` and gunicorn both find `create_app` here.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from http import HTTPStatus

import click
from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from config.logging import configure_logging
from config.settings import Settings, SettingsError
from jobs.commands.lazy import LazyNouns
from jobs.health import health
from jobs.runtime import build_runtime
from webhooks import salesforce
from webhooks.intake import Refusals

logger = logging.getLogger(__name__)

#: By noun of the command line, the modules of its commands: the first one has the command, or the
#: group, named `group`, to which the others add. A new noun adds its line.
COMMANDS = {
    "db": ("jobs.commands.db",),
    "doctor": ("jobs.commands.doctor",),
    "import": ("jobs.commands.spreadsheet",),
    "jobs": ("jobs.commands.worker_jobs",),
    "outbox": ("jobs.commands.outbox",),
    "select": ("jobs.commands.selection",),
    "sync": (
        "jobs.commands.sync",
        "jobs.commands.budget",
        "jobs.commands.reconcile",
        "jobs.commands.sync_columns",
        "jobs.commands.sync_conflicts",
        "jobs.commands.sync_metrics",
        "jobs.commands.sync_why",
    ),
}
COMMAND_MODULES = tuple(module for modules in COMMANDS.values() for module in modules)


class _UnusableSettings(click.ClickException):
    """Shows a SettingsError on the command line as a message, with the exit code for it."""

    exit_code = 2


def create_app(settings: Settings | None = None) -> Flask:
    """The application. Without `settings` it reads the environment.

    Raises SettingsError listing every variable to correct; the command line shows it as a message.
    """
    settings = settings or _read_settings()
    app = Flask(__name__)
    _configure_logging(settings)
    app.extensions["runtime"] = build_runtime(settings)
    app.register_blueprint(health)
    app.extensions["refusals"] = Refusals()
    engine = app.extensions["runtime"].engine
    app.register_blueprint(salesforce.build_blueprint(settings, engine))
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_bug)
    app.cli = LazyNouns(app.name, COMMANDS)
    return app


def _read_settings() -> Settings:
    try:
        return Settings.from_env()
    except SettingsError as error:
        if not _is_command_line():
            raise
        raise _UnusableSettings(str(error)) from error


def _configure_logging(settings: Settings) -> None:
    """A command's stdout holds its answer, so its log goes to stderr, and is short for a person."""
    if not _is_command_line():
        configure_logging(settings)
    elif sys.stderr.isatty():
        configure_logging(replace(settings, log_format="text", log_level="WARNING"), sys.stderr)
    else:
        configure_logging(settings, sys.stderr)


def _is_command_line() -> bool:
    return click.get_current_context(silent=True) is not None


def _answer_http_error(error: HTTPException) -> tuple[Response, int]:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    return jsonify(error=error.name, message=error.description), status


def _answer_bug(error: Exception) -> tuple[Response, int]:
    logger.error("request failed", exc_info=error)
    body = jsonify(error="Internal Server Error", message="The error has been logged.")
    return body, HTTPStatus.INTERNAL_SERVER_ERROR
