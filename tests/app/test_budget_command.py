"""`flask sync budget`: what people see of the API calls, with and without an org."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from config.database import transaction
from jobs.commands.budget import draw_bars
from jobs.runtime import Runtime
from sandbox.server import LocalOrgServer
from sfsync.call_ledger import Posting, lock_allowance, post
from sfsync.outbox import enqueue
from tests.app.conftest import MakeApp
from tests.app.test_commands import answer_of, invoke
from tests.control import control, counted_calls

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def freeze(org: LocalOrgServer, at: datetime = NOON) -> None:
    control(org, "POST", "clock", {"now": at.isoformat(), "frozen": True})


def runtime_of(app: Flask) -> Runtime:
    runtime: Runtime = app.extensions["runtime"]
    return runtime


def book(app: Flask, *postings: Posting) -> None:
    """Calls of the past, as an earlier process would have booked them."""
    invoke(app, "db", "upgrade")
    runtime = runtime_of(app)
    with transaction(runtime.engine) as session:
        lock_allowance(session, runtime.settings.salesforce_url)
        post(session, runtime.settings.salesforce_url, list(postings))


def test_budget_tells_what_commands_used_as_the_org_counts_it(
    app: Flask, org: LocalOrgServer
) -> None:
    freeze(org)
    invoke(app, "sync", "pull")
    pulled = counted_calls(org)
    invoke(app, "doctor")

    document = answer_of(invoke(app, "sync", "budget", "--json"))
    used = {each["purpose"]: each["calls"] for each in document["purposes"]}
    assert used == {"pull": pulled, "doctor": counted_calls(org) - pulled}
    assert document["ours"] == {"used": counted_calls(org), "ceiling": 50_000}
    assert document["org"] == {
        "used": counted_calls(org),
        "limit": 100_000,
        "heard_at": "2026-05-04T12:00:00.000+0000",
        "ceiling": 80_000,
        "reserve": 20_000,
    }
    assert (document["step"], document["used_percent"]) == ("normal", 0)
    assert document["purposes"][0]["purpose"] == "pull"
    assert document["purposes"][0]["by_hour"] == [0] * 23 + [pulled]


def test_budget_reads_well_on_a_terminal(app: Flask, org: LocalOrgServer) -> None:
    freeze(org)
    hours = [NOON - timedelta(hours=n) for n in range(24)]
    book(app, *(Posting(hour, "pull", calls=1000) for hour in hours))
    book(app, *(Posting(hour, "reconcile", calls=500) for hour in hours[:12]))
    control(org, "POST", "requests", {"spend": 30_000})

    assert invoke(app, "sync", "pull").exit_code == 0
    lines = invoke(app, "sync", "budget").stdout.splitlines()
    used = 30_000 + counted_calls(org)
    heard = "heard 2026-05-04 12:00:00 UTC"
    assert lines[:3] == [
        f"Ours:     {used} of 50000 calls in 24 h",
        f"The org:  {used} of 100000 calls in 24 h, {heard}; 20000 kept for people",
        "Used:     60 % of the nearer ceiling",
    ]
    assert lines[3].startswith("Forecast: at this rate ")
    assert " % by 2026-05-05 12:00 UTC, at most " in lines[3]
    assert lines[4] == (
        "Step:     'sparing' since 2026-05-04 12:00 UTC: pull and push run every fourth time"
    )
    (pull,) = [line for line in lines if "│ pull  " in line]
    assert f"│     {used - 6000} │" in pull
    assert "█" * 24 in pull
    assert " 90 % │" in pull
    (paused,) = [line for line in lines if "│ essentials" in line]
    assert " 80 % │" in paused
    assert " calls │ reconciliation, sweeps, checks and unnamed work pause" in paused


def test_each_step_would_save_at_least_what_the_one_before_it_does(
    app: Flask, org: LocalOrgServer
) -> None:
    freeze(org)
    hours = [NOON - timedelta(hours=n) for n in range(1, 25)]
    book(app, *(Posting(hour, "pull", calls=12) for hour in hours))
    book(app, *(Posting(hour, "reconcile", calls=5) for hour in hours))
    book(app, *(Posting(hour, "selection", calls=2) for hour in hours))

    document = answer_of(invoke(app, "sync", "budget", "--json"))
    saved = {each["step"]: each["saved_calls"] for each in document["savings"]}
    assert saved == {
        "sparing": 216,
        "bulk first": 216,
        "essentials": 216 + 120,
        "selection only": 288 + 120,
        "stopped": 288 + 120 + 48,
    }
    assert document["forecast"]["percent"] == 6  # of 7,500: the org has said nothing yet


def test_budget_needs_no_org(make_app: MakeApp, app: Flask) -> None:
    away = make_app(replace(runtime_of(app).settings, salesforce_url="http://127.0.0.1:9"))

    result = invoke(away, "sync", "budget")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[:2] == [
        "Ours:     0 of 7500 calls in 24 h",
        "The org:  not known yet of 15000 calls in 24 h, heard never; 3000 kept for people",
    ]


def test_settings_move_both_ceilings(make_app: MakeApp, app: Flask, org: LocalOrgServer) -> None:
    settings = replace(runtime_of(app).settings, api_share_percent=10, api_reserve_percent=40)
    modest = make_app(settings)
    invoke(modest, "sync", "pull")

    document = answer_of(invoke(modest, "sync", "budget", "--json"))
    assert document["ours"] == {"used": counted_calls(org), "ceiling": 10_000}
    assert (document["org"]["ceiling"], document["org"]["reserve"]) == (60_000, 40_000)


def test_command_without_calls_left_changes_nothing_and_says_when_it_goes_on(
    app: Flask, org: LocalOrgServer
) -> None:
    freeze(org)
    invoke(app, "sync", "pull")
    control(org, "POST", "requests", {"spend": 79_000})
    invoke(app, "sync", "pull")
    before = counted_calls(org)
    with transaction(runtime_of(app).engine) as session:
        enqueue(session, "Account", "A-1", {"Name": "Ada"}, "orders.xlsx row 7")

    result = invoke(app, "sync", "push")
    assert result.exit_code == 3
    assert result.stderr.strip().endswith(
        "Error: No API call is left for push: in step 'selection only' pull, push and imports"
        f" pause ({before + 79_000} of 80000 calls used in 24 h; some are free again by"
        " 2026-05-04 17:00 UTC). It goes on by itself then; `flask sync budget` shows who used the"
        " calls."
    )
    assert counted_calls(org) == before
    status = answer_of(invoke(app, "sync", "status", "--json"))
    (account,) = [each for each in status["objects"] if each["sobject"] == "Account"]
    assert account["outbox"] == {"pending": 1}
    assert status["budget"]["step"] == "selection only"


def test_status_and_doctor_tell_of_a_budget_that_runs_out(app: Flask, org: LocalOrgServer) -> None:
    freeze(org)
    control(org, "POST", "requests", {"spend": 70_000})
    invoke(app, "sync", "pull")

    calls = counted_calls(org)
    (line,) = [
        each
        for each in invoke(app, "sync", "status").stdout.splitlines()
        if each.startswith("API budget: ")
    ]
    assert line.startswith(
        f"API budget: {calls} of our 50000 calls used in 24 h (all of the org: {70_000 + calls} of"
        " 100000, 20000 kept for people); at this rate "
    )
    assert line.endswith(
        "; step 'essentials': reconciliation, sweeps, checks and unnamed work pause"
    )
    doctor = invoke(app, "doctor", "--json")
    findings = {each["subject"]: each for each in answer_of(doctor)}
    assert doctor.exit_code == 1
    assert "No API call is left for doctor" in findings["org"]["detail"]
    assert not findings["API budget"]["is_ok"]
    assert "Raise API_SHARE_PERCENT" in findings["API budget"]["remedy"]


def test_doctor_asks_the_org_although_the_database_cannot_be_used(
    make_app: MakeApp, app: Flask, postgres_url: str, org: LocalOrgServer
) -> None:
    unmigrated = make_app(replace(runtime_of(app).settings, database_url=postgres_url))

    result = invoke(unmigrated, "doctor", "--json")
    findings = {each["subject"]: each["is_ok"] for each in answer_of(result)}
    assert findings["database"] is False
    assert findings["configuration"] is True
    assert "API budget" not in findings


@pytest.mark.parametrize(
    ("values", "most", "bars"),
    [((0, 1, 4, 8), 8, " ▁▄█"), ((0, 0), 0, "  "), ((1, 1000), 1000, "▁█")],
)
def test_bars_show_anything_above_nothing(values: tuple[int, ...], most: int, bars: str) -> None:
    assert draw_bars(values, most) == bars
