"""A backoffice of its own for each test: a fresh database, the local org of the session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from app import create_app
from config.settings import Settings
from sandbox.server import LocalOrgServer


@pytest.fixture
def cli(org: LocalOrgServer, tmp_path: Path) -> Iterator[FlaskCliRunner]:
    """The command line, pointed at the local org and an empty database."""
    settings = Settings.from_env(
        {"SALESFORCE_URL": org.url, "DATABASE_URL": f"sqlite:///{tmp_path}/backoffice.db"}
    )
    app: Flask = create_app(settings)
    yield app.test_cli_runner()
    app.extensions["runtime"].engine.dispose()
