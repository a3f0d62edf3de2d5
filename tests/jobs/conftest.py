"""Databases and clocks for the tests of the worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from config.clock import FrozenClock
from config.database import create_engine_at
from config.schema import upgrade_schema
from tests.databases import database_url, engine, postgres_url
from tests.jobs.builders import MACHINE_START

__all__ = ["database_url", "engine", "postgres_url"]


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    """A migrated SQLite file, where one database is enough."""
    engine = create_engine_at(f"sqlite:///{tmp_path}/worker.db")
    upgrade_schema(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def machine() -> FrozenClock:
    """The machine's clock, which leases and pauses follow."""
    return FrozenClock(MACHINE_START)
