"""`flask sync rebuild`: whatever became of the replica, it is the org's again, and nothing else is
touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.orm import Session

from config.database import Base, transaction
from config.settings import Settings
from sandbox.server import LocalOrgServer
from sfsync.checksums import checksum_of
from sfsync.client import connect
from sfsync.drift import Drift
from sfsync.mapping import MAPPINGS
from sfsync.outbox import enqueue
from sfsync.replica import TABLES
from sfsync.replica_reads import load_stored
from sfsync.sync_state import SyncState
from tests.app.conftest import MakeApp
from tests.app.test_commands import answer_of, invoke
from tests.control import add_fault, seed
from tests.sfsync.people import Admin
from tests.sfsync.simulation import Killed, killing
from tests.sfsync.test_pull import a_market, an_account, in_org, replica

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ACCOUNTS = TABLES["Account"]
#: What people's work and our own writes left, which no reading of the org brings back.
KEPT = ("outbox_write", "sync_drift", "sync_reconcile")


@pytest.fixture
def app(make_app: MakeApp, settings: Settings, database_url: str, engine: Engine) -> Flask:
    """The application over a database that has its tables, on each of the two engines."""
    return make_app(replace(settings, database_url=database_url))


@pytest.fixture
def sf(settings: Settings) -> Salesforce:
    return connect(settings, sleep=lambda _: None)


@pytest.fixture
def admin(app: Flask, org: LocalOrgServer, engine: Engine) -> Admin:
    """An org that was pulled, with deleted records, writes in all states, and a ledger."""
    admin = Admin(org)
    admin.at(NOON)
    a_market(org)
    seed(org, [an_account(n, Rating__c=n % 5, Payout_Account__c=" PL61 ") for n in range(30)])
    binned, erased = (admin.create("Account", Name=name) for name in ("binned", "erased"))
    admin.wait(hours=1)
    assert invoke(app, "sync", "pull").exit_code == 0
    with transaction(engine) as session:
        enqueue(session, "Account", "A-3", {"Name": "sent"}, "a sheet")
        enqueue(session, "Account", "A-4", {"Name": "x", "CurrencyIsoCode": "XXX"}, "a sheet")
    assert invoke(app, "sync", "push").exit_code == 1
    with transaction(engine) as session:
        enqueue(session, "Account", "A-5", {"Name": "waits"}, "a sheet")
        session.execute(update(ACCOUNTS).where(ACCOUNTS.c.name == "NA").values(name="by hand"))
    admin.delete("Account", binned)
    admin.delete("Account", erased)
    admin.erase("Account", erased)
    admin.wait(hours=1)
    assert answer_of(invoke(app, "sync", "reconcile", "--json"))["drifted"] == 1
    admin.wait(minutes=5)
    return admin


def wipe(session: Session) -> None:
    for table in TABLES.values():
        session.execute(delete(table))


def wipe_with_progress(session: Session) -> None:
    wipe(session)
    session.execute(delete(SyncState))


def corrupt(session: Session) -> None:
    """Cells, stamps, rows that are lost and rows that never were, and a false proof on top."""
    ids = session.scalars(select(ACCOUNTS.c.salesforce_id).order_by(ACCOUNTS.c.salesforce_id)).all()
    for part, values in enumerate(
        (
            {"name": "corrupt", "rating": Decimal("-1"), "payout_account": None},
            {"system_modstamp": NOON + timedelta(days=3650), "name": "of the future"},
            {"system_modstamp": NOON - timedelta(days=3650), "checksum": 7},
            {"is_deleted": True},
        )
    ):
        rows = ACCOUNTS.c.salesforce_id.in_(ids[part * 5 : part * 5 + 5])
        session.execute(update(ACCOUNTS).where(rows).values(**values))
    session.execute(delete(ACCOUNTS).where(ACCOUNTS.c.salesforce_id.in_(ids[20:25])))
    row = {"is_deleted": False, "system_modstamp": NOON, "seen_in_load": 99}
    session.execute(insert(ACCOUNTS).values(salesforce_id="001Lc00000zzzzzAAA", **row))
    session.execute(update(TABLES["Order"]).values(budget=Decimal("0.01"), account_id=None))
    session.execute(update(SyncState).values(watermark_at=NOON + timedelta(days=13)))


def alive(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {record_id: row for record_id, row in rows.items() if not row["is_deleted"]}


def kept_rows(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every column of every row that a rebuild must not touch."""
    with transaction(engine) as session:
        tables = {name: Base.metadata.tables[name] for name in KEPT}
        return {
            name: [tuple(row) for row in session.execute(select(table).order_by(table.c.id))]
            for name, table in tables.items()
        }


def assert_is_the_org(sf: Salesforce, engine: Engine) -> None:
    for mapping in MAPPINGS:
        assert alive(replica(engine, mapping.sobject)) == alive(in_org(sf, mapping.sobject))
        with transaction(engine) as session:
            ids = session.scalars(select(TABLES[mapping.sobject].c.salesforce_id)).all()
            rows = load_stored(session, mapping, ids, lock=False).values()
        assert all(row["checksum"] == checksum_of(mapping, row) for row in rows)


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("ruin", [wipe, wipe_with_progress, corrupt])
def test_a_ruined_replica_is_rebuilt_field_by_field_and_nothing_else_is_touched(
    app: Flask, sf: Salesforce, engine: Engine, ruin: Callable[[Session], None]
) -> None:
    with transaction(engine) as session:
        ruin(session)
    before = kept_rows(engine)

    result = invoke(app, "sync", "rebuild")

    assert result.exit_code == 0, result.output
    assert_is_the_org(sf, engine)
    assert len(alive(replica(engine, "Account"))) == 32
    assert kept_rows(engine) == before
    assert [len(before[name]) for name in KEPT] == [3, 1, 1]
    assert answer_of(invoke(app, "sync", "reconcile", "--fields", "--json"))["drifted"] == 0


def test_a_rebuild_that_breaks_off_is_finished_by_the_next_pull(
    admin: Admin, app: Flask, sf: Salesforce, engine: Engine, org: LocalOrgServer
) -> None:
    before = kept_rows(engine)
    full: Any = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "no calls left"}]
    add_fault(org, action="status", status=403, body=full, path="composite/batch", times=1)

    broken = invoke(app, "sync", "rebuild")
    emptied = replica(engine, "Account")
    admin.wait(minutes=5)
    finished = invoke(app, "sync", "pull")

    assert (broken.exit_code, emptied, finished.exit_code) == (3, {}, 0)
    assert_is_the_org(sf, engine)
    assert kept_rows(engine) == before


def test_a_rebuild_that_is_killed_is_finished_by_the_next_pull(
    admin: Admin, app: Flask, sf: Salesforce, engine: Engine
) -> None:
    before = kept_rows(engine)

    with pytest.raises(Killed), killing(app.extensions["runtime"].engine, 20):
        invoke(app, "sync", "rebuild")
    admin.wait(minutes=5)
    finished = invoke(app, "sync", "pull")

    assert finished.exit_code == 0
    assert_is_the_org(sf, engine)
    assert kept_rows(engine) == before


@pytest.mark.usefixtures("admin")
def test_after_a_rebuild_the_outbox_sends_what_was_left(
    app: Flask, sf: Salesforce, engine: Engine
) -> None:
    assert invoke(app, "sync", "rebuild").exit_code == 0

    sent = answer_of(invoke(app, "sync", "push", "--json"))

    assert (sent["sent"], sent["updated"], sent["created"]) == (1, 1, 0)
    names = {row["external_id"]: row["name"] for row in in_org(sf, "Account").values()}
    assert names["A-5"] == "waits"
    with transaction(engine) as session:
        assert len(session.scalars(select(Drift)).all()) == 1
