"""`flask jobs`: what somebody on call reads and does."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Engine

from app import create_app
from config.clock import SystemClock
from config.settings import Settings
from jobs.claims import Claim, Claims
from sandbox.server import LocalOrgServer
from tests.acceptance.market import Market
from tests.jobs.builders import MORNING, a_daily_job, local, runs_of

SEVEN = local("2025-03-11 07:00")


@pytest.fixture
def market(org: LocalOrgServer) -> Iterator[Market]:
    with Market(org) as market:
        market.at("2025-03-11 07:20")
        yield market


@pytest.fixture
def app(market: Market, sqlite: Engine) -> Iterator[Flask]:
    """The command line over the local org; the root logger is put back afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    database_url = sqlite.url.render_as_string()
    app = create_app(
        Settings(environment="test", salesforce_url=market.url, database_url=database_url)
    )
    yield app
    app.extensions["runtime"].engine.dispose()
    root.handlers[:] = handlers
    root.setLevel(level)


def call(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["jobs", *arguments])


def claim_today(engine: Engine) -> tuple[Claims, Claim]:
    claims = Claims(engine, SystemClock(), "w1", timedelta(minutes=2))
    claim = claims.take(a_daily_job(), MORNING.slot_on(SEVEN.date()), SEVEN)
    assert claim is not None
    return claims, claim


def test_list_names_each_job_its_times_and_its_latest_runs(app: Flask, sqlite: Engine) -> None:
    claims, claim = claim_today(sqlite)
    claims.fail(claim, SEVEN, "the field Price__c is gone", timedelta(hours=1))
    result = call(app, "list", "--json")

    assert result.exit_code == 0, result.output
    listed = json.loads(result.stdout)
    assert [each["name"] for each in listed] == ["select", "push", "pull", "reconcile", "formulas"]
    select = listed[0]
    assert select["when"] == "daily at 07:00 Europe/Warsaw"
    assert select["next_at"] == "2025-03-12T06:00:00.000+0000"
    (run,) = select["runs"]
    assert (run["status"], run["attempts"], run["last_error"]) == (
        "failed",
        1,
        "the field Price__c is gone",
    )
    assert run["slot_at"] == "2025-03-11T06:00:00.000+0000"
    assert [each["runs"] for each in listed[1:]] == [[], [], [], []]


def test_list_for_people_shows_business_time_and_the_error(app: Flask, sqlite: Engine) -> None:
    claims, claim = claim_today(sqlite)
    claims.fail(claim, SEVEN, "[Price__c] is gone", timedelta(hours=1))
    result = call(app, "list")

    assert "select: daily at 07:00 Europe/Warsaw, next 2025-03-12 07:00:00" in result.output
    assert "2025-03-11 07:00:00" in result.output
    assert "failed" in result.output
    assert "[Price__c] is gone" in result.output


def test_list_answers_while_the_org_is_down(app: Flask, market: Market) -> None:
    market.fault(action="drop_before", path="/services/data")
    result = call(app, "list", "--json")

    assert result.exit_code == 0, result.output
    assert [each["next_at"] for each in json.loads(result.stdout)] == [None] * 5


def test_run_does_the_due_slot_at_once_despite_its_rest(
    app: Flask, sqlite: Engine, market: Market
) -> None:
    claims, claim = claim_today(sqlite)
    claims.fail(claim, SEVEN, "refused", timedelta(hours=1))
    result = call(app, "run", "select", "--json")

    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["did_run"], answer["run"]["status"]) == (True, "done")
    assert (answer["run"]["attempts"], answer["run"]["lateness_minutes"]) == (2, 20)
    assert len(market.runs()) == 1


def test_run_of_a_slot_that_is_done_changes_nothing(app: Flask, sqlite: Engine) -> None:
    claims, claim = claim_today(sqlite)
    claims.finish(claim, SEVEN, {"orders": 3})
    result = call(app, "run", "select")

    assert result.exit_code == 0
    assert result.output.strip() == "select: the slot of 2025-03-11 07:00:00 is done. orders 3"
    assert [run.attempts for run in runs_of(sqlite)] == [1]


def test_run_of_a_slot_that_a_worker_is_at_ends_with_3(app: Flask, sqlite: Engine) -> None:
    claim_today(sqlite)
    result = call(app, "run", "select")

    assert result.exit_code == 3
    assert "is running" in result.output


def test_run_that_fails_ends_with_1_and_says_why(
    app: Flask, market: Market, sqlite: Engine
) -> None:
    market.fault(action="status", status=400, path="/batch", error_code="INVALID_FIELD")
    result = call(app, "run", "pull")

    assert result.exit_code == 1, result.output
    assert "is failed. INVALID_FIELD" in result.output
    (run,) = runs_of(sqlite, "pull")
    assert run.status == "failed"


def test_dry_run_says_what_is_due_and_runs_nothing(
    app: Flask, sqlite: Engine, market: Market
) -> None:
    result = call(app, "run", "select", "--dry-run")

    assert result.exit_code == 0
    expected = "select: the slot of 2025-03-11 07:00:00 is due and was not run yet."
    assert result.output.strip() == expected
    assert (runs_of(sqlite), market.runs()) == ([], [])


def test_run_before_its_time_says_when(app: Flask, sqlite: Engine, market: Market) -> None:
    market.at("2025-03-11 06:59")
    result = call(app, "run", "select")

    assert result.exit_code == 0
    assert result.output.strip() == "select: nothing is due; next 2025-03-11 07:00:00."
    assert runs_of(sqlite) == []


def test_unknown_job_is_answered_with_those_there_are(app: Flask) -> None:
    result = call(app, "run", "selct")

    assert result.exit_code == 2
    assert "there is no job 'selct'; there are select, push, pull, reconcile" in result.output
