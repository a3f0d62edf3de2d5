"""Our database keeps digits, zones and transactions on both engines."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, select
from sqlalchemy.exc import StatementError

from config.database import ExactDecimal, UtcDateTime, create_engine_at, transaction
from config.parsing import ROOT

metadata = MetaData()
things = Table(
    "things",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime()),
    Column("amount", ExactDecimal()),
)


@pytest.fixture
def empty(engine: Engine) -> Iterator[Engine]:
    metadata.create_all(engine)
    yield engine
    metadata.drop_all(engine)


@pytest.mark.parametrize(
    "amount",
    ["0", "0.10", "-0.01", "1234567890123456.78", "9999999999999999.99", "0.1234567890123456789"],
)
def test_amounts_come_back_digit_by_digit(empty: Engine, amount: str) -> None:
    with transaction(empty) as session:
        session.execute(things.insert().values(id=1, amount=Decimal(amount)))
    with transaction(empty) as session:
        assert session.scalar(select(things.c.amount)) == Decimal(amount)


def test_instants_come_back_as_the_same_instant_in_utc(empty: Engine) -> None:
    summer = datetime(2026, 7, 1, 9, 30, 15, 123456, tzinfo=timezone(timedelta(hours=2)))
    with transaction(empty) as session:
        session.execute(things.insert().values(id=1, at=summer))
    with transaction(empty) as session:
        found = session.scalar(select(things.c.at))

    assert found == summer
    assert found.tzinfo is UTC


def test_floats_and_naive_times_are_refused(empty: Engine) -> None:
    naive = datetime(2026, 7, 1)
    for values in ({"amount": 0.1}, {"at": naive}):
        with pytest.raises(StatementError), transaction(empty) as session:
            session.execute(things.insert().values(id=1, **values))

    with transaction(empty) as session:
        assert session.execute(select(things)).all() == []


def test_a_block_that_raises_leaves_nothing(empty: Engine) -> None:
    def insert_and_fail() -> None:
        with transaction(empty) as session:
            session.execute(things.insert().values(id=1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        insert_and_fail()

    with transaction(empty) as session:
        assert session.execute(select(things)).all() == []


def test_sqlite_is_durable_and_shared(tmp_path: Path) -> None:
    engine = create_engine_at(f"sqlite:///{tmp_path}/sub/x.db")
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert engine.pool.size() == 1
    engine.dispose()


def test_a_sqlite_transaction_takes_the_write_lock_when_it_begins(tmp_path: Path) -> None:
    engine = create_engine_at(f"sqlite:///{tmp_path}/x.db")
    with transaction(engine) as session:
        session.connection()
        other = sqlite3.connect(tmp_path / "x.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
    engine.dispose()


def test_threads_take_turns_on_sqlite(tmp_path: Path) -> None:
    engine = create_engine_at(f"sqlite:///{tmp_path}/x.db")
    metadata.create_all(engine)

    def add(first: int) -> None:
        for number in range(first, first + 20):
            with transaction(engine) as session:
                session.execute(things.insert().values(id=number))

    threads = [threading.Thread(target=add, args=(start,)) for start in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with transaction(engine) as session:
        assert len(session.execute(select(things)).all()) == 60
    engine.dispose()


def test_a_relative_sqlite_path_starts_at_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    engine = create_engine_at("sqlite:///.local/never-opened.db")

    assert engine.url.database == str(ROOT / ".local" / "never-opened.db")
    engine.dispose()
