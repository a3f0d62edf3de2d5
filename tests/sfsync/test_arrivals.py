"""Rows of an export that are stored in the quick way are the same bytes as in the careful way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select, text
from sqlalchemy.dialects import sqlite

from config.database import transaction
from sfsync import arrivals
from sfsync.arrivals import insert_new
from sfsync.cells import CANONICAL, STORED, read_chunk
from sfsync.checksums import checksum_of
from sfsync.mapping import BY_SOBJECT, ORDER, FieldMap, Kind
from sfsync.org_rows import read_cells
from sfsync.replica import TABLES, TYPES
from sfsync.replica_writes import Tally, store_rows

TABLE = TABLES["Order"]
#: What databases and tables of text treat in their own way.
ODD = ["NA", "null", "\\N", "\\.", '"', ",", "\t", "\r\n", "\r", "\u2028", "🚚", "'", "\x01", " "]


def an_id(number: int) -> str:
    return f"801Lc{number:010d}AAA"


def instants() -> st.SearchStrategy[str]:
    # Before year 1 and behind 9999 no UTC time is left for an offset.
    moments = st.datetimes(datetime(1700, 1, 1), datetime(4000, 12, 31))
    zones = st.sampled_from(["Z", "+0000", "+00:00", "-03:30", "+14:00"])
    return st.builds(lambda at, zone: at.isoformat(timespec="milliseconds") + zone, moments, zones)


CELLS: dict[Kind, st.SearchStrategy[str]] = {
    Kind.ID: st.integers(0, 10**10 - 1).map(an_id),
    Kind.TEXT: st.one_of(
        st.lists(st.sampled_from(ODD), max_size=4).map("".join),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    ),
    Kind.DECIMAL: st.one_of(
        st.decimals(-(10**17), 10**17, allow_nan=False, places=3).map(str),
        st.sampled_from(["0", "-0", "0.00", "10.50", "1E+3", "1.5E-7", "123456789012345678.90"]),
    ),
    Kind.FLAG: st.sampled_from(["true", "false"]),
    Kind.DATE: st.dates(date(1700, 1, 1), date(4000, 12, 31)).map(date.isoformat),
    Kind.INSTANT: instants(),
}
NEVER_EMPTY = frozenset({"system_modstamp"})


def a_cell(field: FieldMap) -> st.SearchStrategy[str]:
    cell = CELLS[field.kind]
    return cell if field.column in NEVER_EMPTY else st.one_of(st.just(""), cell)


@st.composite
def pages(draw: st.DrawFn) -> list[list[str]]:
    rows = draw(
        st.lists(st.tuples(*(a_cell(each) for each in ORDER.fields[1:])), min_size=1, max_size=5)
    )
    return [[an_id(number), *row] for number, row in enumerate(rows)]


def a_row(number: int, name: str = "a name", second: int = 0, deleted: bool = False) -> list[str]:
    stamp = f"2026-05-04T12:00:{second:02d}.000Z"
    cells = {"Id": an_id(number), "Name": name, "SystemModstamp": stamp, "CreatedDate": stamp}
    cells |= {"IsDeleted": str(deleted).lower(), "Budget__c": "10.50"}
    return [cells.get(path, "") for path in ORDER.paths]


def store_quickly(engine: Engine, rows: Sequence[list[str]], load_no: int = 1) -> bool:
    with transaction(engine) as session:
        chunk = read_chunk(ORDER, rows, engine.dialect.name)
        return insert_new(session, chunk, load_no)


def store_carefully(engine: Engine, rows: Sequence[list[str]], load_no: int = 1) -> Tally:
    with transaction(engine) as session:
        return store_rows(session, ORDER, [read_cells(ORDER.fields, row) for row in rows], load_no)


def stored(engine: Engine) -> list[tuple[Any, ...]]:
    """The rows as the database holds them, with their types on SQLite."""
    names = [column.name for column in TABLE.columns]
    as_held = "{0}, typeof({0}), hex({0})" if engine.dialect.name == "sqlite" else "{0}::text"
    columns = ", ".join(as_held.format(name) for name in names)
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT {columns} FROM sf_order ORDER BY 1"))  # noqa: S608
        return [tuple(row) for row in found]


def clear(engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(delete(TABLE))


@given(pages())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=25,
)
def test_the_quick_way_stores_what_the_careful_way_stores(
    engine: Engine, rows: list[list[str]]
) -> None:
    clear(engine)
    assert store_quickly(engine, rows)
    quick = stored(engine)
    clear(engine)
    store_carefully(engine, rows)

    assert quick == stored(engine)


@pytest.mark.parametrize("known", [1, 2, 3], ids=["the first", "one between", "the last"])
def test_a_chunk_with_a_row_that_is_known_is_left_to_the_careful_way(
    engine: Engine, known: int
) -> None:
    store_carefully(engine, [a_row(known, second=30)], load_no=1)
    before = stored(engine)

    assert not store_quickly(engine, [a_row(1), a_row(2), a_row(3)], load_no=2)
    assert stored(engine) == before


def test_a_row_twice_in_a_chunk_is_left_to_the_careful_way(engine: Engine) -> None:
    rows = [a_row(1), a_row(2, "older"), a_row(2, "newer", second=1), a_row(3)]

    assert not store_quickly(engine, rows)
    assert stored(engine) == []


def test_the_rows_around_a_refused_chunk_stay_in_their_transaction(engine: Engine) -> None:
    store_carefully(engine, [a_row(5)])
    with transaction(engine) as session:
        for rows in ([a_row(1), a_row(2)], [a_row(4), a_row(5), a_row(6)]):
            insert_new(session, read_chunk(ORDER, rows, engine.dialect.name), 2)

    with transaction(engine) as session:
        marks = session.execute(select(TABLE.c.salesforce_id, TABLE.c.seen_in_load))
        assert sorted(tuple(mark) for mark in marks) == [
            (an_id(1), 2),
            (an_id(2), 2),
            (an_id(5), 1),
        ]


def test_more_rows_than_a_statement_takes_are_stored(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "PARAMETERS", 3 * (len(ORDER.fields) + 1))
    rows = [a_row(number, deleted=number == 4) for number in range(1, 8)]

    assert store_quickly(engine, rows)
    quick = stored(engine)
    clear(engine)
    store_carefully(engine, rows)
    assert quick == stored(engine)


def test_a_chunk_counts_what_is_in_the_recycle_bin() -> None:
    rows = [a_row(1, deleted=True), a_row(2), a_row(3, deleted=True)]

    assert read_chunk(ORDER, rows, "sqlite").deleted == 2


@pytest.mark.parametrize(
    ("path", "cell"),
    [
        ("Budget__c", "ten"),
        ("EffectiveDate", "2026-02-30"),
        ("CreatedDate", "yesterday"),
        ("IsDeleted", "yes"),
    ],
)
def test_a_cell_that_is_not_of_its_kind_is_refused(path: str, cell: str) -> None:
    row = a_row(1)
    row[ORDER.paths.index(path)] = cell

    with pytest.raises((ValueError, ArithmeticError, KeyError)):
        read_chunk(ORDER, [row], "sqlite")


@given(st.times().map(lambda at: at.isoformat("milliseconds") + "Z"))
def test_a_time_of_day_is_stored_and_summed_as_in_the_careful_way(cell: str) -> None:
    fields = (*ORDER.fields[:2], FieldMap("opens_at", "Opens_At__c", Kind.TIME))
    mapping = replace(ORDER, fields=fields)
    row = [an_id(1), "false", cell]
    process = TYPES[Kind.TIME].dialect_impl(sqlite.dialect()).bind_processor(sqlite.dialect())
    careful = read_cells(fields, row)

    with patch.dict(BY_SOBJECT, {"Order": mapping}):
        chunk = read_chunk(mapping, [row], "sqlite")

    assert [column[0] for column in chunk.stored] == [
        an_id(1),
        False,
        process(careful["opens_at"]),
        checksum_of(mapping, careful),
    ]


@pytest.mark.parametrize("dialect", STORED)
def test_every_kind_has_a_quick_way(dialect: str) -> None:
    assert set(CANONICAL) | {Kind.ID, Kind.TEXT} == set(Kind)
    assert set(STORED[dialect]) <= set(CANONICAL)
