"""ISNEW, ISCHANGED, PRIORVALUE, picklists, permissions and record Ids."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from sandbox.org.formulas import FormulaError, FormulaTypeError, compile_formula
from tests.sandbox_formulas.builders import MemoryRecord, evaluate


@pytest.mark.parametrize(
    ("field", "before", "after", "expected"),
    [
        ("Name", "a", "b", True),
        ("Name", "a", "a", False),
        ("Name", "a", "A", True),
        ("Name", None, "a", True),
        ("Name", "a", None, True),
        ("Name", None, None, False),
        ("Name", None, "", False),
        ("Name", "one\r\ntwo", "one\ntwo", False),
        ("Amount__c", Decimal("20"), Decimal("20.00"), False),
        ("Amount__c", Decimal("20"), Decimal("20.01"), True),
        ("Amount__c", None, Decimal(0), True),
        ("Paid__c", False, True, True),
        ("Status", "Draft", "CANCELLED", True),
        (
            "Sent__c",
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2026, 1, 1, tzinfo=UTC),
            False,
        ),
    ],
)
def test_is_changed_compares_with_the_value_before(
    field: str, before: object, after: object, expected: bool
) -> None:
    record = MemoryRecord({field: after}, {field: before})

    assert evaluate(f"ISCHANGED({field})", record) is expected


def test_on_insert_nothing_has_changed_and_the_prior_value_is_the_current_one() -> None:
    record = MemoryRecord({"Status": "Draft", "Amount__c": Decimal(5)}, is_new=True)

    assert evaluate("ISNEW()", record) is True
    assert evaluate("ISCHANGED(Status)", record) is False
    assert evaluate("PRIORVALUE(Amount__c)", record) == 5
    assert evaluate("ISPICKVAL(PRIORVALUE(Status), 'Draft')", record) is True


def test_on_update_the_prior_value_is_the_stored_one() -> None:
    record = MemoryRecord(
        {"Status": "CANCELLED", "Share__c": Decimal(50)},
        {"Status": "Draft", "Share__c": Decimal(25)},
    )

    assert evaluate("ISNEW()", record) is False
    assert evaluate("ISPICKVAL(PRIORVALUE(Status), 'Draft')", record) is True
    assert evaluate("TEXT(PRIORVALUE(Status))", record) == "Draft"
    assert evaluate("CASE(PRIORVALUE(Status), 'Draft', 1, 2)", record) == 1
    assert evaluate("PRIORVALUE(Share__c)", record) == Decimal("0.25")


@pytest.mark.parametrize("text", ["ISCHANGED(Order__r.Status)", "PRIORVALUE($User.Id)"])
def test_changes_exist_only_for_the_records_own_fields(text: str) -> None:
    with pytest.raises(FormulaTypeError, match="field of the record itself"):
        compile_formula(text).check(MemoryRecord())


@pytest.mark.parametrize("text", ["ISCHANGED(Amount__c + 1)", "PRIORVALUE('x')"])
def test_changes_exist_only_for_fields(text: str) -> None:
    with pytest.raises(FormulaTypeError, match="not an expression"):
        compile_formula(text).check(MemoryRecord())


@pytest.mark.parametrize(
    ("value", "literal", "expected"),
    [
        ("Draft", "Draft", True),
        ("Draft", "draft", False),
        (None, "Draft", False),
        (None, "", True),
        ("Draft", "", False),
    ],
)
def test_ispickval_compares_api_values(value: str | None, literal: str, expected: bool) -> None:
    record = MemoryRecord({"Status": value})

    assert evaluate(f'ISPICKVAL(Status, "{literal}")', record) is expected
    assert evaluate(f'TEXT(Status) = "{literal}"', record) is expected


@pytest.mark.parametrize(
    ("value", "literal", "expected"),
    [
        ("Red;Green", "Red", True),
        ("Red;Green", "Green", True),
        ("Red Dark", "Red", False),
        ("Red;Green", "red", False),
        (None, "Red", False),
    ],
)
def test_includes_finds_one_selected_value(value: str | None, literal: str, expected: bool) -> None:
    record = MemoryRecord({"Colours__c": value})

    assert evaluate(f'INCLUDES(Colours__c, "{literal}")', record) is expected


def test_picklistcount_counts_selected_values() -> None:
    assert evaluate("PICKLISTCOUNT(Colours__c)", Colours__c="Red;Green") == 2
    assert evaluate("PICKLISTCOUNT(Colours__c)") == 0


def test_a_permission_is_a_boolean_that_guards_a_rule() -> None:
    rule = 'AND(NOT($Permission.Bypass), Name = "x")'

    assert evaluate(rule, MemoryRecord({"$Permission.Bypass": False, "Name": "x"})) is True
    assert evaluate(rule, MemoryRecord({"$Permission.Bypass": True, "Name": "x"})) is False


def test_vlookup_is_refused_with_its_reason() -> None:
    with pytest.raises(FormulaTypeError, match=r"VLOOKUP\(\) is not available .* lookup field"):
        compile_formula("VLOOKUP(Name, Name, Name)").check(MemoryRecord())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
        ("001A0000006Vm9rIAC", "001A0000006Vm9rIAC"),
        ("x", "x"),
    ],
)
def test_casesafeid_adds_the_check_letters(given: str, expected: str) -> None:
    assert evaluate(f'CASESAFEID("{given}")') == expected


def test_currencyrate_without_rates_is_an_error_of_the_record() -> None:
    with pytest.raises(FormulaError, match="knows no currency 'PLN'"):
        evaluate('CURRENCYRATE("PLN")')


def test_a_renamed_path_is_asked_for_in_its_canonical_spelling() -> None:
    record = MemoryRecord({"Order__r.Status": "Draft"})

    assert evaluate('ISPICKVAL(ORDER__R.STATUS, "Draft")', record) is True


def test_picklist_literals_are_found_in_every_spelling() -> None:
    formula = compile_formula(
        'OR(ISPICKVAL(Status, "A"), ISPICKVAL(PRIORVALUE(Status), "B"), TEXT(Status) = "C",'
        ' "D" <> TEXT(PRIORVALUE(Status)), CASE(Status, "E", 1, "F", 2, 3) = 1,'
        ' CASE(TEXT(Order__r.Status), "G", 1, 2) = 1, INCLUDES(Colours__c, "H"), Name = "I")'
    )

    assert formula.picklist_literals == [
        (("Status",), "A"),
        (("Status",), "B"),
        (("Status",), "C"),
        (("Status",), "D"),
        (("Status",), "E"),
        (("Status",), "F"),
        (("Order__r", "Status"), "G"),
        (("Colours__c",), "H"),
    ]
