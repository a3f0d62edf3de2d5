"""Reading of single cells: dates, amounts, countries, counts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreadsheets.amounts import currency_in, read_amount, read_currency
from spreadsheets.columns import Column
from spreadsheets.dates import decide_day_first, read_date, read_instant
from spreadsheets.problems import CellRejected
from spreadsheets.words import read_country, read_whole_number, read_yes_no

PLAIN = Column(currencies=frozenset({"EUR", "PLN"}))


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        (date(2026, 3, 12), date(2026, 3, 12)),
        (datetime(2026, 3, 12, 23, 59), date(2026, 3, 12)),
        (46093, date(2026, 3, 12)),
        ("46093", date(2026, 3, 12)),
        ("2026-03-12", date(2026, 3, 12)),
        ("2026/3/12", date(2026, 3, 12)),
        ("12.03.2026", date(2026, 3, 12)),
        ("12. 3. 2026", date(2026, 3, 12)),
        ("13/03/2026", date(2026, 3, 13)),
        ("03/13/2026", date(2026, 3, 13)),
        ("04/04/2026", date(2026, 4, 4)),
        ("12 March 2026", date(2026, 3, 12)),
        ("March 12, 2026", date(2026, 3, 12)),
        ("12 marca 2026", date(2026, 3, 12)),
        ("12. März 2026", date(2026, 3, 12)),
    ],
)
def test_a_date_is_read_in_every_usual_notation(typed: object, day: date) -> None:
    assert read_date(typed, PLAIN) == day


@pytest.mark.parametrize(
    "typed", ["soon", "31.02.2026", "2026-13-01", 7, 99999999, "12 Foo 2026", "Q2/2026", True, 3.5]
)
def test_what_is_no_date_is_refused_with_a_remedy(typed: object) -> None:
    with pytest.raises(CellRejected) as caught:
        read_date(typed, PLAIN)

    assert "2026-03-12" in caught.value.remedy


def test_a_slashed_date_with_two_readings_is_refused_and_both_are_named() -> None:
    with pytest.raises(CellRejected) as caught:
        read_date("03/04/2026", PLAIN)

    assert caught.value.reason == "'03/04/2026' may be 2026-04-03 or 2026-03-04."


@pytest.mark.parametrize(
    ("texts", "day_first"),
    [
        (["03/04/2026", "25/04/2026"], True),
        (["03/04/2026", "04/25/2026"], False),
        (["25/04/2026", "04/25/2026"], None),
        (["03/04/2026"], None),
        ([], None),
    ],
)
def test_a_column_decides_slashed_dates_only_when_it_does_not_contradict_itself(
    texts: list[str], day_first: bool | None
) -> None:
    assert decide_day_first(texts) is day_first


def test_the_column_settles_a_date_with_two_readings() -> None:
    assert read_date("03/04/2026", Column(day_first=True)) == date(2026, 4, 3)
    assert read_date("03/04/2026", Column(day_first=False)) == date(2026, 3, 4)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        (1000, "1000.00"),
        (0.1, "0.10"),
        ("1234,5", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1,234", "1234.00"),
        ("1.234", "1234.00"),
        ("1.234.567", "1234567.00"),
        ("12 500,00", "12500.00"),
        ("€ 7 500", "7500.00"),
        ("7500 zł", "7500.00"),
        ("7'500.00", "7500.00"),
        ("PLN 7500", "7500.00"),
        ("9999999999999999.99", "9999999999999999.99"),
    ],
)
def test_an_amount_is_read_with_any_usual_separators(typed: object, amount: str) -> None:
    assert str(read_amount(typed, PLAIN)) == amount


@pytest.mark.parametrize(
    "typed",
    [0, -5, "-5", "tbd", "1,2,3", "12.34.56", "1.5 k", 0.005, "10.005,1,1", True, "", 1e300],
)
def test_what_is_no_positive_amount_in_cents_is_refused(typed: object) -> None:
    with pytest.raises(CellRejected):
        read_amount(typed, PLAIN)


@given(st.integers(min_value=1, max_value=10**15), st.sampled_from(["{:,.2f}", "{:.2f}"]))
def test_a_printed_amount_reads_back_exactly_in_english_and_in_polish(
    cents: int, form: str
) -> None:
    amount = Decimal(cents) / 100
    english = form.format(amount)
    polish = english.translate(str.maketrans({",": " ", ".": ","}))
    german = english.translate(str.maketrans({",": ".", ".": ","}))

    assert read_amount(english, PLAIN) == amount
    assert read_amount(polish, PLAIN) == amount
    assert read_amount(german, PLAIN) == amount


@pytest.mark.parametrize(
    ("typed", "code"),
    [("€ 5", "EUR"), ("5 zł", "PLN"), ("5 USD", "USD"), ("5", None), ("5 kg", None)],
)
def test_the_currency_inside_an_amount_is_found(typed: str, code: str | None) -> None:
    assert currency_in(typed) == code


def test_a_currency_that_we_do_not_trade_in_is_refused_with_the_list() -> None:
    with pytest.raises(CellRejected) as caught:
        read_currency("XBT", PLAIN)

    assert caught.value.remedy == "Use one of EUR, PLN."


@pytest.mark.parametrize(
    ("typed", "name"),
    [("PL", "Poland"), ("polska", "Poland"), ("Deutschland", "Germany"), ("UK", "United Kingdom"),
     ("España", "Spain"), ("Czech Republic", "Czechia")],
)  # fmt: skip
def test_a_country_is_known_by_code_and_by_name_in_several_languages(typed: str, name: str) -> None:
    assert read_country(typed, PLAIN) == name


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(CellRejected, match="Freedonia"):
        read_country("Freedonia", PLAIN)


@pytest.mark.parametrize(
    ("typed", "count"), [(250, 250), (250.0, 250), ("1 000", 1000), ("1,000", 1000)]
)
def test_a_count_is_read(typed: object, count: int) -> None:
    assert read_whole_number(typed, PLAIN) == count


@pytest.mark.parametrize("typed", [2.5, "2.5", 0, -1, "many"])
def test_what_is_no_count_is_refused_and_never_multiplied_by_ten(typed: object) -> None:
    with pytest.raises(CellRejected):
        read_whole_number(typed, PLAIN)


def test_yes_and_no_are_read_and_maybe_is_refused() -> None:
    assert read_yes_no("Tak", PLAIN) is True
    assert read_yes_no("no", PLAIN) is False
    with pytest.raises(CellRejected):
        read_yes_no("maybe", PLAIN)


def test_a_moment_is_read_to_the_second_and_an_hour_of_25_is_refused() -> None:
    assert read_instant("12.03.2026 14:30", PLAIN) == datetime(2026, 3, 12, 14, 30)
    with pytest.raises(CellRejected):
        read_instant("12.03.2026 25:00", PLAIN)
    with pytest.raises(CellRejected):
        read_instant("12.03.2026", PLAIN)
