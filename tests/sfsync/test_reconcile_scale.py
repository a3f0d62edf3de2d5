"""Drift that a seed scatters over many orders is found to the cell, in a handful of calls."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.orm import Session

from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync import scanning
from sfsync.drift import Drift
from sfsync.exports import await_export
from sfsync.mapping import BY_SOBJECT, ORDER
from sfsync.pull import pull
from sfsync.reconcile import ReconcileReport, reconcile
from sfsync.replica import TABLES
from sfsync.replica_writes import sum_again
from tests.control import control, counted_calls, seed
from tests.sfsync.people import Admin
from tests.sfsync.test_pull import in_org, replica
from tests.sfsync.test_reconcile import change_unstamped

MAY = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TABLE = TABLES["Order"]
SEEDED_AT_ONCE = 10_000
#: Columns of an order that a careless hand may overwrite, and with what.
VALUES: dict[str, Any] = {
    "name": "by hand",
    "description": "",
    "budget": Decimal("0.01"),
    "effective_on": date(2031, 1, 1),
    "deposit_required": True,
    "status": None,
    "manufacturer_selected_at": MAY,
    "account_id": "001Lc0000009999AAA",
}

Found = set[tuple[str, str | None, str]]


@pytest.fixture(autouse=True)
def _exports_at_once(org: LocalOrgServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An export is ready when it has been asked for, so that no time passes and no look is vain."""
    control(org, "POST", "bulk", {"inline": True})
    monkeypatch.setattr(
        scanning,
        "await_export",
        lambda sf, job_id, rows, _sleep: await_export(sf, job_id, rows, lambda _s: None),
    )
    yield
    control(org, "POST", "bulk", {"inline": False})


def an_order(number: int) -> dict[str, object]:
    return {
        "attributes": {"type": "Order"},
        "Name": f"Order {number}",
        "EffectiveDate": "2027-02-28",
        "External_Id__c": f"O-{number}",
        "Budget__c": f"{number % 9000}.25",
        "CurrencyIsoCode": ("EUR", "PLN")[number % 2],
        "Description": None if number % 3 else f"Zażółć {number}",
    }


def fill(org: LocalOrgServer, orders: int, days: int) -> Admin:
    """That many orders, stamped on as many days."""
    admin = Admin(org)
    admin.at(MAY)
    owner = admin.create("Account", Name="Owner")
    part = min(SEEDED_AT_ONCE, -(-orders // days))
    for start in range(0, orders, part):
        admin.at(MAY + timedelta(days=(start // part) % days))
        rows = [an_order(n) | {"AccountId": owner} for n in range(start, min(start + part, orders))]
        seed(org, rows, checks=False)
    admin.at(MAY + timedelta(days=days))
    return admin


def pick(die: random.Random, session: Session, count: int) -> list[str]:
    query = select(TABLE.c.salesforce_id).order_by(TABLE.c.external_id)
    return die.sample(list(session.scalars(query)), count)


def change_cells(die: random.Random, session: Session, ids: list[str]) -> Found:
    """One cell of each row, past the sync."""
    found: Found = set()
    paths = {each.column: each.path for each in ORDER.fields}
    for record_id in ids:
        column = die.choice(list(VALUES))
        row = update(TABLE).where(TABLE.c.salesforce_id == record_id)
        session.execute(row.values({column: VALUES[column]}))
        found.add((record_id, paths[column], "cell"))
    return found


def remove(_die: random.Random, session: Session, ids: list[str]) -> Found:
    session.execute(delete(TABLE).where(TABLE.c.salesforce_id.in_(ids)))
    return {(each, None, "missing") for each in ids}


def mark(_die: random.Random, session: Session, ids: list[str]) -> Found:
    """As wrong code of ours would: the checksum is true."""
    session.execute(update(TABLE).where(TABLE.c.salesforce_id.in_(ids)).values(is_deleted=True))
    sum_again(session, ORDER, ids)
    return {(each, None, "missing") for each in ids}


def invent(_die: random.Random, session: Session, ids: list[str]) -> Found:
    invented = [f"801Zz{each[5:]}" for each in ids]
    row = {"is_deleted": False, "system_modstamp": MAY, "name": "invented"}
    session.execute(insert(TABLE), [{"salesforce_id": each, **row} for each in invented])
    sum_again(session, ORDER, invented)
    return {(each, None, "surplus") for each in invented}


def move_stamps(die: random.Random, session: Session, ids: list[str]) -> Found:
    for record_id in ids:
        stamp = MAY + timedelta(days=die.choice((-400, 400)))
        row = update(TABLE).where(TABLE.c.salesforce_id == record_id)
        session.execute(row.values(system_modstamp=stamp))
    sum_again(session, ORDER, ids)
    return {(each, "SystemModstamp", "stale") for each in ids}


KINDS: tuple[Callable[[random.Random, Session, list[str]], Found], ...] = (
    change_cells,
    remove,
    mark,
    invent,
    move_stamps,
)


def seed_drift(die: random.Random, engine: Engine, each: int) -> Found:
    """So many rows of each kind; what has to be found."""
    found: Found = set()
    with transaction(engine) as session:
        ids = pick(die, session, each * len(KINDS))
        for place, seed_kind in enumerate(KINDS):
            found |= seed_kind(die, session, ids[place * each : (place + 1) * each])
    return found


def found_by(report: ReconcileReport) -> Found:
    return {(each["salesforce_id"], each["field"], each["kind"]) for each in report.differences}


def in_ledger(engine: Engine) -> Found:
    with transaction(engine) as session:
        entries = session.scalars(select(Drift)).all()
        return {(each.salesforce_id, each.field, each.kind) for each in entries}


def assert_is_the_org(sf: Salesforce, engine: Engine) -> None:
    for name in BY_SOBJECT:
        ours = {i: row for i, row in replica(engine, name).items() if not row["is_deleted"]}
        assert ours == in_org(sf, name)


@pytest.mark.parametrize("every_field", [False, True], ids=["figures", "fields"])
def test_drift_of_each_kind_in_2000_orders_is_found_and_healed(
    org: LocalOrgServer, sf: Salesforce, engine: Engine, every_field: bool
) -> None:
    fill(org, 2_000, 4)
    pull(sf, engine)
    seeded = seed_drift(random.Random(7), engine, 4)

    report = reconcile(sf, engine, every_field=every_field)
    again = reconcile(sf, engine, every_field=every_field)

    assert found_by(report) == seeded
    assert in_ledger(engine) == seeded
    assert report.api_calls <= 6
    assert again.drifted == 0
    assert_is_the_org(sf, engine)


def counted(org: LocalOrgServer, sf: Salesforce, engine: Engine, **options: bool) -> Any:
    """A reconciliation, by the org's own count of calls too."""
    before = counted_calls(org)
    report = reconcile(sf, engine, **options)
    assert counted_calls(org) - before == report.api_calls
    return report


@pytest.mark.slow
def test_ten_drifts_in_100000_orders_of_one_day_are_found_in_at_most_ten_calls(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    """All of them stamped on one day, as after a load: the day's figures narrow nothing down."""
    die = random.Random(1)
    fill(org, 100_000, 1)
    pull(sf, engine)

    with transaction(engine) as session:
        changed = change_cells(die, session, pick(die, session, 10))
    cells = counted(org, sf, engine)
    mixed_seed = seed_drift(die, engine, 2)
    mixed = counted(org, sf, engine)
    with transaction(engine) as session:
        unstamped = pick(die, session, 10)
    for record_id in unstamped:
        change_unstamped(org, record_id, "Name", "as a formula does", sobject="Order")
    fields = counted(org, sf, engine, every_field=True)
    again = counted(org, sf, engine, every_field=True)

    assert found_by(cells) == changed
    assert found_by(mixed) == mixed_seed
    assert found_by(fields) == {(each, "Name", "cell") for each in unstamped}
    assert again.drifted == 0
    assert cells.findings["Order"].rows == 100_000
    assert [each.api_calls for each in (cells, mixed, fields, again)] == [3, 7, 6, 6]
