"""/live says that the process runs, /ready that it can work; neither tells a secret."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from config.schema import upgrade_schema
from config.settings import Settings
from jobs.health import ORG_ANSWER_KEPT_S, OrgProbe
from sandbox.server import LocalOrgServer
from tests.app.conftest import MakeApp
from tests.control import add_fault, counted_calls


def test_the_process_is_live_whatever_else_is_down(make_app: MakeApp, settings: Settings) -> None:
    app = make_app(replace(settings, salesforce_url="http://127.0.0.1:9"))

    answer = app.test_client().get("/live")

    assert (answer.status_code, answer.json) == (200, {"status": "up"})


def test_ready_means_database_tables_and_org(app: Flask, org: LocalOrgServer) -> None:
    client = app.test_client()

    before = client.get("/ready")
    upgrade_schema(app.extensions["runtime"].engine)
    after = client.get("/ready")

    assert before.status_code == 503
    assert before.json["checks"] == {"database": "migrations missing", "org": "ok"}
    assert after.status_code == 200
    assert after.json == {"status": "ready", "checks": {"database": "ok", "org": "ok"}}
    assert counted_calls(org) == 0


def test_an_org_that_lets_nobody_in_is_named_without_a_secret(
    make_app: MakeApp, settings: Settings
) -> None:
    wrong = replace(settings, salesforce_client_id="x", salesforce_client_secret="hunter2")
    app = make_app(wrong)

    answer = app.test_client().get("/ready")

    assert answer.status_code == 503
    assert answer.json["checks"]["org"] == "SalesforceAuthFailed"
    assert "hunter2" not in answer.text


def test_a_database_that_is_down_is_named(make_app: MakeApp, settings: Settings) -> None:
    app = make_app(
        replace(settings, database_url="postgresql+psycopg://u:hunter2@127.0.0.1:9/none")
    )

    answer = app.test_client().get("/ready")

    assert answer.status_code == 503
    assert answer.json["checks"]["database"] == "OperationalError"
    assert "hunter2" not in answer.text


def test_the_org_is_asked_at_most_once_a_minute(app: Flask, org: LocalOrgServer) -> None:
    now_s = [0.0]
    probe = OrgProbe(lambda: now_s[0])
    runtime = app.extensions["runtime"]
    assert probe.ask(runtime) == "ok"

    add_fault(org, action="status", status=503, path="/services/data")
    now_s[0] += ORG_ANSWER_KEPT_S
    assert probe.ask(runtime) == "ok"
    now_s[0] += 1
    assert probe.ask(runtime) != "ok"


@pytest.mark.parametrize("path", ["/", "/nothing", "/live/x"])
def test_an_unknown_address_is_answered_in_json(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)

    assert answer.status_code == 404
    assert answer.json["error"] == "Not Found"


def test_a_bug_is_answered_in_json_and_logged_without_its_text(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/bug")
    def bug() -> str:
        raise RuntimeError("with a password inside")

    answer = app.test_client().get("/bug")

    assert answer.status_code == 500
    assert "password" not in answer.text
    assert "request failed" in caplog.text


def test_a_wrong_verb_is_answered_in_json(app: Flask) -> None:
    answer = app.test_client().post("/live")

    assert (answer.status_code, answer.json["error"]) == (405, "Method Not Allowed")
