"""The world in which jobs are tested: one order that is due, at 07:00."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from config.settings import Settings
from jobs.runtime import Runtime, build_runtime
from sandbox.server import LocalOrgServer
from tests.acceptance.builders import a_designer, a_maker, a_proposal, an_order
from tests.acceptance.market import Market
from tests.jobs.builders import local

SEVEN = local("2025-03-11 07:00")


@pytest.fixture
def market(org: LocalOrgServer) -> Iterator[Market]:
    """One order that is due, with one proposal, on a morning at 07:00."""
    with Market(org) as market:
        market.at("2025-03-11 07:00")
        market.seed(a_designer(), a_maker("m1"), an_order(), a_proposal("p1", "m1", "900"))
        yield market


@pytest.fixture
def runtime(market: Market, sqlite: Engine) -> Iterator[Runtime]:
    """A worker's runtime in that world, on a database of its own."""
    database_url = sqlite.url.render_as_string()
    settings = Settings(environment="test", salesforce_url=market.url, database_url=database_url)
    runtime = build_runtime(settings)
    yield runtime
    runtime.engine.dispose()
