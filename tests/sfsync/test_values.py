"""Values of answers become Python values, and equal ones are recognised."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from sfsync.mapping import FieldMap, Kind
from sfsync.values import are_equal, read_cell, read_decimal, read_field, read_instant


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (Kind.TEXT, "NA", "NA"),
        (Kind.TEXT, "null", "null"),
        (Kind.DECIMAL, 5, Decimal(5)),
        (Kind.DECIMAL, Decimal("0.10"), Decimal("0.10")),
        (Kind.FLAG, False, False),
        (Kind.DATE, "2026-02-28", date(2026, 2, 28)),
        (Kind.INSTANT, "2026-11-20T07:00:00.000+0000", datetime(2026, 11, 20, 7, tzinfo=UTC)),
        (Kind.INSTANT, "2026-11-20T08:00:00+01:00", datetime(2026, 11, 20, 7, tzinfo=UTC)),
        (Kind.INSTANT, "2026-11-20T07:00:00Z", datetime(2026, 11, 20, 7, tzinfo=UTC)),
        (Kind.TIME, "10:40:55.666Z", time(10, 40, 55, 666000)),
        (Kind.FLAG, None, False),
        (Kind.TEXT, None, None),
        (Kind.DECIMAL, None, None),
    ],
)
def test_each_kind_is_read_exactly(kind: Kind, given: object, expected: object) -> None:
    assert read_field({"X": given}, FieldMap("x", "X", kind)) == expected


def test_a_value_behind_an_empty_lookup_is_empty() -> None:
    field = FieldMap("record_type", "RecordType.DeveloperName")

    assert read_field({"RecordType": None}, field) is None
    assert read_field({"RecordType": {"DeveloperName": "Manufacturer"}}, field) == "Manufacturer"


def test_only_true_and_false_are_checkboxes() -> None:
    with pytest.raises(TypeError):
        read_field({"X": "false"}, FieldMap("x", "X", Kind.FLAG))
    with pytest.raises(KeyError):
        read_cell("1", FieldMap("x", "X", Kind.FLAG))


def test_a_checkbox_behind_an_empty_lookup_is_unknown() -> None:
    field = FieldMap("x", "Account.Payouts_Ready__c", Kind.FLAG)

    assert read_field({"Account": None}, field) is None
    assert read_cell("", field) is None


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError):
        read_decimal(0.1)


@pytest.mark.parametrize(
    ("sent", "found", "expected"),
    [
        (Decimal("5.00"), 5, True),
        (Decimal("5.01"), 5, False),
        ("", None, True),
        (None, None, True),
        (0, None, False),
        (Decimal(0), None, False),
        (False, False, True),
        ("2026-11-20T07:00:00.500+0000", "2026-11-20T07:00:00.000+0000", True),
        ("2026-11-20T08:00:00+01:00", "2026-11-20T07:00:00.000+0000", True),
        ("2026-11-20T07:00:01.000+0000", "2026-11-20T07:00:00.000+0000", False),
        ("Acme", "ACME", False),
        ("2026-11-20", "2026-11-20", True),
    ],
)
def test_what_was_sent_is_compared_by_meaning(sent: object, found: object, expected: bool) -> None:
    assert are_equal(sent, found) is expected


def test_an_instant_is_aware_utc() -> None:
    assert read_instant("2026-11-20T07:00:00.000+0000").tzinfo is UTC
