"""E36: an integration user who lost a right stops the selection; no order is cancelled for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner

from app import create_app
from config.settings import Settings
from sandbox.org.schema import PermissionSet
from sandbox.server import LocalOrgServer
from tests.control import control, seed
from tests.sandbox_api.clients import RestClient

ADMIN = "admin@manufaktura.example"
INTEGRATION = "integration@manufaktura.example"
NAME = "Manufaktura_Integration"


@pytest.fixture
def cli(org: LocalOrgServer, tmp_path: Path) -> Iterator[FlaskCliRunner]:
    settings = Settings.from_env(
        {"SALESFORCE_URL": org.url, "DATABASE_URL": f"sqlite:///{tmp_path}/backoffice.db"}
    )
    app = create_app(settings)
    app.test_cli_runner().invoke(args=["db", "upgrade"])
    yield app.test_cli_runner()
    app.extensions["runtime"].engine.dispose()


@pytest.fixture
def due_order(org: LocalOrgServer) -> str:
    """An order whose last day was yesterday, with one proposal that would win."""
    control(org, "POST", "clock", {"now": "2025-03-11T07:00:00+01:00", "frozen": True})
    records = [
        a_record("Account", "hd", Name="Aurora", RecordType=a_type("Hardware_Designer")),
        a_record(
            "Account",
            "m",
            Name="Fabryka",
            RecordType=a_type("Manufacturer"),
            Qualification_Status__c="Qualified",
        ),
        a_record(
            "Order",
            "o",
            AccountId="@hd",
            Status="AWAITING PROPOSALS",
            EffectiveDate="2025-03-10",
            External_Id__c="RFP-1",
        ),
        a_record(
            "Order_Proposal__c",
            "p",
            Order__c="@o",
            Manufacturer__c="@m",
            Price__c=100,
            Submitted_At__c="2025-03-05T10:00:00Z",
        ),
    ]
    return str(seed(org, records)["o"])


def a_record(name: str, reference: str, **values: object) -> dict[str, object]:
    return {"attributes": {"type": name, "referenceId": reference}, **values}


def a_type(name: str) -> dict[str, str]:
    return {"DeveloperName": name}


@contextmanager
def granting(server: LocalOrgServer, changed: PermissionSet) -> Iterator[None]:
    """The org as if this version of the permission set had been deployed."""
    known = server.org.schema.permission_sets
    before = known[NAME]
    try:
        known[NAME] = changed
        server.org.core.users.forget()
        yield
    finally:
        known[NAME] = before
        server.org.core.users.forget()


def without_object(permission_set: PermissionSet, name: str) -> PermissionSet:
    kept = {key: words for key, words in permission_set.objects.items() if key != name}
    return replace(permission_set, objects=kept)


def without_field(permission_set: PermissionSet, name: str) -> PermissionSet:
    kept = {key: words for key, words in permission_set.fields.items() if key != name}
    return replace(permission_set, fields=kept)


def status_of(org: LocalOrgServer, order: str) -> object:
    actor = org.org.actor(org.org.find_user(ADMIN) or "")
    return org.org.retrieve(actor, "Order", order, ["Status"])["Status"]


def test_with_all_its_rights_the_selection_awards_the_order(
    org: LocalOrgServer, cli: FlaskCliRunner, due_order: str
) -> None:
    result = cli.invoke(args=["select", "run"])

    assert result.exit_code == 0, result.output
    assert status_of(org, due_order) == "MANUFACTURER SELECTED"


def test_without_read_on_proposals_the_preflight_fails_and_no_order_is_cancelled(
    org: LocalOrgServer, cli: FlaskCliRunner, due_order: str
) -> None:
    granted = org.org.schema.permission_sets[NAME]

    with granting(org, without_object(granted, "Order_Proposal__c")):
        result = cli.invoke(args=["select", "run"])

    assert result.exit_code == 4
    assert "object Order_Proposal__c is missing or not visible" in result.stderr
    assert status_of(org, due_order) == "AWAITING PROPOSALS"


@pytest.mark.parametrize("field", ["Status__c", "Submitted_At__c", "Valid_Until__c"])
def test_without_read_on_one_field_of_proposals_the_preflight_names_it(
    org: LocalOrgServer, cli: FlaskCliRunner, due_order: str, field: str
) -> None:
    granted = org.org.schema.permission_sets[NAME]

    with granting(org, without_field(granted, f"Order_Proposal__c.{field}")):
        result = cli.invoke(args=["select", "run"])

    assert result.exit_code == 4
    assert f"field Order_Proposal__c.{field} is missing or not visible" in result.stderr
    assert status_of(org, due_order) == "AWAITING PROPOSALS"


def test_a_permission_set_that_an_admin_took_away_stops_the_selection(
    org: LocalOrgServer, cli: FlaskCliRunner, due_order: str
) -> None:
    with RestClient(org, ADMIN) as admin:
        (row,) = admin.query(
            "SELECT Id FROM PermissionSetAssignment WHERE PermissionSet.Name = "  # noqa: S608
            f"'{NAME}' AND Assignee.Username = '{INTEGRATION}'"
        )
        admin.delete(f"sobjects/PermissionSetAssignment/{row['Id']}")

    result = cli.invoke(args=["select", "run"])

    assert result.exit_code == 4
    assert "object Order is missing or not visible" in result.stderr
    assert status_of(org, due_order) == "AWAITING PROPOSALS"
