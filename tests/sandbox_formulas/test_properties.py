"""Properties of any numbers and texts: exactness, round trips, no floats."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.org.formulas import FormulaError, to_field_value
from sandbox.org.formulas.registry import FUNCTIONS
from sandbox.org.schema import Field, FieldType
from tests.sandbox_formulas.builders import MemoryRecord, evaluate

EXACT = Context(prec=39, rounding=ROUND_HALF_UP)
AMOUNTS = st.decimals(
    min_value=-(10**16), max_value=10**16, places=2, allow_nan=False, allow_infinity=False
)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)


@given(AMOUNTS, AMOUNTS)
def test_arithmetic_equals_decimal_arithmetic(left: Decimal, right: Decimal) -> None:
    record = MemoryRecord({"Amount__c": left, "Budget__c": right})

    assert evaluate("Amount__c + Budget__c", record) == EXACT.add(left, right)
    assert evaluate("Amount__c - Budget__c", record) == EXACT.subtract(left, right)
    assert evaluate("Amount__c * Budget__c", record) == EXACT.multiply(left, right)
    assert evaluate("Amount__c < Budget__c", record) is (left < right)
    assert evaluate("MAX(Amount__c, Budget__c)", record) == max(left, right)
    assert evaluate("ABS(-Amount__c)", record) == abs(left)


@given(AMOUNTS, AMOUNTS.filter(bool))
def test_division_undoes_multiplication_to_33_digits(left: Decimal, right: Decimal) -> None:
    record = MemoryRecord({"Amount__c": left, "Budget__c": right})

    assert evaluate("ROUND(Amount__c / Budget__c * Budget__c, 2)", record) == left


@given(AMOUNTS, st.integers(-3, 4))
def test_round_equals_half_up_unless_nothing_is_left(value: Decimal, digits: int) -> None:
    found = evaluate(f"ROUND(Amount__c, {digits})", Amount__c=value)

    if abs(value) >= Decimal(10) ** -digits:
        assert found == value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, EXACT)
    else:
        assert abs(found) in (0, Decimal(1).scaleb(-digits))


@given(AMOUNTS)
def test_a_number_survives_text_and_value(value: Decimal) -> None:
    assert evaluate("VALUE(TEXT(Amount__c))", Amount__c=value) == value


@given(TEXTS)
def test_a_printed_text_constant_reads_back(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')

    assert evaluate(f'"{escaped}"') == (text or None)


@given(st.decimals(min_value=0, max_value=10**20, allow_nan=False, allow_infinity=False))
def test_a_printed_number_constant_reads_back(value: Decimal) -> None:
    assert evaluate(format(value, "f")) == value


@given(TEXTS, st.integers(0, 50))
def test_left_and_the_rest_make_the_whole(text: str, count: int) -> None:
    record = MemoryRecord({"Name": text or None, "Amount__c": Decimal(count)})

    whole = evaluate("LEFT(Name, Amount__c) & MID(Name, Amount__c + 1, LEN(Name))", record)

    assert whole == (text or None)


SAMPLES: dict[str, list[str]] = {
    "Number": ["0", "1", "-2.5", "24", "1000000"],
    "Text": ['"a"', '"12"', "NULL"],
    "Boolean": ["TRUE", "NULL"],
    "Date": ["DATE(2026,11,20)", "NULL"],
    "DateTime": ["NOW()"],
    "Time": ["TIMENOW()"],
    "Geolocation": ["GEOLOCATION(50, 20)"],
}


@pytest.mark.parametrize(
    "name", sorted(n for n, f in FUNCTIONS.items() if f.run is not None and f.parameters)
)
def test_no_function_ever_gives_a_float(name: str) -> None:
    function = FUNCTIONS[name]
    infix = not name[0].isalpha()
    for index in range(5):
        arguments = [_sample(str(kinds[0]), index) for kinds in function.parameters]
        if None in arguments:
            return
        text = f" {name} ".join(arguments) if infix else f"{name}({', '.join(arguments)})"
        try:
            result: Any = evaluate(text)
        except FormulaError:
            continue
        assert not isinstance(result, float), text


def _sample(kind: str, index: int) -> Any:
    samples = SAMPLES.get(kind)
    return samples[index % len(samples)] if samples else None


@pytest.mark.parametrize(
    ("kind", "scale", "result", "expected"),
    [
        (FieldType.PERCENT, 1, Decimal("0.24355"), "24.4"),
        (FieldType.CURRENCY, 2, Decimal("1.005"), "1.01"),
        (FieldType.CURRENCY, 2, Decimal("-1.005"), "-1.01"),
        (FieldType.NUMBER, 0, Decimal("2.5"), "3"),
        (FieldType.NUMBER, 2, Decimal(7), "7.00"),
    ],
)
def test_a_result_gets_the_fields_unit_and_scale(
    kind: FieldType, scale: int, result: Decimal, expected: str
) -> None:
    assert str(to_field_value(result, Field("F__c", kind, scale=scale))) == expected


def test_an_unknown_checkbox_is_unchecked_and_an_empty_text_is_blank() -> None:
    assert to_field_value(None, Field("F__c", FieldType.CHECKBOX)) is False
    assert to_field_value("", Field("F__c", FieldType.TEXT)) is None
    assert to_field_value(None, Field("F__c", FieldType.NUMBER)) is None


def test_a_number_too_long_to_write_out_is_no_field_value() -> None:
    with pytest.raises(FormulaError):
        to_field_value(Decimal("1E+5000"), Field("F__c", FieldType.NUMBER, scale=2))
