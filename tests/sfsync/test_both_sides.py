"""Whatever happens to both sides: in the end they agree, and nobody was overwritten in silence.

`SEEDS=n` plays n seeds on SQLite and a quarter as many on PostgreSQL, numbered from 0, so that a
longer run contains the shorter ones. `SEED=n` plays that one alone: a failure prints it, with what
happened last. A seed is a count of steps, never of seconds; when BUDGET is used up, the run ends as
skipped and says how far it came.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Engine, event, inspect, text

from config.settings import Settings
from sandbox.server import LocalOrgServer
from sfsync import exports, keyset, loading
from sfsync.mapping import MAPPINGS
from tests.sfsync.both_oracle import Oracle
from tests.sfsync.both_sides import BothSides
from tests.sfsync.save_log import SaveLog
from tests.sfsync.simulation import differences
from tests.sfsync.test_pull import in_org, replica

STEPS = 30
SEEDS = int(os.environ.get("SEEDS", "400"))
BUDGET_S = float(os.environ.get("BUDGET", "20")) * 60


class Stage:
    """Where seeds are played: one org and one database, emptied for each."""

    def __init__(
        self,
        org: LocalOrgServer,
        settings: Settings,
        engine: Engine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.org, self.settings, self.engine = org, settings, engine
        self.log = SaveLog()
        self.log.listen(org, monkeypatch)
        self.counts: Counter[str] = Counter()
        names = inspect(engine).get_table_names()
        if engine.dialect.name == "sqlite":
            # Processes die here, machines do not: nothing has to reach the disk.
            event.listen(engine, "connect", _write_lazily)
            engine.dispose()
        self._tables = [name for name in names if name != "alembic_version"]

    def play(self, seed: int) -> None:
        """One seed's life; fails with all that is wrong at its end, and what happened last."""
        self._empty()
        world = BothSides(seed, self.org, self.settings, self.engine, self.log)
        try:
            world.live(STEPS)
            world.settle()
            oracle = Oracle(self.log, world.wishes, self.engine)
            ours = {each.sobject: replica(self.engine, each.sobject) for each in MAPPINGS}
            theirs = {each.sobject: in_org(world.sf, each.sobject) for each in MAPPINGS}
            assert [*differences(ours, theirs), *oracle.judge(self.org)] == []
        except Exception:
            print(f"SEED={seed} repeats this. What happened last:", *world.events, sep="\n")
            raise
        self.counts.update(world.counts)
        self.counts["seeds"] += 1
        self.counts["writes"] += len(oracle.rows)
        self.counts["saves of ours"] += sum(saved.is_ours for saved in self.log.saves)
        self.counts["clashes"] += len(oracle.clashes)

    def _empty(self) -> None:
        self.org.reset()
        self.log.begin(self.org)
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "postgresql":
                names = ", ".join(f'"{name}"' for name in self._tables)
                connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
            else:
                for name in self._tables:
                    connection.execute(text(f'DELETE FROM "{name}"'))  # noqa: S608


def _write_lazily(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture
def stage(
    org: LocalOrgServer, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> Stage:
    """A small world: few rows make many pages, and every other load is an export."""
    monkeypatch.setattr(keyset, "PAGE_SIZE", 4)
    monkeypatch.setattr("sfsync.planning.FEW", 2)
    monkeypatch.setattr(exports, "PAGE_ROWS", 7)
    monkeypatch.setattr(exports, "ONE_PAGE_ROWS", 7)
    monkeypatch.setattr(exports, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(loading, "is_export_cheaper", lambda rows, **_: rows % 2 == 0)
    return Stage(org, settings, engine, monkeypatch)


def seeds(engine: Engine) -> range:
    """The seeds of a long run on one database."""
    if "SEED" in os.environ:
        return range(int(os.environ["SEED"]), int(os.environ["SEED"]) + 1)
    return range(SEEDS if engine.dialect.name == "sqlite" else SEEDS // 4)


@pytest.mark.parametrize("seed", range(2))
def test_both_sides_agree_after_a_life_of_trouble(seed: int, stage: Stage) -> None:
    stage.play(seed)


@pytest.mark.slow
def test_both_sides_agree_for_many_seeds(stage: Stage) -> None:
    wanted = seeds(stage.engine)
    share = 0.7 if stage.engine.dialect.name == "sqlite" else 0.3
    deadline_s = time.monotonic() + BUDGET_S * share
    for seed in wanted:
        stage.play(seed)
        if time.monotonic() > deadline_s:
            break
    print(f"{stage.engine.dialect.name}: {dict(stage.counts)}")
    if stage.counts["seeds"] < len(wanted):
        pytest.skip(f"{stage.counts['seeds']} of {len(wanted)} seeds fitted into BUDGET minutes")
