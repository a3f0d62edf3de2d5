"""Fixtures that every package's tests may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import RestClient

ROOT = Path(__file__).parent.parent
# The same examples each time, so that a change is judged by its own doing; `SEED=` looks elsewhere.
# A busy machine is slow, not wrong, so no example fails for the time that it takes.
settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize="SEED" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def local_org_server() -> Iterator[LocalOrgServer]:
    """A local org with this project's own metadata, on free ports, for the whole session.

    Ask for `org` instead: it is this server, emptied for the test.
    """
    with LocalOrgServer([ROOT / "salesforce"]) as server:
        yield server


@pytest.fixture
def org(local_org_server: LocalOrgServer) -> LocalOrgServer:
    """The local org as on its first day: no data, real time, no faults, counters at zero."""
    local_org_server.reset()
    return local_org_server


@pytest.fixture
def rest(org: LocalOrgServer) -> Iterator[RestClient]:
    """The administrator, by plain HTTP."""
    with RestClient(org, "admin@manufaktura.example") as client:
        yield client
