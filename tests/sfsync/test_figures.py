"""Figures by day: which are comparable, how far a query reaches, when two of them are the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from simple_salesforce.api import Salesforce

from sfsync.about_org import describe_many
from sfsync.batch import get_many
from sfsync.exports import is_export_cheaper
from sfsync.figures import (
    DayBook,
    Measures,
    choose_measures,
    figure_paths,
    read_figures,
)
from sfsync.keyset import Span
from sfsync.mapping import MAPPINGS, ORDER, ORDER_PROPOSAL, FieldMap, Kind
from sfsync.scanning import MOST_SPANS, spans_of

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RANK = FieldMap("rank", "Rank__c", Kind.DECIMAL)
MEASURES = Measures(counted=(RANK,), summed=(RANK,))


def a_row(stamp: datetime = NOON, rank: object = Decimal(3), **change: Any) -> dict[str, Any]:
    return {"system_modstamp": stamp, "is_deleted": False, "rank": rank, **change}


def an_answer(day: str, total: int, newest: str, count: int, sum_: object) -> dict[str, Any]:
    return {"stampDay": day, "total": total, "newest": newest, "count0": count, "sum0": sum_}


def a_book(*rows: dict[str, Any]) -> DayBook:
    book = DayBook(MEASURES, NOON + timedelta(days=1))
    for row in rows:
        book.add(row)
    return book


def test_money_is_counted_and_never_summed(sf: Salesforce) -> None:
    describes = describe_many(sf, [mapping.sobject for mapping in MAPPINGS])
    order = choose_measures(ORDER, describes["Order"])
    proposal = choose_measures(ORDER_PROPOSAL, describes["Order_Proposal__c"])

    assert {"Budget__c", "Deposit_Amount__c"} <= {each.path for each in order.counted}
    assert order.summed == ()
    assert {each.path for each in proposal.summed} == {"Lead_Time_Days__c", "Rank__c"}
    assert "Price__c" not in {each.path for each in proposal.summed}


def test_what_soql_cannot_count_is_left_out(sf: Salesforce) -> None:
    order = choose_measures(ORDER, describe_many(sf, ["Order"])["Order"])

    counted = {each.path for each in order.counted}
    assert counted.isdisjoint({"Deposit_Required__c", "Description"})


def test_formulas_are_left_out() -> None:
    facts = {"type": "double", "nillable": True, "aggregatable": True}
    fields = [
        {"name": "Rank__c", "calculated": True, **facts},
        {"name": "Lead_Time_Days__c", "calculated": False, **facts},
    ]

    found = choose_measures(ORDER_PROPOSAL, {"fields": fields})

    assert [each.path for each in found.counted] == ["Lead_Time_Days__c"]
    assert found.summed == found.counted


def test_the_org_answers_every_figure_that_is_asked_for(sf: Salesforce) -> None:
    describes = describe_many(sf, [mapping.sobject for mapping in MAPPINGS])
    measures = {m.sobject: choose_measures(m, describes[m.sobject]) for m in MAPPINGS}
    paths = [path for m in MAPPINGS for path in figure_paths(m, measures[m.sobject], None, NOON)]

    answers = [answer.unwrap() for answer in get_many(sf, paths)]

    assert [answer["totalSize"] for answer in answers] == [0, 0, 0]


def test_days_of_many_years_are_asked_for_in_pieces_that_miss_no_second() -> None:
    first_day = NOON.date() - timedelta(days=4_000)
    paths = figure_paths(ORDER, Measures(), first_day, NOON)

    texts = [parse_qs(urlsplit(path).query)["q"][0] for path in paths]
    assert len(texts) == 3
    assert "SystemModstamp >= 2021-02-19T11:59:59" in texts[0]
    assert "SystemModstamp <= 2021-02-19T11:59:58" in texts[1]
    assert "SystemModstamp >=" not in texts[2]


def test_a_day_that_two_queries_share_is_one_day() -> None:
    rows = [
        an_answer("2026-05-04", 2, "2026-05-04T11:00:00.000Z", 1, Decimal("1.5")),
        an_answer("2026-05-04", 1, "2026-05-04T10:00:00.000Z", 1, Decimal(2)),
        an_answer("2026-05-05", 1, "2026-05-05T10:00:00.000Z", 0, None),
    ]

    found = read_figures(rows, MEASURES)

    (day, other) = found.values()
    assert (day.rows, day.counts, day.sums) == (3, [2], [Decimal("3.5")])
    assert day.newest == datetime(2026, 5, 4, 11, tzinfo=UTC)
    assert (other.rows, other.counts, other.sums) == (1, [0], [Decimal(0)])


def parted(book: DayBook, *answers: dict[str, Any]) -> list[date]:
    return book.parted_from(read_figures(answers, MEASURES))


def test_days_part_by_rows_stamps_counts_and_sums() -> None:
    book = a_book(a_row(), a_row(NOON - SECOND, None))
    newest = "2026-05-04T12:00:00.000Z"

    assert parted(book, an_answer("2026-05-04", 2, newest, 1, Decimal("3.00"))) == []
    for other in (
        an_answer("2026-05-04", 3, newest, 1, Decimal(3)),
        an_answer("2026-05-04", 2, "2026-05-04T12:00:01.000Z", 1, Decimal(3)),
        an_answer("2026-05-04", 2, newest, 2, Decimal(3)),
        an_answer("2026-05-04", 2, newest, 1, Decimal("3.01")),
        an_answer("2026-05-05", 2, newest, 1, Decimal(3)),
    ):
        assert NOON.date() in parted(book, other)
    assert parted(book) == [NOON.date()]


def test_a_sum_of_doubles_is_the_sum_of_decimals() -> None:
    book = a_book(a_row(rank=Decimal("0.1")), a_row(rank=Decimal("0.2")))
    of_doubles = Decimal("0.30000000000000004")

    assert parted(book, an_answer("2026-05-04", 2, "2026-05-04T12:00:00.000Z", 2, of_doubles)) == []


def test_deleted_rows_and_news_are_in_no_figure() -> None:
    book = a_book(a_row(is_deleted=True), a_row(NOON + timedelta(days=1)))

    assert parted(book) == []
    book.replace([a_row(is_deleted=True)], [])
    assert parted(book) == []


def test_rows_that_were_replaced_leave_their_day() -> None:
    book = a_book(a_row(), a_row(NOON - timedelta(days=2)))

    book.replace([a_row()], [a_row(NOON - timedelta(days=2), Decimal(5))])

    stamp = "2026-05-02T12:00:00.000Z"
    assert parted(book, an_answer("2026-05-02", 2, stamp, 2, Decimal(8))) == []


def test_neighbouring_days_are_one_span_and_many_are_one_too() -> None:
    days = [date(2026, 5, 1), date(2026, 5, 2), date(2026, 5, 4)]
    scattered = [date(2026, 1, 1) + timedelta(days=2 * n) for n in range(MOST_SPANS + 1)]
    may = datetime(2026, 5, 1, tzinfo=UTC)

    assert spans_of(days, NOON) == [
        Span(datetime(2026, 5, 2, 23, 59, 59, tzinfo=UTC), may),
        Span(NOON - SECOND, datetime(2026, 5, 4, tzinfo=UTC)),
    ]
    assert spans_of(scattered, NOON) == [
        Span(datetime(2026, 4, 11, 23, 59, 59, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    ]


def test_versions_are_exported_where_that_takes_fewer_calls() -> None:
    asked = [(1, 2_000), (1, 7_999), (1, 8_001), (25, 8_001), (50, 6_000), (1, 100_000)]

    found = [is_export_cheaper(rows, spans) for spans, rows in asked]

    assert found == [False, False, True, True, True, True]
