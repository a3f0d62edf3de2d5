"""However many processes call, and die: never a call above the ceiling, by the org's own count."""

from __future__ import annotations

import os
import time

import pytest
from sqlalchemy import Engine

from sandbox.server import LocalOrgServer
from tests.sfsync.budget_simulation import World

#: Seeds of one slow run on both databases together, as far as BUDGET= minutes allow.
SEEDS = int(os.environ.get("SEEDS", "1000"))


def play(seed: int, org: LocalOrgServer, url: str) -> World:
    world = World(seed, org, url)
    try:
        world.live()
    finally:
        world.end()
    return world


# In the latter two a process keeps the org's word to itself for more than a day.
@pytest.mark.parametrize("seed", [*range(4), 10_473, 20_184])
def test_no_call_is_made_above_the_ceiling(seed: int, org: LocalOrgServer, engine: Engine) -> None:
    world = play(seed, org, engine.url.render_as_string(hide_password=False))

    assert world.problems == []
    assert world.sent > 0


@pytest.mark.slow
def test_no_call_is_made_above_the_ceiling_for_many_seeds(
    org: LocalOrgServer, engine: Engine
) -> None:
    # Half of the seeds on each database, and half of the time; a busy machine gets less far.
    ends_s = time.monotonic() + float(os.environ.get("BUDGET", "20")) * 60 / 2
    url, sent = engine.url.render_as_string(hide_password=False), 0
    first = 10_000 if engine.dialect.name == "sqlite" else 20_000
    for seed in range(first, first + max(1, SEEDS // 2)):
        world = play(seed, org, url)
        sent += world.sent
        assert world.problems == [], f"seed {seed}"
        if time.monotonic() > ends_s:
            break
    print(f"{seed - first + 1} seeds, {sent} calls, none above the ceiling")
    assert sent > 0
