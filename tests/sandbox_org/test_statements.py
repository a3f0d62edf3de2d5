"""How many statements a save runs under the project's metadata: what its speed depends on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.metadata.loader import load_schema
from sandbox.org.clock import OrgClock
from sandbox.org.org import Actor, Org
from tests.sandbox_org.builders import the_user
from tests.sandbox_org.statements import statements_of

PROJECT = Path(__file__).parents[2] / "salesforce"


@pytest.fixture(scope="module")
def org() -> Iterator[Org]:
    org = Org(load_schema([PROJECT]), None, OrgClock(datetime(2026, 3, 11, 6, tzinfo=UTC)))
    yield org
    org.close()


def an_order(account: str) -> dict[str, object]:
    return {"AccountId": account, "EffectiveDate": "2026-04-10", "Status": "AWAITING PROPOSALS"}


def an_account(org: Org, kind: str) -> str:
    values = {"Name": kind, "RecordType": {"DeveloperName": kind}}
    return org.insert(the_user(org), "Account", values)


def test_each_further_order_of_a_chunk_runs_three_inserts_between_its_savepoints(org: Org) -> None:
    user, account = the_user(org), an_account(org, "Hardware_Designer")

    with statements_of(org) as statements, org.chunk():
        for _ in range(4):
            with org.savepoint():
                org.insert(user, "Order", an_order(account))

    short = [" ".join(sql.split()[:3]) for sql in statements]
    second = short.index("SAVEPOINT sp1", short.index("SAVEPOINT sp1") + 1)
    inserts = ['INSERT INTO "Order"', 'INSERT INTO "OrderHistory"', "INSERT INTO _outbound"]
    one = ["SAVEPOINT sp1", "SAVEPOINT sp2", *inserts, "RELEASE sp2", "RELEASE sp1"]
    assert short[second : second + 21] == one * 3
    assert short[second + 21 :] == ["INSERT OR REPLACE"] * 4 + ["COMMIT"]


def award(org: Org, job: Actor, order: str, winner: str, maker: str, run: str) -> int:
    """Award a proposal as the selection does; how many statements that took."""
    values = {
        "Status": "MANUFACTURER SELECTED",
        "Manufacturer__c": maker,
        "Proposal__c": winner,
        "Selection_Run__c": run,
        "Decided_Due_Date__c": "2026-04-10",
        "Decided_Currency__c": "EUR",
        "Price_At_Decision__c": 100,
    }
    with statements_of(org) as statements, org.transaction():
        org.update(job, "Order_Proposal__c", winner, {"Status__c": "Won"})
        org.update(job, "Order", order, values)
    return len(statements)


def test_a_guarded_award_runs_as_many_statements_among_many_orders_as_among_few(org: Org) -> None:
    job = the_user(org, "integration@manufaktura.example")
    designer, maker = an_account(org, "Hardware_Designer"), an_account(org, "Manufacturer")
    run = org.insert(job, "Selection_Run__c", {"External_Id__c": "run:1"})

    def an_offer() -> tuple[str, str]:
        order = org.insert(the_user(org), "Order", an_order(designer))
        values = {"Order__c": order, "Manufacturer__c": maker, "Price__c": 100}
        return order, org.insert(the_user(org), "Order_Proposal__c", values)

    offers = [an_offer() for _ in range(30)]
    award(org, job, *offers[0], maker, run)
    early = award(org, job, *offers[1], maker, run)
    for offer in offers[2:-1]:
        award(org, job, *offer, maker, run)

    assert award(org, job, *offers[-1], maker, run) == early
    assert early < 40


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ('"AccountId" = ?', "ix_Order_AccountId"),
        ('"External_Id__c" = ? COLLATE NOCASE', "ix_Order_External_Id__c"),
        ('"SystemModstamp" >= ?', "ix_Order_SystemModstamp"),
    ],
)
def test_lookups_external_ids_and_stamps_are_found_by_index(
    org: Org, condition: str, index: str
) -> None:
    sql = f'EXPLAIN QUERY PLAN SELECT * FROM "Order" WHERE {condition}'  # noqa: S608 - fixed texts

    plan = org.store.connection.execute(sql, ("x",)).fetchall()

    assert [row[3].partition("(")[0] for row in plan] == [f"SEARCH Order USING INDEX {index} "]


def test_blank_lookups_take_no_place_in_an_index(org: Org) -> None:
    sql = 'SELECT "Id" FROM "Order" INDEXED BY "ix_Order_Proposal__c" WHERE "Proposal__c" '

    assert org.store.connection.execute(sql + "= ?", ("x",)).fetchall() == []
    with pytest.raises(sqlite3.OperationalError, match="no query solution"):
        org.store.connection.execute(sql + "IS NULL")
