"""The org that most tests of this folder use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.org.org import Actor, Org
from tests.sandbox_org.builders import an_org, the_user


@pytest.fixture
def org() -> Iterator[Org]:
    org = an_org()
    yield org
    org.close()


@pytest.fixture
def admin(org: Org) -> Actor:
    return the_user(org)
