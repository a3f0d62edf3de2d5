from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import RestClient


@pytest.fixture
def rest(org: LocalOrgServer) -> Iterator[RestClient]:
    """The administrator, by plain HTTP."""
    with RestClient(org, "admin@manufaktura.example") as client:
        yield client
