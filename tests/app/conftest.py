"""The application over the local org, and databases, for its tests."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from config.settings import Settings
from sandbox.server import LocalOrgServer
from tests.databases import database_url, engine, postgres_url

__all__ = ["database_url", "engine", "postgres_url"]

MakeApp = Callable[[Settings], Flask]


@pytest.fixture
def settings(org: LocalOrgServer, tmp_path: Path) -> Settings:
    """Settings for the local org and a new SQLite file."""
    return Settings(
        environment="test",
        salesforce_url=org.url,
        database_url=f"sqlite:///{tmp_path}/backoffice.db",
    )


@pytest.fixture(autouse=True)
def restore_logging() -> Iterator[None]:
    """Takes away the handlers that an application puts on the root logger."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def make_app() -> Iterator[MakeApp]:
    """Builds applications; their engines are closed afterwards."""
    made: list[Flask] = []

    def make(settings: Settings) -> Flask:
        made.append(create_app(settings))
        return made[-1]

    yield make
    for app in made:
        app.extensions["runtime"].engine.dispose()


@pytest.fixture
def app(make_app: MakeApp, settings: Settings) -> Flask:
    """The application over the local org."""
    return make_app(settings)
