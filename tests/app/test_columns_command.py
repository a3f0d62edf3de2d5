"""`flask sync columns`, `flask doctor` and `flask sync status` about fields that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine

from config.database import create_engine_at, transaction
from config.settings import Settings
from sandbox.org.schema import Field, FieldType
from sandbox.server import LocalOrgServer
from sfsync.replica_reads import load_record
from tests.app.conftest import MakeApp
from tests.app.test_commands import answer_of, invoke
from tests.sfsync.drifting import admin, org, remodel, server
from tests.sfsync.people import Admin
from tests.sfsync.remodelling import Remodeller

__all__ = ["admin", "org", "remodel", "server"]

Cli = Callable[..., Result]

PAYOUT = "Account.Payout_Account__c"
NARROWED = f"{PAYOUT} was string (64) and is now string (20); the column is paused."
AS_OF = "Its values are as of 2026-05-04 12:02:00 UTC."
PLACES = Field("Places__c", FieldType.NUMBER, label="Places", precision=18, scale=2)


@pytest.fixture
def cli(make_app: MakeApp, settings: Settings) -> Cli:
    """Runs one command as a process of its own."""
    return lambda *arguments: invoke(make_app(settings), *arguments)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """The database of the commands."""
    engine = create_engine_at(settings.database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def account(admin: Admin, cli: Cli) -> str:
    """An account that a first pull has read."""
    record_id = admin.create("Account", Name="Meble", Payout_Account__c="PL61")
    admin.wait(minutes=2)
    cli("sync", "pull")
    admin.wait(minutes=5)
    return record_id


@pytest.fixture
def narrowed(account: str, admin: Admin, cli: Cli, remodel: Remodeller) -> str:
    """The same, with a field that holds less than before and has another value by now."""
    remodel.alter("Account", "Payout_Account__c", length=20)
    admin.change("Account", account, Payout_Account__c="DE89")
    cli("sync", "pull")
    return account


def row_of(engine: Engine, record_id: str) -> dict[str, Any]:
    with transaction(engine) as session:
        row = load_record(session, "Account", record_id)
    assert row is not None
    return row


def columns(cli: Cli) -> dict[str, dict[str, Any]]:
    found = answer_of(cli("sync", "columns", "--json"))["columns"]
    return {each["name"]: each for each in found}


def test_columns_says_so_when_nothing_was_compared_yet(org: LocalOrgServer, cli: Cli) -> None:
    result = cli("sync", "columns")

    assert (result.exit_code, result.stdout) == (
        0,
        "No pull has compared the org's fields yet.\n",
    )


def test_columns_lists_what_is_mirrored_and_how(
    cli: Cli, admin: Admin, remodel: Remodeller, account: str
) -> None:
    remodel.add("Account", PLACES)
    cli("sync", "pull")

    result = cli("sync", "columns")

    lines = result.stdout.splitlines()
    assert f"{PAYOUT}: active, string (64)" in lines
    assert "Account.Places__c: active, double (18, 2), by its name in extra" in lines
    assert columns(cli)["Account.Places__c"] == {
        "name": "Account.Places__c",
        "state": "active",
        "stands_in": "extra",
        "type": "double (18, 2)",
        "label": "Places",
        "reason": None,
        "remedy": None,
        "paused_at": None,
        "as_of": None,
        "will_be_read": False,
    }


def test_status_and_doctor_name_the_field_what_it_was_and_is_and_the_remedy(
    cli: Cli, narrowed: str
) -> None:
    remedy = (
        "Undo the change in the org, and it resumes by itself; or accept it:"
        f" `flask sync columns resume {PAYOUT}`."
    )

    status = cli("sync", "status")
    found = answer_of(cli("sync", "status", "--json"))
    doctor = cli("doctor")

    assert f"  paused: {NARROWED} {AS_OF} {remedy}" in status.stdout.splitlines()
    assert found["columns"] == [
        {"name": PAYOUT, "state": "paused", "message": f"{NARROWED} {AS_OF}", "remedy": remedy}
    ]
    assert f"PROBLEM columns: {NARROWED} {AS_OF} — {remedy}" in doctor.stdout.splitlines()
    assert doctor.exit_code == 1


def test_the_doctor_sees_what_no_pull_has_noted_and_changes_nothing(
    cli: Cli, remodel: Remodeller, account: str
) -> None:
    before = columns(cli)
    remodel.alter("Account", "Payout_Account__c", length=20)

    found = answer_of(cli("doctor", "--json"))

    assert [each["detail"] for each in found if each["subject"] == "columns"] == [NARROWED]
    assert columns(cli) == before


def test_the_doctor_is_content_with_an_org_that_did_not_change(cli: Cli, account: str) -> None:
    found = answer_of(cli("doctor", "--json"))

    assert [each for each in found if each["subject"] == "columns"] == [
        {
            "subject": "columns",
            "is_ok": True,
            "detail": "the replica reads and writes all of its fields",
            "remedy": "",
        }
    ]


def test_a_narrowed_field_that_is_accepted_is_read_again(
    cli: Cli, engine: Engine, narrowed: str
) -> None:
    assert row_of(engine, narrowed)["payout_account"] == "PL61"
    rehearsal = cli("sync", "columns", "resume", PAYOUT, "--dry-run")
    assert columns(cli)[PAYOUT]["state"] == "paused"

    result = cli("sync", "columns", "resume", PAYOUT)

    assert rehearsal.stdout == f"{PAYOUT} would be accepted as string (20).\n"
    assert (result.exit_code, result.stdout) == (0, f"{PAYOUT} is accepted as string (20).\n")
    assert columns(cli)[PAYOUT]["will_be_read"]
    cli("sync", "pull")
    assert row_of(engine, narrowed)["payout_account"] == "DE89"
    assert answer_of(cli("sync", "status", "--json"))["columns"] == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Account.Name", "Error: Account.Name is active: there is nothing to accept."),
        ("Account.Nix", "Error: There is no column 'Account.Nix'. See `flask sync columns`."),
        ("Nix", "Error: There is no column 'Nix'. See `flask sync columns`."),
    ],
)
def test_there_is_nothing_to_accept_about_a_field_that_did_not_change(
    cli: Cli, account: str, name: str, message: str
) -> None:
    result = cli("sync", "columns", "resume", name)

    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, message)


def test_a_field_that_is_gone_cannot_be_accepted(
    cli: Cli, remodel: Remodeller, account: str
) -> None:
    remodel.grant("Account", "Payout_Account__c")
    cli("sync", "pull")

    result = cli("sync", "columns", "resume", PAYOUT)

    assert result.exit_code == 1
    assert f"It cannot be accepted: {PAYOUT} is missing or not visible" in result.stderr
    assert columns(cli)[PAYOUT]["state"] == "paused"


def test_a_field_of_the_orgs_own_that_is_gone_for_good_is_forgotten(
    cli: Cli, engine: Engine, admin: Admin, remodel: Remodeller, account: str
) -> None:
    remodel.add("Account", PLACES)
    admin.change("Account", account, Places__c="7")
    cli("sync", "pull")
    refused = cli("sync", "columns", "forget", "Account.Places__c")
    assert "Account.Places__c is still there" in refused.stderr
    remodel.drop("Account", "Places__c")
    cli("sync", "pull")
    assert row_of(engine, account)["extra"] == {"Places__c": 7}

    rehearsal = cli("sync", "columns", "forget", "Account.Places__c", "--dry-run")
    assert row_of(engine, account)["extra"] == {"Places__c": 7}
    result = cli("sync", "columns", "forget", "Account.Places__c")

    assert rehearsal.stdout == "Account.Places__c would be dropped from 1 rows.\n"
    assert result.stdout == "Account.Places__c is dropped from 1 rows.\n"
    assert row_of(engine, account)["extra"] == {}
    assert "Account.Places__c" not in columns(cli)


def test_a_column_of_the_mapping_is_not_forgotten(cli: Cli, narrowed: str) -> None:
    result = cli("sync", "columns", "forget", PAYOUT)

    assert result.exit_code == 1
    assert f"{PAYOUT} is a column of ours" in result.stderr
    assert columns(cli)[PAYOUT]["state"] == "paused"
