"""No value can change the meaning of a query."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfsync.soql import encoded_bytes, soql


def test_values_are_spelled_by_their_type() -> None:
    text = soql(
        "a = {text} AND b = {number} AND c = {amount} AND d = {flag} AND e = {day} AND f = {at}"
        " AND g = {nothing} AND h IN {many}",
        text='O\'Neil \\ "x"\n',
        number=3,
        amount=Decimal("12.50"),
        flag=True,
        day=date(2026, 11, 20),
        at=datetime(2026, 11, 20, 7, 0, 0, 999, tzinfo=UTC),
        nothing=None,
        many=["x", "y'z"],
    )

    assert text == (
        "a = 'O\\'Neil \\\\ \\\"x\\\"\\n' AND b = 3 AND c = 12.50 AND d = true AND e = 2026-11-20"
        " AND f = 2026-11-20T07:00:00+00:00 AND g = null AND h IN ('x','y\\'z')"
    )


@given(st.text())
def test_a_quote_in_a_value_never_ends_the_literal(value: str) -> None:
    quoted = soql("{value}", value=value)

    inner = quoted[1:-1].replace("\\\\", "").replace("\\'", "")
    assert quoted[0] == quoted[-1] == "'"
    assert "'" not in inner


def test_what_soql_cannot_express_is_refused() -> None:
    with pytest.raises(ValueError, match="empty list"):
        soql("Id IN {ids}", ids=[])
    with pytest.raises(ValueError, match="no time zone"):
        soql("At > {at}", at=datetime(2026, 1, 1))
    with pytest.raises(KeyError):
        soql("Id = {id}")


def test_the_size_in_an_address_counts_escapes() -> None:
    assert encoded_bytes("a b'ż") == len("a%20b%27%C5%BC")
