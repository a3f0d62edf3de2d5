"""Brings our database's tables to the shape that this code needs.

Owns the rule who migrates: a SQLite file on a laptop is brought up to date by the first command
that needs it; PostgreSQL is migrated once per release by `flask db upgrade`, never by a worker
that happens to start first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import Engine, inspect, text

from config.parsing import ROOT

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = ROOT / "migrations" / "versions"
#: The two lines of a migration that make the chain.
LINK = re.compile(r'^(down_revision|revision)\b[^=\n]*= *"([^"]+)"', re.MULTILINE)


class SchemaOutdated(Exception):
    """The database lacks tables or columns that this code needs; someone runs the migration."""


def upgrade_schema(engine: Engine) -> None:
    """Applies every migration that is missing, in one transaction. Idempotent."""
    from alembic import command  # only who migrates needs it; most commands do not

    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")


def is_current(engine: Engine) -> bool:
    """Whether every migration has been applied."""
    return find_applied(engine) == find_newest()


def find_applied(engine: Engine) -> set[str]:
    """The migrations that the database is at, as alembic noted it; none before the first one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return set()
        return set(connection.scalars(text("SELECT version_num FROM alembic_version")))


def find_newest() -> set[str]:
    """The migrations that no other one follows.

    Read from the files: every command asks, and alembic takes longer to load than most of them run.
    """
    links = [LINK.findall(path.read_text("utf-8")) for path in MIGRATIONS.glob("*.py")]
    made = {name for file in links for kind, name in file if kind == "revision"}
    return made - {name for file in links for kind, name in file if kind == "down_revision"}


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
    from alembic import command

    with engine.begin() as connection:
        command.revision(alembic_config(connection), message, autogenerate=True)


def alembic_config(connection: object = None) -> Config:
    """Alembic's configuration for our migrations, bound to `connection` when one is given."""
    from alembic.config import Config

    config = Config(ROOT / "alembic.ini")
    config.attributes["connection"] = connection
    return config
