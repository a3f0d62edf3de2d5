"""One served org for all client programs, emptied for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.served import ServedOrg, serve_org
from tests.sandbox_api.clients import RestClient


@pytest.fixture(scope="package")
def org_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedOrg]:
    """One org for all clients; `served` is the same, emptied for the test."""
    with serve_org(tmp_path_factory.mktemp("org"), "--metadata", "salesforce") as org:
        yield org


@pytest.fixture
def served(org_process: ServedOrg) -> ServedOrg:
    org_process.reset()
    return org_process


@pytest.fixture
def rest(served: ServedOrg) -> Iterator[RestClient]:
    """The administrator by raw HTTP: the other side of what a client believes."""
    with RestClient(served, "admin@manufaktura.example") as client:
        yield client
