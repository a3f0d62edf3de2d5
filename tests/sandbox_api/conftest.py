"""Further callers of the local org's APIs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import RestClient


@pytest.fixture
def loader(org: LocalOrgServer) -> Iterator[RestClient]:
    """The user whose permission bypasses the rules meant for daily work."""
    with RestClient(org, "loader@manufaktura.example") as client:
        yield client
