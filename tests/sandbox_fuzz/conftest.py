"""The org that the campaigns of a module attack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_fuzz.target import serving


@pytest.fixture(scope="module")
def server() -> Iterator[LocalOrgServer]:
    with serving() as started:
        yield started
