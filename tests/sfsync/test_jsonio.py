"""Amounts keep every digit on their way to Salesforce and back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfsync import jsonio

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**16)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_whatever_is_written_is_read_back_unchanged(value: object) -> None:
    assert jsonio.loads(jsonio.dumps(value)) == value


@given(values)
def test_the_text_is_json_that_anybody_can_read(value: object) -> None:
    json.loads(jsonio.dumps(value))


def test_an_amount_of_eighteen_digits_is_written_as_it_is() -> None:
    assert jsonio.dumps({"Price__c": Decimal("9999999999999999.99")}) == (
        '{"Price__c":9999999999999999.99}'
    )
    assert jsonio.dumps(Decimal("1E+3")) == "1000"


def test_dates_and_instants_take_salesforces_form() -> None:
    summer = datetime(2026, 7, 1, 9, 30, 15, 123999, tzinfo=timezone(timedelta(hours=2)))

    assert jsonio.dumps(summer) == '"2026-07-01T07:30:15.123+0000"'
    assert jsonio.dumps(date(2026, 7, 1)) == '"2026-07-01"'


@pytest.mark.parametrize(
    "value", [0.1, Decimal("NaN"), Decimal("Infinity"), datetime(2026, 1, 1), {1}, b"x", object()]
)
def test_what_has_no_exact_spelling_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        jsonio.dumps({"value": value})


def test_keys_can_be_sorted_so_that_equal_payloads_have_equal_text() -> None:
    assert jsonio.dumps({"b": 1, "a": {"d": 1, "c": 2}}, sort_keys=True) == (
        '{"a":{"c":2,"d":1},"b":1}'
    )


def test_text_is_never_taken_for_something_else() -> None:
    for text in ("NA", "null", "None", "12.50", "", "żółć 🚚", 'quote " and \\'):
        assert jsonio.loads(jsonio.dumps([text])) == [text]


def test_an_aware_instant_of_any_zone_is_written_in_utc() -> None:
    assert jsonio.spell_instant(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000+0000"
