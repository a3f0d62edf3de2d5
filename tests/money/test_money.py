"""Money keeps every cent, refuses what it cannot express, and never mixes currencies."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from money import (
    EXPONENTS,
    CurrencyMismatch,
    CurrencyUnknown,
    MinorUnitFraction,
    Money,
    MoneyError,
    group_digits,
    is_currency,
    round_to_minor,
    total,
)

minors = st.integers(min_value=-(10**20), max_value=10**20)
currencies = st.sampled_from(["EUR", "JPY", "KWD", "CLF"])
moneys = st.builds(Money, minors, currencies)


@pytest.mark.parametrize(
    ("_case", "text", "currency", "minor"),
    [
        ("two decimals", "1000.10", "EUR", 100010),
        ("trailing zeros beyond the minor unit", "1000.100000", "EUR", 100010),
        ("no decimals", "1500", "JPY", 1500),
        ("zeros where the currency has no decimals", "1500.00", "JPY", 1500),
        ("three decimals", "1.234", "KWD", 1234),
        ("four decimals", "0.0001", "CLF", 1),
        ("negative", "-5.05", "PLN", -505),
        ("exponent notation", "1E+3", "EUR", 100000),
        (
            "more digits than the default context",
            "123456789012345678901234567890.12",
            "EUR",
            12345678901234567890123456789012,
        ),
        ("the largest of Currency(18,2)", "9999999999999999.99", "EUR", 999999999999999999),
    ],
)
def test_amounts_become_whole_minor_units(_case, text, currency, minor):
    assert Money.from_decimal(Decimal(text), currency) == Money(minor, currency)


@pytest.mark.parametrize(("text", "currency"), [("0.5", "JPY"), ("0.001", "EUR"), ("1E-9", "KWD")])
def test_a_fraction_of_a_minor_unit_is_refused(text, currency):
    with pytest.raises(MinorUnitFraction, match="round it on purpose"):
        Money.from_decimal(Decimal(text), currency)


def test_a_fraction_is_rounded_only_the_way_that_was_asked_for():
    half = Decimal("0.125")

    assert Money.from_decimal(half, "EUR", rounding=ROUND_HALF_EVEN) == Money(12, "EUR")
    assert Money.from_decimal(Decimal("0.999"), "EUR", rounding=ROUND_DOWN) == Money(99, "EUR")
    assert round_to_minor(Decimal("0.5"), "JPY") == Money(0, "JPY")
    assert round_to_minor(Decimal("1.5"), "JPY") == Money(2, "JPY")


@pytest.mark.parametrize("code", ["", "eur", "EURO", "XXX", "BTC"])
def test_an_unknown_currency_is_refused_by_name(code):
    assert not is_currency(code)
    with pytest.raises(CurrencyUnknown, match="not an ISO 4217 code"):
        Money(1, code)


@pytest.mark.parametrize("amount", [1.5, "1.5", 1, None])
def test_only_a_decimal_becomes_an_amount(amount):
    with pytest.raises(MoneyError, match="is not a Decimal"):
        Money.from_decimal(amount, "EUR")


@pytest.mark.parametrize("minor", [1.0, True, Decimal(1), "1"])
def test_minor_units_are_whole_numbers(minor):
    with pytest.raises(MoneyError, match="a whole number is needed"):
        Money(minor, "EUR")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1E+31"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(MoneyError, match="is not an amount of money"):
        Money.from_decimal(Decimal(text), "EUR")


def test_exponents_are_those_of_iso_4217():
    assert {code: EXPONENTS[code] for code in ("EUR", "USD", "PLN", "GBP", "CHF", "CZK")} == (
        dict.fromkeys(("EUR", "USD", "PLN", "GBP", "CHF", "CZK"), 2)
    )
    assert (EXPONENTS["JPY"], EXPONENTS["KWD"], EXPONENTS["CLF"]) == (0, 3, 4)
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(100010, "EUR"), "1 000.10 EUR"),
        (Money(5, "EUR"), "0.05 EUR"),
        (Money(-123456789, "PLN"), "-1 234 567.89 PLN"),
        (Money(1500, "JPY"), "1 500 JPY"),
        (Money(1, "KWD"), "0.001 KWD"),
        (Money(0, "JPY"), "0 JPY"),
    ],
)
def test_money_is_shown_with_grouped_thousands_and_its_currency(money, shown):
    assert str(money) == shown


def test_a_bare_number_is_shown_the_same_way():
    assert group_digits(Decimal("1234567.5")) == "1 234 567.5"


@pytest.mark.parametrize(
    "mix",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a >= b,
        lambda a, b: a.ratio(b),
        lambda a, b: total([a, b], "EUR"),
    ],
)
def test_two_currencies_never_meet(mix):
    with pytest.raises(CurrencyMismatch, match="different currencies"):
        mix(Money(1, "EUR"), Money(1, "USD"))


def test_equal_numbers_of_two_currencies_are_not_equal():
    assert Money(1, "EUR") != Money(1, "USD")


def test_a_converted_amount_is_not_rounded():
    assert Money(1, "EUR").convert(Decimal("0.333333")) == Decimal("0.00333333")
    assert Money(10**17 + 1, "EUR").convert(Decimal("1.000001")) == (
        Decimal("1000001000000000.01000001")
    )


def test_a_part_of_nothing_is_refused():
    assert Money(12, "EUR").ratio(Money(100, "EUR")) == Decimal("0.12")
    with pytest.raises(MoneyError, match="No part of"):
        Money(12, "EUR").ratio(Money.zero("EUR"))


def test_leftover_cents_go_to_the_largest_remainders_earlier_first():
    assert [m.minor for m in Money(100, "EUR").allocate([1, 1, 1])] == [34, 33, 33]
    assert [m.minor for m in Money(5, "EUR").allocate([Decimal("0.7"), Decimal("0.3")])] == [4, 1]
    assert [m.minor for m in Money(-100, "EUR").allocate([1, 1, 1])] == [-33, -33, -34]


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_weights_that_cannot_share_are_refused(weights):
    with pytest.raises(MoneyError, match="cannot share"):
        Money(100, "EUR").allocate(weights)


@given(moneys)
def test_an_amount_survives_the_way_to_decimal_and_back(money):
    assert Money.from_decimal(money.to_decimal(), money.currency) == money
    assert -money.to_decimal().as_tuple().exponent == EXPONENTS[money.currency]


@given(moneys, st.lists(st.integers(0, 10**9), min_size=1).filter(any))
def test_shares_add_up_and_differ_from_exact_by_less_than_one_unit(money, weights):
    shares = money.allocate(weights)

    assert total(shares, money.currency) == money
    whole = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share.minor * whole - money.minor * weight) < whole


@given(minors, minors, currencies)
def test_arithmetic_is_that_of_whole_numbers(a, b, currency):
    one, other = Money(a, currency), Money(b, currency)

    assert (one + other) - other == one
    assert one + -one == Money.zero(currency)
    assert (one < other, one <= other, one > other, one >= other) == (a < b, a <= b, a > b, a >= b)
    assert one * 3 == one + one + one


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12
    )
)
def test_an_amount_is_either_exact_or_refused(amount):
    try:
        money = Money.from_decimal(amount, "EUR")
    except MinorUnitFraction:
        assert amount != amount.quantize(Decimal("0.01"))
    else:
        assert money.to_decimal() == amount
