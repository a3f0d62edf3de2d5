"""The command line: answers, exit codes and remedies."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import click
import pytest
from click.testing import Result
from flask import Flask

from app import COMMAND_MODULES
from config.clock import ClockUnavailable
from config.database import transaction
from config.parsing import ROOT
from config.schema import SchemaOutdated, is_current
from config.settings import Settings, SettingsError
from jobs.commands import exit_code_for
from sandbox.server import LocalOrgServer
from sfsync.errors import (
    OutcomeUnknown,
    RecordChanged,
    SalesforceAuthFailed,
    SalesforceUnavailable,
)
from sfsync.outbox import enqueue
from tests.app.conftest import MakeApp
from tests.control import add_fault, control, counted_calls, seed


def invoke(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=list(arguments))


def answer_of(result: Result) -> Any:
    return json.loads(result.stdout)


def note(app: Flask, key: str, **values: object) -> None:
    invoke(app, "db", "upgrade")
    with transaction(app.extensions["runtime"].engine) as session:
        enqueue(session, "Account", key, {"Name": key, **values}, "orders.xlsx row 7")


def a_record(org: LocalOrgServer) -> None:
    seed(org, [{"attributes": {"type": "Account"}, "Name": "Ada"}])


def test_pull_says_what_it_read_and_up_to_when(app: Flask, org: LocalOrgServer) -> None:
    control(org, "POST", "clock", {"now": "2026-05-04T12:00:00+00:00", "frozen": True})
    a_record(org)

    result = invoke(app, "sync", "pull")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        (
            "Account: 1 read, 1 inserted, 0 updated, 0 deleted, 0 unchanged;"
            " complete up to 2026-05-04 12:00:00 UTC"
        ),
        (
            "Order: 0 read, 0 inserted, 0 updated, 0 deleted, 0 unchanged;"
            " complete up to 2026-05-04 12:00:00 UTC"
        ),
        (
            "Order_Proposal__c: 0 read, 0 inserted, 0 updated, 0 deleted, 0 unchanged;"
            " complete up to 2026-05-04 12:00:00 UTC"
        ),
        "1 API calls (org: 1 of 100000 in 24 h)",
    ]


def test_the_answer_for_a_program_is_one_json_document(app: Flask, org: LocalOrgServer) -> None:
    a_record(org)

    found = answer_of(invoke(app, "sync", "pull", "--json"))

    assert found["api_calls"] == 1
    assert found["objects"]["Account"]["inserted"] == 1
    assert answer_of(invoke(app, "sync", "pull", "--full", "--json"))["objects"]["Account"] == {
        "read": 1,
        "inserted": 0,
        "updated": 0,
        "deleted": 0,
        "unchanged": 1,
        "complete_up_to": answer_of(invoke(app, "sync", "status", "--json"))["objects"][0][
            "complete_up_to"
        ],
    }


def test_a_rehearsal_of_a_pull_stores_nothing(app: Flask, org: LocalOrgServer) -> None:
    a_record(org)

    found = answer_of(invoke(app, "sync", "pull", "--dry-run", "--json"))

    assert found == {"would_read": {"Account": 1, "Order": 0, "Order_Proposal__c": 0}}
    assert answer_of(invoke(app, "sync", "status", "--json"))["objects"][0]["rows"] == 0


def test_push_ends_with_1_when_the_org_refused_something(app: Flask, org: LocalOrgServer) -> None:
    note(app, "A-1")
    note(app, "A-2", CurrencyIsoCode="XXX")

    result = invoke(app, "sync", "push")

    assert result.exit_code == 1
    assert "1 sent (1 created" in result.stdout
    assert "Account A-2 (rejected, orders.xlsx row 7)" in result.stdout
    assert "[CurrencyIsoCode] Choose a value of the picklist" in result.stdout


def test_a_push_without_refusals_ends_with_0(app: Flask, org: LocalOrgServer) -> None:
    note(app, "A-1")

    result = invoke(app, "sync", "push", "--json")

    assert result.exit_code == 0
    assert answer_of(result)["created"] == 1


def test_a_rehearsal_of_a_push_sends_nothing(app: Flask, org: LocalOrgServer) -> None:
    note(app, "A-1")

    assert answer_of(invoke(app, "sync", "push", "--dry-run", "--json")) == {
        "would_send": {"Account": 1}
    }
    assert counted_calls(org) == 0


def test_rebuild_reads_everything_anew_and_leaves_the_outbox_alone(
    app: Flask, org: LocalOrgServer
) -> None:
    a_record(org)
    note(app, "A-7")
    invoke(app, "sync", "pull")

    rehearsed = answer_of(invoke(app, "sync", "rebuild", "--dry-run", "--json"))
    rebuilt = answer_of(invoke(app, "sync", "rebuild", "--json"))

    assert rehearsed == {"would_read": {"Account": 1, "Order": 0, "Order_Proposal__c": 0}}
    assert rebuilt["objects"]["Account"]["inserted"] == 1
    status = answer_of(invoke(app, "sync", "status", "--json"))["objects"][0]
    assert (status["rows"], status["outbox"]) == (1, {"pending": 1})


def test_status_says_who_vouches_for_completeness(app: Flask, org: LocalOrgServer) -> None:
    control(org, "POST", "clock", {"now": "2026-05-04T12:00:20+00:00", "frozen": True})
    invoke(app, "sync", "pull")

    result = invoke(app, "sync", "status")

    assert result.stdout.splitlines()[0] == (
        "Account: 0 rows, 0 deleted, complete up to 2026-05-04 12:00:00 UTC"
        " (the org's word at 12:00:20: nothing older can still appear;"
        " newer rows read up to 12:00:20); outbox: empty"
    )


def test_status_says_how_fresh_formulas_are(app: Flask, org: LocalOrgServer) -> None:
    control(org, "POST", "clock", {"now": "2026-05-04T12:00:20+00:00", "frozen": True})
    invoke(app, "sync", "pull")

    result = invoke(app, "sync", "status")

    accounts, orders, proposals, *_ = result.stdout.splitlines()
    assert "formulas" not in accounts
    assert "; formulas as of 2026-05-04 12:00:20 UTC; outbox: empty" in orders
    assert "; formulas as of 2026-05-04 12:00:20 UTC; outbox: empty" in proposals


def test_status_needs_no_org(app: Flask, org: LocalOrgServer) -> None:
    note(app, "A-1")

    result = invoke(app, "sync", "status")

    assert result.exit_code == 0
    assert "Account: 0 rows, 0 deleted, never pulled; outbox: 1 pending" in result.stdout
    assert counted_calls(org) == 0


@pytest.mark.parametrize("command", [["sync", "pull"], ["sync", "push"]])
def test_an_org_that_is_down_ends_a_command_with_3_and_a_remedy(
    make_app: MakeApp, settings: Settings, command: list[str]
) -> None:
    app = make_app(replace(settings, salesforce_url="http://127.0.0.1:9"))

    result = invoke(app, *command)

    assert result.exit_code == 3
    assert "http://127.0.0.1:9 does not answer" in result.stderr
    assert "make up" in result.stderr
    assert "Traceback" not in result.output


def test_a_login_that_is_refused_ends_a_command_with_2(
    make_app: MakeApp, settings: Settings
) -> None:
    wrong = replace(settings, salesforce_client_id="x", salesforce_client_secret="hunter2")

    result = invoke(make_app(wrong), "sync", "pull")

    assert result.exit_code == 2
    assert "Correct SALESFORCE_CLIENT_ID" in result.stderr
    assert "hunter2" not in result.output


def test_a_session_that_expired_during_a_command_is_nothing_to_notice(
    app: Flask, org: LocalOrgServer
) -> None:
    add_fault(org, action="expire_session", path="/composite/batch", times=1)

    assert invoke(app, "sync", "pull").exit_code == 0


def test_a_given_token_that_expired_ends_a_command_with_2(
    make_app: MakeApp, settings: Settings, org: LocalOrgServer
) -> None:
    app = make_app(replace(settings, salesforce_access_token="00D000000000000!stale"))

    result = invoke(app, "sync", "pull")

    assert result.exit_code == 2
    assert "SALESFORCE_ACCESS_TOKEN" in result.stderr
    assert "stale" not in result.output


def test_an_org_without_our_fields_ends_a_pull_with_1(app: Flask, org: LocalOrgServer) -> None:
    missing = [{"errorCode": "INVALID_FIELD", "message": "No such column 'Budget__c'"}]
    add_fault(org, action="status", status=400, body=missing, path="/batch")

    result = invoke(app, "sync", "pull")

    assert result.exit_code == 1
    assert "Deploy salesforce/" in result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError(["X: y"]), 2),
        (SchemaOutdated("x"), 2),
        (SalesforceAuthFailed("x"), 2),
        (SalesforceUnavailable("x"), 3),
        (OutcomeUnknown("x"), 3),
        (ClockUnavailable("x"), 3),
        (RecordChanged("x"), 1),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: Exception, code: int) -> None:
    assert exit_code_for(error) == code


def test_doctor_finds_the_local_org_in_order(app: Flask, org: LocalOrgServer) -> None:
    result = invoke(app, "doctor")

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "ok      settings",
        "ok      database",
        "ok      API version",
        "ok      login",
        "ok      user's time zone",
        "ok      clock",
        "ok      configuration",
        "ok      columns",
        "ok      sync guard",
        "ok      API calls",
        "ok      API budget",
    ]


def test_doctor_names_every_problem_with_its_remedy(app: Flask, org: LocalOrgServer) -> None:
    org.org.update(
        org.org.actor(str(org.org.find_user("admin@manufaktura.example"))),
        "User",
        str(org.org.find_user("integration@manufaktura.example")),
        {"TimeZoneSidKey": "America/New_York"},
    )

    result = invoke(app, "doctor", "--json")

    assert result.exit_code == 1
    (problem,) = [finding for finding in answer_of(result) if not finding["is_ok"]]
    assert problem["subject"] == "user's time zone"
    assert "America/New_York" in problem["detail"]
    assert "Setup > Users" in problem["remedy"]


def test_doctor_goes_on_without_the_org(make_app: MakeApp, settings: Settings) -> None:
    result = invoke(make_app(replace(settings, salesforce_url="http://127.0.0.1:9")), "doctor")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[1].startswith("ok      database")
    assert result.stdout.splitlines()[2].startswith("PROBLEM org: The org at http://127.0.0.1:9")


def test_doctor_says_which_version_an_org_offers(
    make_app: MakeApp, settings: Settings, org: LocalOrgServer
) -> None:
    result = invoke(make_app(replace(settings, salesforce_api_version="99.0")), "doctor")

    assert result.exit_code == 1
    assert "PROBLEM API version: the org does not offer 99.0" in result.stdout


def test_db_upgrade_and_status(app: Flask, settings: Settings) -> None:
    assert invoke(app, "db", "status").exit_code == 1
    assert invoke(app, "db", "upgrade").exit_code == 0
    assert invoke(app, "db", "status").exit_code == 0
    assert is_current(app.extensions["runtime"].engine)


def test_commands_on_postgres_ask_for_the_release_step(
    make_app: MakeApp, settings: Settings, postgres_url: str
) -> None:
    app = make_app(replace(settings, database_url=postgres_url))

    result = invoke(app, "sync", "status")

    assert result.exit_code == 2
    assert "flask db upgrade" in result.stderr


def test_every_command_is_found_under_its_noun(app: Flask) -> None:
    ctx = click.Context(app.cli)
    found = {
        f"{noun} {verb}".strip()
        for noun in app.cli.list_commands(ctx)
        for command in [app.cli.get_command(ctx, noun)]
        for verb in (command.list_commands(ctx) if isinstance(command, click.Group) else [""])
    }
    groups = [importlib.import_module(module).group for module in COMMAND_MODULES]

    assert {"db upgrade", "doctor", "sync pull", "sync why"} <= found
    assert found == {
        f"{group.name} {verb}".strip()
        for group in groups
        for verb in getattr(group, "commands", [""])
    }
    assert app.cli.get_command(ctx, "nonsense") is None


def test_a_command_of_a_noun_is_found_in_any_of_its_modules(app: Flask) -> None:
    assert "Usage: " in invoke(app, "sync", "why", "--help").output
    assert invoke(app, "sync", "nonsense").exit_code == 2


def run_flask(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_flask_finds_the_application_by_itself(org: LocalOrgServer, tmp_path: Any) -> None:
    done = run_flask(
        "sync",
        "pull",
        "--json",
        SALESFORCE_URL=org.tls_url,
        SALESFORCE_CA=str(org.ca),
        REQUESTS_CA_BUNDLE="/nonexistent/ca.pem",
        DATABASE_URL=f"sqlite:///{tmp_path}/x.db",
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["api_calls"] == 1
    assert all(json.loads(line)["level"] for line in done.stderr.splitlines())


def test_wrong_settings_are_a_message_and_not_a_traceback(tmp_path: Any) -> None:
    done = run_flask("sync", "pull", SELECTION_TIME="7am", BUSINESS_TIMEZONE="Warsaw")

    assert done.returncode == 2
    assert "2 settings need attention" in done.stderr
    assert "BUSINESS_TIMEZONE: 'Warsaw'" in done.stderr
    assert "SELECTION_TIME: '7am'" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_no_token_or_secret_is_ever_printed_or_logged(org: LocalOrgServer, tmp_path: Any) -> None:
    environ = {
        "SALESFORCE_URL": org.url,
        "DATABASE_URL": f"sqlite:///{tmp_path}/x.db",
        "LOG_LEVEL": "DEBUG",
    }
    printed = ""
    for command in (["doctor"], ["sync", "pull"], ["sync", "push"], ["sync", "status", "--json"]):
        done = run_flask(*command, **environ)
        printed += done.stdout + done.stderr

    assert "sandbox-secret" not in printed
    assert "Bearer" not in printed
    assert org.token_for("integration@manufaktura.example").split("!")[1] not in printed
