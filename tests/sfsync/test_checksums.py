"""A replica row's checksum tells any change of any value, and no change of mere spelling."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zlib import crc32

import pytest
from sqlalchemy import Engine, String, cast, select, update

from config.database import transaction
from sfsync.checksums import checksum_of, checksum_of_texts, spell_number
from sfsync.mapping import ACCOUNT, MAPPINGS, FieldMap, Kind, Mapping
from sfsync.replica import TABLES
from sfsync.replica_reads import load_record
from sfsync.replica_writes import store_page
from sfsync.tombstones import mark_deleted, mark_gone
from tests.sfsync.test_replica import a_row

AT = datetime(2026, 5, 4, 12, 0, 0, 120_000, tzinfo=UTC)
EVERY_KIND = Mapping(
    "Every__c",
    "sf_every",
    (
        FieldMap("salesforce_id", "Id", Kind.ID),
        FieldMap("name", "Name"),
        FieldMap("price", "Price__c", Kind.DECIMAL),
        FieldMap("is_deleted", "IsDeleted", Kind.FLAG),
        FieldMap("day", "Day__c", Kind.DATE),
        FieldMap("at", "At__c", Kind.INSTANT),
    ),
)
ROW: dict[str, Any] = {
    "salesforce_id": "001Lc0000000001AAA",
    "name": "Zażółć 🚚",
    "price": Decimal("10.50"),
    "is_deleted": False,
    "day": date(2027, 2, 28),
    "at": AT,
}


def test_the_canonical_text_is_the_one_that_is_documented() -> None:
    text = "001Lc0000000001AAA\0Zażółć 🚚\x0010.5\x000\x002027-02-28\x002026-05-04 12:00:00.120000"

    assert checksum_of(EVERY_KIND, ROW) == crc32(text.encode())
    assert checksum_of_texts(text.split("\0")) == crc32(text.encode())
    nothing = dict.fromkeys(ROW)
    assert checksum_of(EVERY_KIND, nothing) == crc32(b"\x01\0\x01\0\x01\0\x01\0\x01\0\x01")


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": None},
        {"name": "Zażółć 🚚 "},
        {"price": Decimal("10.51")},
        {"price": Decimal("105")},
        {"price": None},
        {"is_deleted": True},
        {"is_deleted": None},
        {"day": date(2027, 3, 1)},
        {"at": AT + timedelta(microseconds=1)},
        {"salesforce_id": "001Lc0000000001AAa"},
    ],
    ids=str,
)
def test_any_other_value_has_another_checksum(change: dict[str, Any]) -> None:
    assert checksum_of(EVERY_KIND, ROW | change) != checksum_of(EVERY_KIND, ROW)


def test_empty_text_is_not_nothing() -> None:
    assert checksum_of_texts(["", None]) != checksum_of_texts([None, ""])
    assert checksum_of_texts([""]) != checksum_of_texts([None])


@pytest.mark.parametrize(
    "change",
    [
        {"price": Decimal("10.5")},
        {"price": Decimal("1.05E1")},
        {"at": AT.astimezone(timezone(timedelta(hours=2)))},
        {"checksum": 7, "seen_in_load": 3},
    ],
    ids=str,
)
def test_another_spelling_has_the_same_checksum(change: dict[str, Any]) -> None:
    assert checksum_of(EVERY_KIND, ROW | change) == checksum_of(EVERY_KIND, ROW)


def test_numbers_are_spelled_in_one_way() -> None:
    texts = ["10.50", "10", "100", "-0.0", "0E-10", "1.05E+3", "0.10", "-0", "12345678901234.5600"]

    assert [spell_number(each) for each in texts] == [
        "10.5",
        "10",
        "100",
        "0",
        "0",
        "1050",
        "0.1",
        "0",
        "12345678901234.56",
    ]


def checksums(engine: Engine) -> dict[str, tuple[int, int]]:
    """Of each stored account: the checksum beside it, and that of what is stored."""
    table = TABLES["Account"]
    with transaction(engine) as session:
        stored = session.execute(select(table.c.salesforce_id, table.c.checksum)).all()
        rows = {each.salesforce_id: load_record(session, "Account", each[0]) for each in stored}
    return {each[0]: (each.checksum, checksum_of(ACCOUNT, rows[each[0]] or {})) for each in stored}


def test_stored_rows_carry_their_checksum_through_changes_and_deletions(engine: Engine) -> None:
    later = datetime(2026, 5, 4, 13, tzinfo=UTC)
    with transaction(engine) as session:
        store_page(session, ACCOUNT, [a_row(n, Rating__c=Decimal("4.10")) for n in range(4)], 1)
        store_page(session, ACCOUNT, [a_row(1, second=1)], 2)
        mark_deleted(session, ACCOUNT, [(a_row(2)["Id"], later)], later)
        store_page(session, ACCOUNT, [a_row(0)], 2)
        gone = mark_gone(session, ACCOUNT, 2, later)

    found = checksums(engine)

    assert gone == 1
    assert len(found) == 4
    assert all(stored == computed for stored, computed in found.values())


def test_a_row_without_a_checksum_gets_one_when_it_is_read_again(engine: Engine) -> None:
    with transaction(engine) as session:
        store_page(session, ACCOUNT, [a_row()])
        session.execute(update(TABLES["Account"]).values(checksum=None))
    with transaction(engine) as session:
        store_page(session, ACCOUNT, [a_row()])

    ((stored, computed),) = checksums(engine).values()
    assert stored == computed


def test_sqlite_stores_values_as_the_checksum_spells_them(engine: Engine) -> None:
    """So a fast path may sum what it stores, without a detour over Python values."""
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has types of its own")
    with transaction(engine) as session:
        store_page(session, ACCOUNT, [a_row(Rating__c=Decimal("4.35"))])
        table = TABLES["Account"]
        columns = [cast(table.c[each.column], String) for each in ACCOUNT.fields]
        texts = list(session.execute(select(*columns)).one())
        (stored,) = session.scalars(select(table.c.checksum)).all()

    assert checksum_of_texts(texts) == stored


def test_every_mapping_has_a_checksum_over_all_of_its_columns() -> None:
    for mapping in MAPPINGS:
        empty = dict.fromkeys(each.column for each in mapping.fields)
        texts: list[str | None] = [None] * len(mapping.fields)
        assert checksum_of(mapping, empty) == checksum_of_texts(texts)
