from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.org.errors import OrgError
from sandbox.org.schema import Field, FieldType
from sandbox.org.values import canonical, from_json, from_sql, to_json, to_sql

PRICE = Field("Price__c", FieldType.CURRENCY, "Price", precision=18, scale=2)
COUNT = Field("Count__c", FieldType.NUMBER, "Count", precision=4, scale=0)
NAME = Field("Name", FieldType.TEXT, "Name", length=5)
STAMP = Field("At__c", FieldType.DATETIME, "At")
DAY = Field("On__c", FieldType.DATE, "On")
CLOCK_TIME = Field("Time__c", FieldType.TIME, "Time")
FLAG = Field("Flag__c", FieldType.CHECKBOX, "Flag")
LOOKUP = Field("AccountId", FieldType.LOOKUP, "Account", reference_to=("Account",))

CENTS = st.integers(-(10**18) + 1, 10**18 - 1)
INSTANTS = st.datetimes(
    datetime(1700, 1, 1),
    datetime(3999, 12, 31),
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=0))
TIMES = st.times().map(lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000))


@given(CENTS)
def test_an_18_digit_amount_survives_sql_to_the_cent(cents: int) -> None:
    amount = Decimal(cents).scaleb(-2)

    with sqlite3.connect(":memory:") as connection:
        stored = connection.execute("SELECT ?", (to_sql(PRICE, amount),)).fetchone()[0]
    connection.close()

    assert stored == cents
    assert from_sql(PRICE, stored) == amount
    assert str(from_sql(PRICE, stored)) == str(amount)


@given(CENTS)
def test_an_18_digit_amount_survives_json_to_the_cent(cents: int) -> None:
    amount = Decimal(cents).scaleb(-2)

    assert from_json(PRICE, to_json(PRICE, amount)) == amount
    assert from_json(PRICE, str(amount)) == amount


@given(INSTANTS)
def test_an_instant_survives_sql_and_json(moment: datetime) -> None:
    assert from_sql(STAMP, to_sql(STAMP, moment)) == moment
    assert from_json(STAMP, to_json(STAMP, moment)) == moment


@given(st.dates())
def test_a_date_survives_sql_and_json(day: date) -> None:
    assert from_sql(DAY, to_sql(DAY, day)) == day
    assert from_json(DAY, to_json(DAY, day)) == day


@given(TIMES)
def test_a_time_of_day_survives_sql_and_json(moment: time) -> None:
    assert from_sql(CLOCK_TIME, to_sql(CLOCK_TIME, moment)) == moment
    assert from_json(CLOCK_TIME, to_json(CLOCK_TIME, moment)) == moment


@given(INSTANTS, INSTANTS)
def test_stored_instants_sort_as_instants(one: datetime, other: datetime) -> None:
    assert (str(to_sql(STAMP, one)) < str(to_sql(STAMP, other))) == (one < other)


def test_wire_forms_are_salesforces() -> None:
    moment = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)

    assert to_json(STAMP, moment) == "2026-11-20T07:00:00.000+0000"
    assert to_json(DAY, date(2026, 11, 20)) == "2026-11-20"
    assert to_json(CLOCK_TIME, time(7, 5)) == "07:05:00.000Z"
    assert to_json(COUNT, Decimal(7)) == 7
    assert type(to_json(COUNT, Decimal(7))) is int
    assert to_json(PRICE, Decimal("7.50")) == Decimal("7.50")
    assert to_json(FLAG, False) is False
    assert to_json(NAME, None) is None


def test_stored_forms_are_the_agreed_ones() -> None:
    assert to_sql(PRICE, Decimal("7.50")) == 750
    assert to_sql(STAMP, datetime(2026, 11, 20, 7, tzinfo=UTC)) == "2026-11-20T07:00:00Z"
    assert to_sql(DAY, date(2026, 11, 20)) == "2026-11-20"
    assert to_sql(CLOCK_TIME, time(7, 5)) == "07:05:00.000"
    assert to_sql(FLAG, True) == 1
    assert to_sql(FLAG, None) == 0
    assert from_sql(FLAG, None) is False
    assert to_sql(NAME, None) is None


@pytest.mark.parametrize("blank", ["", "   ", "\n"])
def test_blank_text_is_no_value(blank: str) -> None:
    assert from_json(NAME, blank) is None
    assert canonical(NAME, blank) is None


def test_instants_lose_their_zone_and_their_fraction_but_not_their_moment() -> None:
    expected = datetime(2026, 11, 20, 6, 0, 59, tzinfo=UTC)

    assert from_json(STAMP, "2026-11-20T07:00:59.987+01:00") == expected
    assert from_json(STAMP, "2026-11-20T06:00:59.000+0000") == expected
    assert from_json(STAMP, "2026-11-20T06:00:59Z") == expected


def test_numbers_are_rounded_half_up_to_the_scale() -> None:
    assert from_json(PRICE, Decimal("1.005")) == Decimal("1.01")
    assert from_json(PRICE, "1.004") == Decimal("1.00")
    assert from_json(PRICE, Decimal("-1.005")) == Decimal("-1.01")
    assert str(from_json(PRICE, 7)) == "7.00"


def test_text_that_spells_a_truth_or_a_number_is_taken_for_one() -> None:
    assert from_json(FLAG, "true") is True
    assert from_json(FLAG, "False") is False
    assert from_json(FLAG, None) is False
    assert from_json(PRICE, " 12.50 ") == Decimal("12.50")


def test_short_ids_become_long_ones() -> None:
    assert from_json(LOOKUP, "001A0000006Vm9r") == "001A0000006Vm9rIAC"


REFUSALS = [
    ("a number for text", NAME, 5, "JSON_PARSER_ERROR"),
    ("a truth for text", NAME, True, "JSON_PARSER_ERROR"),
    ("an object for text", NAME, {"a": 1}, "JSON_PARSER_ERROR"),
    ("a list for a number", PRICE, [1], "JSON_PARSER_ERROR"),
    ("a truth for a number", PRICE, True, "JSON_PARSER_ERROR"),
    ("words for a number", PRICE, "twelve", "JSON_PARSER_ERROR"),
    ("not a number", PRICE, "NaN", "JSON_PARSER_ERROR"),
    ("a number for a truth", FLAG, 1, "JSON_PARSER_ERROR"),
    ("an impossible day", DAY, "2026-02-30", "JSON_PARSER_ERROR"),
    ("a week date", DAY, "2026-W05-1", "JSON_PARSER_ERROR"),
    ("an instant for a day", DAY, "2026-02-03T00:00:00Z", "JSON_PARSER_ERROR"),
    ("an instant without zone", STAMP, "2026-02-03T00:00:00", "JSON_PARSER_ERROR"),
    ("an impossible instant", STAMP, "2026-02-03T25:00:00Z", "JSON_PARSER_ERROR"),
    ("a day for an instant", STAMP, "2026-02-03", "JSON_PARSER_ERROR"),
    ("six letters into five", NAME, "abcdef", "STRING_TOO_LONG"),
    ("17 digits before the point", PRICE, Decimal("1e16"), "NUMBER_OUTSIDE_VALID_RANGE"),
    ("rounded up out of range", COUNT, Decimal("9999.5"), "NUMBER_OUTSIDE_VALID_RANGE"),
    ("an absurd exponent", PRICE, Decimal("1e999999"), "NUMBER_OUTSIDE_VALID_RANGE"),
    ("an exponent for no arithmetic", PRICE, Decimal("1e999999999"), "NUMBER_OUTSIDE_VALID_RANGE"),
    ("an infinite number", PRICE, Decimal("Infinity"), "NUMBER_OUTSIDE_VALID_RANGE"),
    ("a broken Id", LOOKUP, "001A0000006Vm9", "MALFORMED_ID"),
]


@pytest.mark.parametrize(("_case", "field", "raw", "code"), REFUSALS, ids=[r[0] for r in REFUSALS])
def test_a_value_of_the_wrong_shape_is_refused(
    _case: str, field: Field, raw: object, code: str
) -> None:
    with pytest.raises(OrgError) as refusal:
        from_json(field, raw)

    (item,) = refusal.value.items
    assert item.code == code
    assert item.fields == (field.name,)


def test_the_longest_and_the_largest_value_pass() -> None:
    assert from_json(NAME, "abcde") == "abcde"
    assert from_json(PRICE, Decimal("9999999999999999.99")) == Decimal("9999999999999999.99")
    assert from_json(COUNT, "9999.4") == Decimal(9999)


def test_an_address_without_a_domain_is_no_email() -> None:
    email = Field("Email", FieldType.EMAIL, "Email", length=80)

    assert from_json(email, "ops@manufaktura.example") == "ops@manufaktura.example"
    with pytest.raises(OrgError, match="INVALID_EMAIL_ADDRESS"):
        from_json(email, "ops@localhost")


def test_a_float_is_a_bug_and_not_a_value() -> None:
    with pytest.raises(TypeError, match="parse_float=Decimal"):
        from_json(PRICE, 0.1)
    with pytest.raises(TypeError, match="Decimal"):
        canonical(PRICE, 0.1)


def test_a_formula_result_is_brought_to_the_fields_form() -> None:
    assert str(canonical(PRICE, Decimal("1.005"))) == "1.01"
    assert canonical(FLAG, None) is False
    assert canonical(STAMP, datetime(2026, 1, 1, 0, 0, 0, 5, tzinfo=UTC)) == datetime(
        2026, 1, 1, tzinfo=UTC
    )
    assert canonical(DAY, datetime(2026, 1, 1, 5, tzinfo=UTC)) == date(2026, 1, 1)
    assert canonical(DAY, None) is None
