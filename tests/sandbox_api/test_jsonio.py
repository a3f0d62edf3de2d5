from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api import jsonio
from sandbox.org.errors import OrgError

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | DECIMALS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_a_decimal_is_written_with_its_own_digits() -> None:
    assert jsonio.dumps({"Price__c": Decimal("0.10")}) == b'{"Price__c":0.10}'
    assert jsonio.dumps([Decimal("1E+3"), Decimal("-0.00")]) == b"[1000,-0.00]"


def test_a_fraction_is_read_as_decimal_and_a_whole_number_as_int() -> None:
    assert jsonio.loads(b'[0.10, 7, "0.10"]') == [Decimal("0.10"), 7, "0.10"]


@given(VALUES)
def test_what_is_written_is_read_back_equal(value: object) -> None:
    assert jsonio.loads(jsonio.dumps(value)) == value


def test_text_that_looks_like_the_secret_mark_stays_text() -> None:
    assert jsonio.loads(jsonio.dumps("\x00abc:1.5")) == "\x00abc:1.5"


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a": NaN}', b"[" * 100_000, b'"\\ud800"', b"\xff\xfe\xfa", b"1" * 5000]
)
def test_a_body_that_is_not_json_is_refused_by_code(body: bytes) -> None:
    with pytest.raises(OrgError) as caught:
        jsonio.loads(body)

    assert caught.value.items[0].code == "JSON_PARSER_ERROR"


@pytest.mark.parametrize(
    "body",
    [
        b'"\xed\xa0\x80"',
        '"\ud800"'.encode("utf-16-le", "surrogatepass"),
        b"1e99999999999999999999",
        b"[" * 102 + b"]" * 102,
        b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
    ],
    ids=["half a character", "half in UTF-16", "an exponent beyond all", "deep", "very deep"],
)
def test_a_body_that_would_stop_its_readers_later_is_refused_at_once(body: bytes) -> None:
    with pytest.raises(OrgError) as caught:
        jsonio.loads(body)

    assert caught.value.items[0].code == "JSON_PARSER_ERROR"


def test_a_number_with_a_huge_exponent_is_not_spelled_out() -> None:
    assert jsonio.dumps(jsonio.loads(b"[1e999999999, -1e-999999999]")) == (
        b"[1E+999999999,-1E-999999999]"
    )
