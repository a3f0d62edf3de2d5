"""The replica follows the org: completely, exactly, and through interruptions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, func, select

from config.database import transaction
from config.settings import Settings
from sandbox.server import LocalOrgServer
from sfsync import keyset
from sfsync.client import connect, sobject, usage
from sfsync.errors import SalesforceUnavailable
from sfsync.mapping import ACCOUNT, BY_SOBJECT, MAPPINGS
from sfsync.pull import PullReport, preview, pull
from sfsync.queries import query_all
from sfsync.replica import TABLES
from sfsync.replica_reads import load_record, load_records
from sfsync.sync_state import SyncState
from sfsync.values import read_field
from tests.control import add_fault, counted_calls, seed
from tests.sfsync.people import Admin

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def run(sf: Salesforce, engine: Engine, **options: Any) -> PullReport:
    return pull(sf, engine, **options)


def counts(report: PullReport, name: str) -> tuple[int, int, int, int, int]:
    tally = report.tallies[name]
    return (tally.read, tally.inserted, tally.updated, tally.deleted, tally.unchanged)


def replica(engine: Engine, name: str) -> dict[str, dict[str, Any]]:
    table = TABLES[name]
    with transaction(engine) as session:
        columns = [table.c[each.column] for each in BY_SOBJECT[name].fields]
        found = session.execute(select(*columns)).mappings()
        return {row["salesforce_id"]: dict(row) for row in found}


def in_org(sf: Salesforce, name: str) -> dict[str, dict[str, Any]]:
    mapping = BY_SOBJECT[name]
    rows = query_all(sf, f"SELECT {', '.join(mapping.paths)} FROM {name}")  # noqa: S608 - SOQL
    return {r["Id"]: {f.column: read_field(r, f) for f in mapping.fields} for r in rows}


def an_account(number: int, **change: object) -> dict[str, object]:
    return {
        "attributes": {"type": "Account"},
        "Name": f"Account {number}",
        "External_Id__c": f"A-{number}",
        **change,
    }


def a_market(org: LocalOrgServer) -> dict[str, str]:
    return seed(
        org,
        [
            {
                "attributes": {"type": "Account", "referenceId": "hd"},
                "Name": "NA",
                "External_Id__c": "HD-1",
                "RecordType": {"DeveloperName": "Hardware_Designer"},
            },
            {
                "attributes": {"type": "Account", "referenceId": "ms"},
                "Name": "null",
                "Rating__c": 4.35,
                "RecordType": {"DeveloperName": "Manufacturer"},
            },
            {
                "attributes": {"type": "Order", "referenceId": "order"},
                "AccountId": "@hd",
                "Name": "Zażółć 🚚",
                "EffectiveDate": "2027-02-28",
                "Budget__c": 1234567.89,
                "CurrencyIsoCode": "PLN",
                "Status": "AWAITING PROPOSALS",
            },
            {
                "attributes": {"type": "Order_Proposal__c", "referenceId": "proposal"},
                "Order__c": "@order",
                "Manufacturer__c": "@ms",
                "Price__c": 99.9,
                "CurrencyIsoCode": "PLN",
                "Lead_Time_Days__c": 30,
            },
        ],
    )


def test_the_first_pull_copies_everything_field_by_field(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    ids = a_market(org)

    report = run(sf, engine)

    assert counts(report, "Account") == (2, 2, 0, 0, 0)
    assert counts(report, "Order") == (1, 1, 0, 0, 0)
    assert counts(report, "Order_Proposal__c") == (1, 1, 0, 0, 0)
    for mapping in MAPPINGS:
        assert replica(engine, mapping.sobject) == in_org(sf, mapping.sobject)
    with transaction(engine) as session:
        order = load_record(session, "Order", ids["order"])
        (manufacturer,) = load_records(session, "Account", record_type="Manufacturer")
    assert order is not None
    assert order["budget"] == Decimal("1234567.89")
    assert order["effective_on"] == date(2027, 2, 28)
    assert order["name"] == "Zażółć 🚚"
    assert order["deposit_required"] is False
    assert manufacturer["name"] == "null"
    assert manufacturer["rating"] == Decimal("4.35")


def test_a_first_pull_of_little_costs_one_call(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    a_market(org)

    report = run(sf, engine)

    assert report.api_calls == 1
    assert counted_calls(org) == 1
    assert usage(sf).by_purpose == {"pull": 1}


@pytest.mark.parametrize(("accounts", "calls"), [(3, 1), (4, 2)])
def test_a_load_reads_a_page_of_its_own_when_there_are_more_than_a_few(
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    accounts: int,
    calls: int,
) -> None:
    monkeypatch.setattr("sfsync.planning.FEW", 4)
    seed(org, [an_account(number) for number in range(accounts)])

    report = run(sf, engine)

    assert report.api_calls == calls
    assert counts(report, "Account") == (accounts, accounts, 0, 0, 0)
    assert replica(engine, "Account") == in_org(sf, "Account")


def test_the_second_pull_writes_nothing_when_nothing_happened(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    org.org.clock.set(NOON, frozen=True)
    a_market(org)
    org.org.clock.set(NOON + timedelta(hours=1), frozen=True)
    run(sf, engine)
    before = replica(engine, "Order")

    report = run(sf, engine)

    assert counts(report, "Order") == (0, 0, 0, 0, 0)
    assert replica(engine, "Order") == before


def delete_as_admin(org: LocalOrgServer, name: str, record_id: str) -> None:
    """The integration user itself may delete nothing."""
    settings = Settings(salesforce_url=org.url, salesforce_access_token=org.access_token)
    sobject(connect(settings), name).delete(record_id)


def test_changes_and_deletes_arrive(org: LocalOrgServer, sf: Salesforce, engine: Engine) -> None:
    ids = a_market(org)
    run(sf, engine)

    sobject(sf, "Order").update(ids["order"], {"Budget__c": None, "Name": "renamed"})
    delete_as_admin(org, "Order_Proposal__c", ids["proposal"])
    report = run(sf, engine)

    assert counts(report, "Order") == (1, 0, 1, 0, 0)
    assert counts(report, "Order_Proposal__c") == (1, 0, 0, 1, 0)
    order = replica(engine, "Order")[ids["order"]]
    assert (order["name"], order["budget"]) == ("renamed", None)
    assert replica(engine, "Order_Proposal__c")[ids["proposal"]]["is_deleted"] is True
    with transaction(engine) as session:
        assert load_records(session, "Order_Proposal__c") == []


def test_a_row_that_was_deleted_before_we_knew_it_is_kept_as_deleted(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    seed(org, [an_account(1, IsDeleted=True)])

    report = run(sf, engine)

    assert counts(report, "Account") == (1, 0, 0, 1, 0)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyset, "PAGE_SIZE", 10)
    monkeypatch.setattr("sfsync.planning.FEW", 1)


@pytest.mark.usefixtures("small_pages")
def test_rows_with_the_same_stamp_are_paged_without_loss(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    org.org.clock.set(NOON, frozen=True)
    seed(org, [an_account(n) for n in range(37)])

    report = run(sf, engine, mappings=[ACCOUNT])

    assert counts(report, "Account") == (37, 37, 0, 0, 0)
    assert replica(engine, "Account") == in_org(sf, "Account")
    assert report.api_calls == 5


@pytest.mark.usefixtures("small_pages")
def test_a_pull_that_dies_goes_on_from_the_last_page(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    org.org.clock.set(NOON - timedelta(hours=1), frozen=True)
    seed(org, [an_account(n) for n in range(35)])
    org.org.clock.set(NOON, frozen=True)
    add_fault(org, action="status", status=503, path="/queryAll", call=[3, 4, 5, 6])

    with pytest.raises(SalesforceUnavailable):
        run(sf, engine, mappings=[ACCOUNT])
    stored = len(replica(engine, "Account"))
    with transaction(engine) as session:
        state = session.get(SyncState, "Account")
    org.org.clock.set(NOON + timedelta(hours=2), frozen=True)
    seed(org, [an_account(n) for n in range(35, 38)])
    calls_before = usage(sf).calls
    report = run(sf, engine, mappings=[ACCOUNT])

    assert stored == 20
    assert state is not None
    assert (state.watermark_at, state.is_loading) == (NOON, True)
    assert counts(report, "Account") == (18, 18, 0, 0, 0)
    assert usage(sf).calls - calls_before == 3
    assert replica(engine, "Account") == in_org(sf, "Account")
    # What was proven before the load began stays; the next pull proves the rest.
    assert report.watermarks["Account"] == NOON
    with transaction(engine) as session:
        after = session.get(SyncState, "Account")
    assert after is not None
    assert (after.cursor_at, after.is_loading) == (NOON + timedelta(hours=2), False)


def test_what_is_stamped_after_the_start_belongs_to_the_next_pull(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    org.org.clock.set(NOON, frozen=True)
    ahead = (NOON + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    seed(org, [an_account(1, CreatedDate=ahead, LastModifiedDate=ahead, SystemModstamp=ahead)])

    first = run(sf, engine)
    org.org.clock.set(NOON + timedelta(minutes=2), frozen=True)
    second = run(sf, engine)

    assert counts(first, "Account") == (0, 0, 0, 0, 0)
    assert first.watermarks["Account"] == NOON
    assert counts(second, "Account") == (1, 1, 0, 0, 0)


def test_a_full_pull_reads_everything_again(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    org.org.clock.set(NOON, frozen=True)
    a_market(org)
    run(sf, engine)
    org.org.clock.set(NOON + timedelta(days=3), frozen=True)
    run(sf, engine)

    report = run(sf, engine, full=True)

    assert counts(report, "Account") == (2, 0, 0, 0, 2)


def test_an_org_whose_clock_was_set_back_is_read_from_the_beginning(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    org.org.clock.set(NOON, frozen=True)
    run(sf, engine)
    org.org.clock.set(NOON - timedelta(days=30), frozen=True)
    seed(org, [an_account(1)])

    report = run(sf, engine)

    assert counts(report, "Account") == (1, 1, 0, 0, 0)
    assert report.watermarks["Account"] == NOON - timedelta(days=30)


def test_what_happens_after_a_clock_was_set_back_replaces_rows_of_the_former_future(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    """By their stamps the rows of an hour later would be newer, and keep what is true now out."""
    admin = Admin(org)
    admin.at(NOON)
    kept, edited, deleted, erased = (admin.create("Account", Name=n) for n in "abcd")
    run(sf, engine)
    admin.at(NOON - timedelta(hours=1))
    admin.change("Account", edited, Name="edited")
    run(sf, engine)
    before = replica(engine, "Account")[edited]["name"]
    admin.wait(minutes=2)
    admin.change("Account", edited, Name="edited again")
    admin.delete("Account", deleted)
    admin.erase("Account", erased)

    run(sf, engine)

    rows = replica(engine, "Account")
    assert (before, rows[edited]["name"]) == ("edited", "edited again")
    gone = {each for each, row in rows.items() if row["is_deleted"]}
    assert gone == {deleted, erased}
    assert rows[kept] == in_org(sf, "Account")[kept]


def test_a_rehearsal_counts_and_changes_nothing(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    a_market(org)

    found = preview(sf, engine)

    assert found == {"Account": 2, "Order": 1, "Order_Proposal__c": 1}
    assert replica(engine, "Account") == {}
    with transaction(engine) as session:
        assert session.scalar(select(func.count()).select_from(SyncState)) == 0


def test_progress_is_told_after_every_page(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    a_market(org)
    seen: list[tuple[str, int]] = []

    run(sf, engine, on_page=lambda name, tally: seen.append((name, tally.read)))

    assert seen == [("Account", 2), ("Order", 1), ("Order_Proposal__c", 1)]
