"""Whatever happens to people, org and sync: in the end the replica is the org."""

from __future__ import annotations

import os
import time

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine

from sandbox.server import LocalOrgServer
from sfsync import exports, keyset, loading
from sfsync.mapping import MAPPINGS
from sfsync.pull import forget
from tests.sfsync.simulation import World, differences
from tests.sfsync.test_pull import in_org, replica

STEPS = 60
#: Seeds of one slow run on each database; `SEEDS=` asks for more.
SEEDS = int(os.environ.get("SEEDS", "40"))


def play(seed: int, org: LocalOrgServer, sf: Salesforce, engine: Engine) -> list[str]:
    """The differences at the end of one seed's life."""
    world = World(seed, org, sf, engine)
    world.live(STEPS)
    world.settle()
    ours = {mapping.sobject: replica(engine, mapping.sobject) for mapping in MAPPINGS}
    theirs = {mapping.sobject: in_org(sf, mapping.sobject) for mapping in MAPPINGS}
    return differences(ours, theirs)


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows make many pages, and every other load is an export."""
    monkeypatch.setattr(keyset, "PAGE_SIZE", 4)
    monkeypatch.setattr("sfsync.planning.FEW", 2)
    monkeypatch.setattr(exports, "PAGE_ROWS", 7)
    monkeypatch.setattr(exports, "ONE_PAGE_ROWS", 7)
    monkeypatch.setattr(exports, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(loading, "is_export_cheaper", lambda rows, **_: rows % 2 == 0)


@pytest.mark.parametrize("seed", range(3))
def test_replica_is_the_org_after_a_life_of_trouble(
    seed: int, org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    assert play(seed, org, sf, engine) == []


@pytest.mark.slow
def test_replica_is_the_org_for_many_seeds(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    # Half of the time for each database; the other slow suites run beside this one.
    deadline_s = time.monotonic() + float(os.environ.get("BUDGET", "20")) * 60 / 2
    for seed in range(1000, 1000 + SEEDS):
        org.reset()
        forget(engine)
        assert play(seed, org, sf, engine) == [], f"seed {seed}"
        if time.monotonic() >= deadline_s:
            pytest.skip(f"seeds up to {seed} fitted into BUDGET minutes")
