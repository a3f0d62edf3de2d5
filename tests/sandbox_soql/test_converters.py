"""The shortcut from stored to shown values agrees with the long way."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from sandbox.org.schema import Field, FieldType
from sandbox.org.values import from_sql, to_json, to_sql
from sandbox.soql.converters import convert_column, json_converter

SAMPLES: dict[FieldType, list[object]] = {
    FieldType.CHECKBOX: [True, False],
    FieldType.NUMBER: [Decimal("0.00"), Decimal("-12.34"), Decimal("9999999999999999.99")],
    FieldType.CURRENCY: [Decimal("0.01"), Decimal("120.00")],
    FieldType.PERCENT: [Decimal("12.50")],
    FieldType.DATE: [date(2026, 2, 28), date(1, 1, 1)],
    FieldType.DATETIME: [datetime(2026, 11, 20, 7, 0, 59, tzinfo=UTC)],
    FieldType.TIME: [time(8, 30), time(23, 59, 59, 999000)],
}


@pytest.mark.parametrize("kind", list(FieldType))
@pytest.mark.parametrize("scale", [0, 2])
def test_both_ways_to_show_a_stored_value_agree(kind: FieldType, scale: int) -> None:
    field = Field("X", kind, scale=scale)
    is_number = kind in {FieldType.NUMBER, FieldType.CURRENCY, FieldType.PERCENT}
    samples = SAMPLES.get(kind, ["text", "Łódź"])
    if is_number and scale == 0:
        samples = [Decimal(0), Decimal(-5), Decimal(10**15)]
    stored = [to_sql(field, value) for value in samples]

    shown = list(convert_column(stored, json_converter(field)))

    expected = [to_json(field, from_sql(field, raw)) for raw in stored]
    assert shown == expected
    assert [type(value) for value in shown] == [type(value) for value in expected]


def test_missing_values_stay_missing() -> None:
    for kind in FieldType:
        converter = json_converter(Field("X", kind, scale=2))
        assert list(convert_column([None], converter)) == [None]
