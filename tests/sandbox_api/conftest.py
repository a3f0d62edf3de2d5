from __future__ import annotations

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import RestClient


@pytest.fixture
def rest(org: LocalOrgServer) -> RestClient:
    """The administrator, by plain HTTP."""
    with RestClient(org, "admin@manufaktura.example") as client:
        yield client


@pytest.fixture
def loader(org: LocalOrgServer) -> RestClient:
    """The user whose permission bypasses the rules meant for daily work."""
    with RestClient(org, "loader@manufaktura.example") as client:
        yield client
