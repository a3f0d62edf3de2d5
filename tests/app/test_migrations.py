"""The tables that the code declares are the tables that the migrations make, on both engines."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from config.database import Base, create_engine_at
from config.parsing import ROOT
from config.schema import (
    SchemaOutdated,
    alembic_config,
    ensure_schema,
    find_applied,
    find_newest,
    is_current,
    upgrade_schema,
)


def test_the_migrated_schema_is_the_declared_one(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)

    assert differences == []


def test_every_module_that_declares_tables_is_named_for_the_migrations() -> None:
    """One that is not is compared, and written as dropped, by chance of what else was imported."""
    (named,) = re.findall(
        r"^TABLE_MODULES = (\(.*?\))$", (ROOT / "migrations" / "env.py").read_text(), re.M | re.S
    )
    declaring = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for package in ("jobs", "sfsync", "spreadsheets", "tenders", "webhooks")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"\(Base\):|\bBase\.metadata\b", path.read_text())
    }

    assert set(ast.literal_eval(named)) == declaring


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    before = inspect(engine).get_table_names()

    upgrade_schema(engine)

    assert inspect(engine).get_table_names() == before
    assert is_current(engine)


def test_every_migration_can_be_taken_back(engine: Engine) -> None:
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")

    assert inspect(engine).get_table_names() == ["alembic_version"]
    assert not is_current(engine)


def test_there_is_one_line_of_migrations() -> None:
    assert len(ScriptDirectory.from_config(alembic_config()).get_heads()) == 1


def test_the_newest_migration_is_the_one_that_alembic_finds() -> None:
    assert find_newest() == set(ScriptDirectory.from_config(alembic_config()).get_heads())


def test_a_database_before_the_first_migration_is_at_none(tmp_path: Path) -> None:
    engine = create_engine_at(f"sqlite:///{tmp_path}/new.db")

    assert find_applied(engine) == set()
    upgrade_schema(engine)
    assert find_applied(engine) == find_newest()
    engine.dispose()


def test_sqlite_is_migrated_by_whoever_needs_it_first(tmp_path: Path) -> None:
    engine = create_engine_at(f"sqlite:///{tmp_path}/new.db")

    ensure_schema(engine)

    assert is_current(engine)
    engine.dispose()


def test_postgres_is_left_to_the_release(postgres_url: str) -> None:
    engine = create_engine_at(postgres_url)

    with pytest.raises(SchemaOutdated, match="flask db upgrade"):
        ensure_schema(engine)

    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    engine = create_engine_at(f"sqlite:///{tmp_path}/new.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE sync_state (in_the_way TEXT)")

    with pytest.raises(Exception, match="sync_state"):
        upgrade_schema(engine)

    assert inspect(engine).get_table_names() == ["sync_state"]
    engine.dispose()


def test_processes_that_migrate_at_once_take_turns(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    program = (
        "import sys; from config.database import create_engine_at as e;"
        "from config.schema import ensure_schema, is_current;"
        "engine = e(sys.argv[1]); ensure_schema(engine); sys.exit(0 if is_current(engine) else 1)"
    )

    started = [subprocess.Popen([sys.executable, "-c", program, url], cwd=ROOT) for _ in range(3)]

    assert [process.wait(timeout=60) for process in started] == [0, 0, 0]
