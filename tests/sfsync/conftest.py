"""Databases, and a connection to the local org, for the tests of the sync."""

from __future__ import annotations

import pytest
from simple_salesforce.api import Salesforce

from config.settings import Settings
from sandbox.server import LocalOrgServer
from sfsync.client import connect
from tests.databases import database_url, engine, postgres_url

__all__ = ["database_url", "engine", "postgres_url"]


@pytest.fixture
def settings(org: LocalOrgServer) -> Settings:
    """Settings for the local org over plain HTTP."""
    return Settings(environment="test", salesforce_url=org.url)


@pytest.fixture
def sf(settings: Settings) -> Salesforce:
    """A connection to the local org as the integration user; counters at zero."""
    return connect(settings, sleep=lambda _: None)
