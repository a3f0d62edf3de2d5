"""The stage of the acceptance tests: a market on Tuesday 2025-03-11 at 07:00, and our side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.database import create_engine_at
from config.schema import upgrade_schema
from sandbox.server import LocalOrgServer
from tests.acceptance.backoffice import BackOffice
from tests.acceptance.builders import TUESDAY, a_designer, a_maker, a_proposal, an_order
from tests.acceptance.market import Market


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    engine = create_engine_at(f"sqlite:///{path}")
    upgrade_schema(engine)
    engine.dispose()
    return path


def open_market(server: LocalOrgServer) -> Market:
    """A market with a hardware designer `hd` and the manufacturers `m1`, `m2`, `m3`."""
    market = Market(server)
    market.at(f"{TUESDAY} 07:00")
    market.seed(a_designer(), *(a_maker(ref) for ref in ("m1", "m2", "m3")))
    return market


@pytest.fixture
def market(org: LocalOrgServer) -> Iterator[Market]:
    with open_market(org) as market:
        yield market


@pytest.fixture
def office(market: Market, empty_database: Path, tmp_path: Path) -> BackOffice:
    return BackOffice(market, tmp_path, empty_database)


@pytest.fixture
def two_tenders(market: Market) -> None:
    """Order o1 with two proposals and a paid deposit, and o2 beside it with one."""
    market.seed(
        an_order("o1", Deposit_Status__c="Paid"),
        a_proposal("p1", "m1", "900"),
        a_proposal("p2", "m2", "1000"),
        an_order("o2"),
        a_proposal("p3", "m3", "500", order="o2"),
    )
