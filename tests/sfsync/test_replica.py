"""An older version of a row never replaces a newer one, whatever order pages arrive in."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from config.database import transaction
from sfsync.mapping import ACCOUNT
from sfsync.replica import TABLES
from sfsync.replica_reads import known_ids, load_record, load_records
from sfsync.replica_writes import Tally, store_page


def a_row(number: int = 1, second: int = 0, **change: Any) -> dict[str, Any]:
    stamp = f"2026-05-04T12:00:{second:02d}.000+0000"
    values = {path: None for path in ACCOUNT.paths if "." not in path}
    values |= {
        "Id": f"001Lc{number:010d}AAA",
        "IsDeleted": False,
        "SystemModstamp": stamp,
        "CreatedDate": stamp,
        "LastModifiedDate": stamp,
        "External_Id__c": f"A-{number}",
        "Name": f"version {second}",
        "Payouts_Ready__c": False,
        "RecordType": None,
    }
    return values | change


def test_an_older_page_that_arrives_later_changes_nothing(engine: Engine) -> None:
    with transaction(engine) as session:
        store_page(session, ACCOUNT, [a_row(second=5)])
        tally = store_page(session, ACCOUNT, [a_row(second=3)])
        row = load_record(session, "Account", a_row()["Id"])

    assert tally == Tally(read=1, unchanged=1)
    assert row is not None
    assert row["name"] == "version 5"


def test_a_change_within_the_same_second_is_taken(engine: Engine) -> None:
    with transaction(engine) as session:
        store_page(session, ACCOUNT, [a_row(Name="first")])
        tally = store_page(session, ACCOUNT, [a_row(Name="second")])
        row = load_record(session, "Account", a_row()["Id"])

    assert tally == Tally(read=1, updated=1)
    assert row is not None
    assert row["name"] == "second"


def test_an_undeleted_row_comes_back(engine: Engine) -> None:
    with transaction(engine) as session:
        store_page(session, ACCOUNT, [a_row()])
        store_page(session, ACCOUNT, [a_row(second=1, IsDeleted=True)])
        assert load_records(session, "Account") == []
        tally = store_page(session, ACCOUNT, [a_row(second=2)])

        assert tally == Tally(read=1, updated=1)
        assert len(load_records(session, "Account")) == 1


def test_an_empty_page_is_nothing(engine: Engine) -> None:
    with transaction(engine) as session:
        assert store_page(session, ACCOUNT, []) == Tally()


def test_ids_are_known_by_external_id_unless_deleted(engine: Engine) -> None:
    with transaction(engine) as session:
        store_page(session, ACCOUNT, [a_row(1), a_row(2, IsDeleted=True)])

        assert known_ids(session, "Account", ["A-1", "A-2", "A-3"]) == {"A-1": a_row(1)["Id"]}
        assert known_ids(session, "Case", ["C-1"]) == {}


@given(st.permutations(range(5)), st.lists(st.integers(1, 5), max_size=5))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=25,
)
def test_pages_in_any_order_end_in_the_newest_version(
    engine: Engine, order: list[int], cuts: list[int]
) -> None:
    with transaction(engine) as session:
        session.execute(delete(TABLES["Account"]))
        rows = [a_row(second=second) for second in order]
        while rows:
            size = cuts.pop() if cuts else 1
            for row in rows[:size]:
                store_page(session, ACCOUNT, [row])
            rows = rows[size:]
        (found,) = load_records(session, "Account")

    assert found["name"] == "version 4"
