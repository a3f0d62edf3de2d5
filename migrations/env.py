"""Runs migrations on the connection that `config.schema` hands over, in its transaction.

Owns the list of modules that declare tables; a package with tables adds its module here.
"""

from __future__ import annotations

import importlib
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from config.database import Base, ExactDecimal, UtcDateTime, create_engine_for
from config.settings import Settings

#: Every module that declares tables on `Base`.
TABLE_MODULES = (
    "sfsync.replica",
    "sfsync.sync_state",
    "sfsync.stale",
    "sfsync.call_ledger",
    "sfsync.schema",
    "sfsync.outbox_rows",
    "sfsync.conflicts",
    "sfsync.note_state",
    "sfsync.drift",
    "jobs.effects",
    "jobs.slots",
    "webhooks.inbox",
)


def run(connection: Any) -> None:
    """Applies what is missing; SQLite's DDL is transactional because BEGIN is ours."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transactional_ddl=True,
        render_item=render_type,
        render_as_batch=True,
    )
    context.run_migrations()


def render_type(kind: str, item: object, autogenerate: AutogenContext) -> str | Literal[False]:
    """Writes our own column types by their short names into a new migration."""
    if kind == "type" and isinstance(item, UtcDateTime | ExactDecimal):
        name = type(item).__name__
        autogenerate.imports.add(f"from config.database import {name}")
        return f"{name}()"
    return False


for module in TABLE_MODULES:
    importlib.import_module(module)

given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:  # alembic's own command line
    with create_engine_for(Settings.from_env()).begin() as opened:
        run(opened)
