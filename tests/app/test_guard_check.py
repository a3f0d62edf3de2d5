"""`flask doctor` tries whether the org would let a stale write through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from config.settings import Settings
from sandbox.server import LocalOrgServer
from tests.app.conftest import MakeApp
from tests.app.test_commands import answer_of, invoke
from tests.sfsync.drifting import admin, org, remodel, server
from tests.sfsync.people import Admin
from tests.sfsync.remodelling import Remodeller

__all__ = ["admin", "org", "remodel", "server"]

Cli = Callable[..., Result]
SAFE = "the org refuses writes that missed an edit by hand"


@pytest.fixture
def cli(make_app: MakeApp, settings: Settings) -> Cli:
    """Runs one command as a process of its own."""
    return lambda *arguments: invoke(make_app(settings), *arguments)


@pytest.fixture
def account(admin: Admin, cli: Cli) -> str:
    """An account that the replica knows."""
    record_id = admin.create("Account", Name="Meble", External_Id__c="A-1")
    admin.wait(minutes=2)
    cli("sync", "pull")
    return record_id


def guard(cli: Cli) -> dict[str, Any]:
    findings = answer_of(cli("doctor", "--json"))
    (found,) = [each for each in findings if each["subject"] == "sync guard"]
    return dict(found)


def accounts(org: LocalOrgServer) -> list[dict[str, Any]]:
    actor = org.org.actor(str(org.org.find_user("admin@manufaktura.example")))
    text = "SELECT Id, Name, Sync_Write__c, SystemModstamp FROM Account"
    return [dict(row) for row in org.org.query(actor, text).records]


def test_the_guard_is_tried_and_nothing_is_saved_by_that(
    org: LocalOrgServer, cli: Cli, account: str, admin: Admin
) -> None:
    before = accounts(org)
    admin.wait(minutes=1)

    assert (guard(cli)["is_ok"], guard(cli)["detail"]) == (True, SAFE)
    assert accounts(org) == before


def test_without_the_permission_every_write_would_go_through_and_the_doctor_says_so(
    org: LocalOrgServer, cli: Cli, account: str, admin: Admin, remodel: Remodeller
) -> None:
    remodel.withdraw_permission("Back_Office_Sync")
    before = accounts(org)
    admin.wait(minutes=1)

    found = guard(cli)

    assert found["is_ok"] is False
    assert found["detail"] == (
        "a change of a deleted Account would be saved: the sync guard does not refuse it;"
        " a stale change of Account would be saved: the sync guard does not refuse it"
    )
    assert "Manufaktura_Integration" in found["remedy"]
    assert accounts(org) == before


def test_a_rule_that_is_switched_off_is_named_by_what_it_lets_through(
    cli: Cli, account: str, remodel: Remodeller
) -> None:
    remodel.switch_off("Account", "Sync_Saw_Latest_Version")

    assert guard(cli)["detail"] == (
        "a stale change of Account would be saved: the sync guard does not refuse it"
    )


def test_an_org_without_the_field_is_not_called_safe(
    cli: Cli, account: str, remodel: Remodeller
) -> None:
    remodel.grant("Account", "Sync_Write__c")

    found = guard(cli)

    assert found["is_ok"] is False
    assert "was refused before the sync guard could: INVALID_FIELD" in found["detail"]
