"""What a blank means: unknown for most types, empty for text, 0 for numbers when asked."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.org.formulas import FormulaError
from tests.sandbox_formulas.builders import MemoryRecord, evaluate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("37 = null", None),
        ("37 < null", None),
        ("null <= DATE(2026,1,1)", None),
        ("null + 37", None),
        ("MAX(100, null)", None),
        ("NOT(null)", None),
        ("AND(true, true, null)", False),
        ("OR(false, null)", False),
        ("OR(true, null)", True),
        ("IF(1 = null, 1, 0)", 0),
        ('null = ""', True),
        ('null = "ab"', False),
        ('null <> "ab"', True),
        ("(1 > null) = false", True),
        ("true <> (1 > null)", True),
        ('UPPER("ix", null)', "IX"),
        ('LOWER("IX", null)', "ix"),
        ("UPPER(null)", None),
        ('"abc" & null', "abc"),
        ('"" & null', None),
        ('ISNULL("")', False),
        ('ISBLANK("")', True),
        ('ISBLANK(" ")', False),
        ("ISBLANK(0)", False),
        ('NULLVALUE("", "x")', None),
        ('BLANKVALUE("", "x")', "x"),
        ('BEGINS("123456", null)', True),
        ("0^0", 1),
        ("CASE(null,9,0,10,1,11,0,2)", 2),
        ("CASE(NULL,NULL,200,1,300,400)", 400),
    ],
)
def test_constants_follow_the_documented_table(text: str, expected: object) -> None:
    result = evaluate(text)

    assert result == expected
    assert (result is None) is (expected is None)


@pytest.mark.parametrize(
    ("text", "as_zero", "as_blank"),
    [
        ("Amount__c + 5", 5, None),
        ("Amount__c * Budget__c", 0, None),
        ("ISBLANK(Amount__c)", False, True),
        ("ISNULL(Budget__c)", False, True),
        ("NULLVALUE(Amount__c, 7)", 0, 7),
        ("Amount__c < 1", True, None),
        ("Amount__c = Budget__c", True, None),
        ("MIN(Amount__c, 3)", 0, None),
        ("TEXT(Amount__c)", "0", None),
        ("Amount__c + Share__c", 0, None),
        ("PRIORVALUE(Amount__c)", 0, None),
        ("Order__r.Amount__c + 1", 1, None),
        # Only numbers are filled in: dates and text stay blank.
        ("ISBLANK(Due__c)", True, True),
        ("ISBLANK(Name)", True, True),
    ],
)
def test_blank_numbers_are_zero_only_when_asked(
    text: str, as_zero: object, as_blank: object
) -> None:
    assert evaluate(text, MemoryRecord(blanks_as_zero=True)) == as_zero
    assert evaluate(text, MemoryRecord(blanks_as_zero=False)) == as_blank


def test_a_blank_date_never_fires_a_rule() -> None:
    assert evaluate("Due__c < TODAY() + 3") is None
    assert evaluate("NOT(Due__c < TODAY() + 3)") is None


def test_two_blank_texts_are_equal_and_two_blank_dates_are_unknown() -> None:
    assert evaluate("Name = Order__c") is True
    assert evaluate("Due__c = Due__c") is None


def test_an_unknown_condition_takes_the_else_branch_and_skips_the_other() -> None:
    assert evaluate("IF(Amount__c > 1, 1/0, 5)") == 5
    assert evaluate("AND(FALSE, 1/0 = 1)") is False
    assert evaluate("OR(TRUE, 1/0 = 1)") is True


def test_case_evaluates_every_branch() -> None:
    with pytest.raises(FormulaError, match="Division by zero"):
        evaluate("CASE(1, 1, 2, 3, 1/0, 4)")


@pytest.mark.parametrize(
    ("value", "is_null", "filled"),
    [(None, True, "none"), ("Draft", False, "Draft")],
)
def test_text_of_a_blank_picklist_is_a_real_null(
    value: str | None, is_null: bool, filled: str
) -> None:
    record = MemoryRecord({"Status": value})

    assert evaluate("ISNULL(TEXT(Status))", record) is is_null
    assert evaluate("ISBLANK(TEXT(Status))", record) is is_null
    assert evaluate('NULLVALUE(TEXT(Status), "none")', record) == filled


def test_percent_fields_count_as_fractions() -> None:
    record = MemoryRecord({"Share__c": Decimal(24), "Amount__c": Decimal(200)})

    assert evaluate("Amount__c * Share__c", record) == Decimal(48)
    assert evaluate("TEXT(Share__c)", record) == "0.24"
