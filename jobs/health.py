"""Answers whether this process lives, and whether it can do its work.

Owns what "ready" means: our database answers, its tables fit the code, and the org lets us in. The
org is asked at most once a minute, so that a load balancer's questions cost no API calls.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from config.schema import is_current
from jobs.runtime import Runtime
from sfsync.about_org import org_time
from sfsync.errors import SalesforceError

ORG_ANSWER_KEPT_S = 60.0

health = Blueprint("health", __name__)


class OrgProbe:
    """The latest answer to "does the org let us in?", kept for a minute."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._asked_at_s: float | None = None
        self._answer = ""

    def ask(self, runtime: Runtime) -> str:
        """ "ok", or the name of what is wrong; never a secret."""
        with self._lock:
            now_s = self._clock_s()
            if self._asked_at_s is None or now_s - self._asked_at_s > ORG_ANSWER_KEPT_S:
                self._answer = _probe_org(runtime)
                self._asked_at_s = now_s
            return self._answer


def _probe_org(runtime: Runtime) -> str:
    try:
        org_time(runtime.connect())
    except SalesforceError as error:
        return type(error).__name__
    return "ok"


@health.get("/live")
def live() -> Response:
    """The process is up."""
    return jsonify(status="up")


@health.get("/ready")
def ready() -> tuple[Response, int]:
    """Everything that work needs is there: 200, or 503 naming what is not."""
    runtime: Runtime = current_app.extensions["runtime"]
    probe: OrgProbe = current_app.extensions.setdefault("org_probe", OrgProbe())
    checks = {"database": _probe_database(runtime), "org": probe.ask(runtime)}
    is_ready = all(answer == "ok" for answer in checks.values())
    body = jsonify(status="ready" if is_ready else "not ready", checks=checks)
    return body, 200 if is_ready else 503


def _probe_database(runtime: Runtime) -> str:
    try:
        with runtime.transaction() as session:
            session.execute(text("SELECT 1"))
        return "ok" if is_current(runtime.engine) else "migrations missing"
    except SQLAlchemyError as error:
        return type(error).__name__
