"""Fixtures with an org whose fields change; a test module imports those that it uses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine

from config.database import transaction
from config.settings import Settings
from sandbox.server import LocalOrgServer
from sfsync.client import connect
from sfsync.pull import PullReport, pull
from sfsync.schema import Trouble, find_troubles
from tests.sfsync.people import Admin
from tests.sfsync.remodelling import Remodeller

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[LocalOrgServer]:
    """A local org of its own: its fields change."""
    with LocalOrgServer([Path(__file__).parents[2] / "salesforce"]) as server:
        yield server


@pytest.fixture
def remodel(server: LocalOrgServer) -> Iterator[Remodeller]:
    """The admin who changes fields; they are what they were after the test."""
    server.reset()
    remodeller = Remodeller(server)
    yield remodeller
    server.reset()
    remodeller.restore()


@pytest.fixture
def org(server: LocalOrgServer, remodel: Remodeller) -> LocalOrgServer:
    return server


@pytest.fixture
def admin(org: LocalOrgServer) -> Admin:
    """The administrator, at noon of a quiet day."""
    admin = Admin(org)
    admin.at(NOON)
    return admin


@pytest.fixture
def account(admin: Admin, sf: Salesforce, engine: Engine) -> str:
    """An account that a first pull has read."""
    record_id = admin.create(
        "Account", Name="Meble", External_Id__c="A-1", Rating__c="4.5", Payout_Account__c="PL61"
    )
    admin.wait(minutes=2)
    pull(sf, engine)
    admin.wait(minutes=5)
    return record_id


def restarted(settings: Settings, engine: Engine) -> PullReport:
    """The first pull of another process."""
    return pull(connect(settings, sleep=lambda _: None), engine)


def troubles(engine: Engine) -> list[Trouble]:
    with transaction(engine) as session:
        return find_troubles(session)
