"""A table says a record exactly, or says that it cannot."""

from __future__ import annotations

import csv
import io
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfsync import ingest_table, jsonio
from sfsync.ingest_table import Cells, can_be_row, columns_of, cut_tables, spell_record

KEY = "External_Id__c"


def spell(**values: Any) -> Cells:
    return spell_record(KEY, {KEY: "A-1", **values})


def written(rows: list[Cells]) -> list[tuple[list[int], bytes]]:
    """The tables of these rows: the numbers of the rows in each, and its bytes."""
    tables = cut_tables(columns_of(rows), enumerate(rows))
    return [(owners, b"".join(table)) for owners, table in tables]


def parsed(data: bytes) -> list[Cells]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True))


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, "#N/A"),
        ("", "#N/A"),
        ("NA", "NA"),
        ("null", "null"),
        (" a ", " a "),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (Decimal("123456789012345678.90"), "123456789012345678.90"),
        (Decimal("1E+2"), "100"),
        ("2026-05-04", "2026-05-04"),
        ("2026-05-04T12:00:00.000+0000", "2026-05-04T12:00:00.000+0000"),
        ('a "b", c\r\nd\re\t🙂', 'a "b", c\r\nd\re\t🙂'),
    ],
)
def test_each_value_has_its_cell(value: object, cell: str) -> None:
    assert spell(Field__c=value) == {KEY: "A-1", "Field__c": cell}


def test_a_lookup_by_external_id_is_one_column() -> None:
    assert spell(Account={KEY: "HD-1"}) == {KEY: "A-1", "Account.External_Id__c": "HD-1"}


@pytest.mark.parametrize(
    "values",
    [
        {"Field__c": "#N/A"},
        {"Field__c": " #N/A "},
        {"Field__c": "  "},
        {"Field__c": "\r\n"},
        {"Field__c": "a\x00b"},
        {"Field__c": "a\x1bb"},
        {"Field__c": "x" * 32_001},
        {f"F{n}__c": "x" * 32_000 for n in range(13)},
        {"Field__c": ["a"]},
        {"Account": None},
        {"Account": {}},
        {"Account": {KEY: None}},
        {"Account": {KEY: ""}},
        {"Account": {KEY: "#N/A"}},
        {"Account": {KEY: "HD-1", "Name": "x"}},
        {"Account": {"Owner": {KEY: "x"}}},
        {KEY: " A-1"},
        {KEY: "#N/A"},
        {KEY: None},
    ],
)
def test_what_would_come_out_as_something_else_is_no_row(values: dict[str, Any]) -> None:
    record = {KEY: "A-1", **values}

    assert not can_be_row(KEY, record)
    with pytest.raises(ValueError, match="cannot be said"):
        spell_record(KEY, record)


def test_a_float_is_refused_as_everywhere() -> None:
    with pytest.raises(TypeError, match="no exact JSON spelling"):
        spell(Budget__c=0.1)


def test_rows_of_different_fields_share_a_header_and_keep_empty_cells() -> None:
    rows = [spell(Name="a"), spell(Site="b", Name=None)]

    ((owners, data),) = written(rows)

    assert owners == [0, 1]
    assert data.decode().splitlines() == [
        '"External_Id__c","Name","Site"',
        '"A-1","a",""',
        '"A-1","#N/A","b"',
    ]


def test_a_table_that_is_full_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_table, "FULL_BYTES", 20_000)
    rows = [spell(Name=f"{n}" * 100) for n in range(300)]

    tables = written(rows)

    assert [n for owners, _ in tables for n in owners] == list(range(300))
    assert len(tables) > 1
    assert all(len(data) < 20_000 + 16_384 for _, data in tables)
    assert [row for _, data in tables for row in parsed(data)] == rows


def test_no_rows_are_no_table() -> None:
    assert written([]) == []


def test_a_table_is_not_held_in_memory() -> None:
    rows = ((n, {KEY: f"A-{n}", "Name": "x" * 1_000}) for n in range(20_000))
    tracemalloc.start()
    try:
        ((_, sent),) = [
            (owners, sum(map(len, table))) for owners, table in cut_tables([KEY, "Name"], rows)
        ]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert sent > 20_000_000
    assert peak < 3_000_000


def test_a_table_can_be_sent_twice() -> None:
    rows = [spell(Name=f"{n}") for n in range(3)]
    for _, table in cut_tables(columns_of(rows), enumerate(rows)):
        first, second = b"".join(table), b"".join(table)

    assert first == second
    assert len(first) == len(table)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from(
        ["#N/A", "NA", "null", "", " ", '"', '""', ",", "\r\n", "\r", "\n", "🙂", "#n/a"]
    ),
)


@given(st.lists(st.dictionaries(st.sampled_from("ABCDE"), SCALARS), max_size=8))
def test_whatever_is_written_is_read_back_as_it_was(given_rows: list[dict[str, Any]]) -> None:
    records = [{KEY: f"K-{n}", **each} for n, each in enumerate(given_rows)]
    records = [record for record in records if can_be_row(KEY, record)]

    read = [
        row for _, data in written([spell_record(KEY, r) for r in records]) for row in parsed(data)
    ]

    assert [row[KEY] for row in read] == [record[KEY] for record in records]
    for row, record in zip(read, records, strict=True):
        for name in "ABCDE":
            assert row.get(name, "") == expected_cell(record, name)


def expected_cell(record: dict[str, Any], name: str) -> str:
    if name not in record:
        return ""
    value = record[name]
    if value in (None, ""):
        return "#N/A"
    return value if isinstance(value, str) else jsonio.dumps(value)
