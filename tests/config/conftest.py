"""Databases for the tests of the foundation."""

from tests.databases import database_url, engine, postgres_url

__all__ = ["database_url", "engine", "postgres_url"]
