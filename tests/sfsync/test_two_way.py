"""Random edits on both sides: nobody is overwritten silently, no clash is kept back, no echo."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine

from sandbox.server import LocalOrgServer
from tests.sfsync.people import Admin
from tests.sfsync.two_way import Market

SEED = int(os.environ.get("SEED", "1"))


def live(seed: int, edits: int, org: LocalOrgServer, sf: Salesforce, engine: Engine) -> Market:
    admin = Admin(org)
    admin.at(datetime(2026, 5, 4, 12, 0, tzinfo=UTC))
    market = Market(seed, admin, sf, engine)
    market.live(edits)
    return market


def test_two_hundred_edits_of_both_sides_are_merged_or_told(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    market = live(SEED, 200, org, sf, engine)

    assert min(market.counts[name] for name in ("merged", "clashes", "no change")) > 0


@pytest.mark.slow
def test_ten_thousand_edits_of_both_sides_are_merged_or_told(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    market = live(SEED, 10_000, org, sf, engine)

    print(dict(market.counts))
    assert market.counts["edits"] >= 10_000
