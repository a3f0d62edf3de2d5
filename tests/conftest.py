"""Fixtures that every package's tests may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from sandbox.server import LocalOrgServer

ROOT = Path(__file__).parent.parent
# A change is judged by its own doing: the same examples each time, however slow the machine.
# `SEED=` looks elsewhere.
settings.register_profile("repeatable", deadline=None, derandomize="SEED" not in os.environ)
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
