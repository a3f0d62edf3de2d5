"""In a life of edits, late commits, faults and kills there is no drift to find, and none is found.

A comparison that cries wolf is not believed when the wolf comes, and what it heals the wrong way is
lost. So it runs in the midst of everything, and people edit between its steps.
"""

from __future__ import annotations

import os
import time

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, delete, select

from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync import descent, exports, keyset, loading, scanning
from sfsync.drift import Drift, Reconciliation
from sfsync.errors import SalesforceRetryable
from sfsync.mapping import MAPPINGS
from sfsync.pull import forget, pull
from sfsync.reconcile import reconcile
from tests.control import control
from tests.sfsync.simulation import Killed, World, differences, killing
from tests.sfsync.test_pull import in_org, replica

STEPS = 50
SEEDS = int(os.environ.get("SEEDS", "40"))


class AuditedWorld(World):
    """A world whose replica is compared with its org now and then."""

    runs = 0  #: comparisons that came to their end

    def live(self, steps: int) -> None:
        for _ in range(steps):
            if self.die.random() < 0.15:
                self._reconcile()
            else:
                super().live(1)

    def _reconcile(self) -> None:
        self._arm()
        every_field = self.die.random() < 0.5
        with killing(self.engine, self._moment_of_death()):
            try:
                reconcile(self.sf, self.engine, every_field=every_field, pause=self._meddle)
                self.runs += 1
            except (SalesforceRetryable, Killed):
                pass
        control(self.org, "DELETE", "faults")

    def _meddle(self) -> None:
        """What other people, and another worker's pull, do between two steps."""
        while self.die.random() < 0.3:
            edits = (self._add, self._edit, self._delete, self._undelete, self._erase)
            self.die.choice((*edits, lambda: self.admin.wait(minutes=2), self._pull_beside))()

    def _pull_beside(self) -> None:
        pull(self.sf, self.engine)


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows make many pages, and every other reading is an export."""
    monkeypatch.setattr(keyset, "PAGE_SIZE", 4)
    monkeypatch.setattr(exports, "PAGE_ROWS", 7)
    monkeypatch.setattr(exports, "ONE_PAGE_ROWS", 7)
    monkeypatch.setattr(exports, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(loading, "is_export_cheaper", lambda rows, **_: rows % 2 == 0)
    for reader in (scanning, descent):
        monkeypatch.setattr(reader, "is_export_cheaper", lambda rows, _spans=1: rows % 2 == 0)


def play(seed: int, org: LocalOrgServer, sf: Salesforce, engine: Engine) -> list[str]:
    """What was called drift in one seed's life, and what differs at its end."""
    world = AuditedWorld(seed, org, sf, engine)
    world.live(STEPS)
    world.settle()
    last = reconcile(sf, engine, every_field=True)
    with transaction(engine) as session:
        entries = session.scalars(select(Drift)).all()
        false = [f"{e.sobject} {e.salesforce_id} {e.field} {e.kind}: {e.cause}" for e in entries]
    ours = {mapping.sobject: replica(engine, mapping.sobject) for mapping in MAPPINGS}
    theirs = {mapping.sobject: in_org(sf, mapping.sobject) for mapping in MAPPINGS}
    return [*false, *differences(ours, theirs), *(["no run"] if last.run_id is None else [])]


def empty(engine: Engine) -> None:
    forget(engine)
    with transaction(engine) as session:
        session.execute(delete(Drift))
        session.execute(delete(Reconciliation))


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_called_drift_in_a_life_of_trouble(
    seed: int, org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    assert play(seed, org, sf, engine) == []


@pytest.mark.slow
def test_nothing_is_called_drift_for_many_seeds(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    deadline_s = time.monotonic() + float(os.environ.get("BUDGET", "20")) * 60 / 2
    for seed in range(2000, 2000 + SEEDS):
        org.reset()
        empty(engine)
        assert play(seed, org, sf, engine) == [], f"seed {seed}"
        if time.monotonic() >= deadline_s:
            pytest.skip(f"seeds up to {seed} fitted into BUDGET minutes")
