"""Brings our database's tables to the shape that this code needs.

Owns the rule who migrates: a SQLite file on a laptop is brought up to date by the first command
that needs it; PostgreSQL is migrated once per release by `flask db upgrade`, never by a worker
that happens to start first.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from config.parsing import ROOT


class SchemaOutdated(Exception):
    """The database lacks tables or columns that this code needs; someone runs the migration."""


def upgrade_schema(engine: Engine) -> None:
    """Applies every migration that is missing, in one transaction. Idempotent."""
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")


def is_current(engine: Engine) -> bool:
    """Whether every migration has been applied."""
    with engine.connect() as connection:
        applied = set(MigrationContext.configure(connection).get_current_heads())
    return applied == set(ScriptDirectory.from_config(alembic_config()).get_heads())


def ensure_schema(engine: Engine) -> None:
    """Makes sure that the tables fit the code.

    SQLite is migrated here and now. Raises SchemaOutdated on PostgreSQL when a migration is
    missing: someone runs `flask db upgrade`.
    """
    if is_current(engine):
        return
    if engine.dialect.name == "sqlite":
        upgrade_schema(engine)
        return
    raise SchemaOutdated(
        "The database is not at the version this code needs. Run `flask db upgrade`."
    )


def write_revision(engine: Engine, message: str) -> None:
    """Writes a new migration file from the difference between the tables and the database."""
    with engine.begin() as connection:
        command.revision(alembic_config(connection), message, autogenerate=True)


def alembic_config(connection: object = None) -> Config:
    """Alembic's configuration for our migrations, bound to `connection` when one is given."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["connection"] = connection
    return config
