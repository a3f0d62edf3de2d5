"""Databases, and an application that receives, for the tests of the webhooks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from config.database import create_engine_at
from config.settings import Settings
from tests.databases import database_url, engine, postgres_url
from webhooks import salesforce
from webhooks.intake import Refusals

__all__ = ["database_url", "engine", "postgres_url"]


@pytest.fixture
def settings() -> Settings:
    """Nothing is said about whose messages are taken."""
    return Settings(environment="test")


@pytest.fixture
def client(settings: Settings, engine: Engine) -> FlaskClient:
    """A client of the endpoints over each of the two databases."""
    return client_of(settings, engine)


@pytest.fixture
def broken() -> Iterator[Engine]:
    """A database that nobody serves."""
    engine = create_engine_at("postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=1")
    yield engine
    engine.dispose()


def client_of(settings: Settings, engine: Engine) -> FlaskClient:
    """A client of the Salesforce endpoint alone."""
    app = Flask("receiver")
    app.extensions["refusals"] = Refusals()
    app.register_blueprint(salesforce.build_blueprint(settings, engine))
    return app.test_client()
