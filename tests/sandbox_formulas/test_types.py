"""The static check: which formulas would not deploy, and what a good one returns."""

from __future__ import annotations

import pytest

from sandbox.org.formulas import FormulaTypeError, ResultType, compile_formula
from tests.sandbox_formulas.builders import MemoryRecord


def check(text: str) -> ResultType:
    return compile_formula(text).check(MemoryRecord())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + Amount__c", ResultType.NUMBER),
        ("Due__c + 1", ResultType.DATE),
        ("1 + Due__c", ResultType.DATE),
        ("Due__c - TODAY()", ResultType.NUMBER),
        ("Sent__c - 0.5", ResultType.DATETIME),
        ("Sent__c - NOW()", ResultType.NUMBER),
        ("Opens__c + 1000", ResultType.TIME),
        ("Name + Order__c", ResultType.TEXT),
        ('Name & "x"', ResultType.TEXT),
        ("Status", ResultType.PICKLIST),
        ("Colours__c", ResultType.MULTIPICKLIST),
        ("Paid__c", ResultType.BOOLEAN),
        ("NULL", ResultType.NULL),
        ("IF(Paid__c, NULL, 1)", ResultType.NUMBER),
        ("IF(Paid__c, 1, NULL)", ResultType.NUMBER),
        ('CASE(Status, "Draft", "a", NULL)', ResultType.TEXT),
        ("CASE(Amount__c, 1, NULL, 2, Due__c, NULL)", ResultType.DATE),
        ("BLANKVALUE(NULL, Due__c)", ResultType.DATE),
        ("ADDMONTHS(Sent__c, 1)", ResultType.DATETIME),
        ("PRIORVALUE(Status)", ResultType.PICKLIST),
        ("$User.Id = Order__c", ResultType.BOOLEAN),
        ("ISBLANK(Colours__c)", ResultType.BOOLEAN),
        ("$System.OriginDateTime", ResultType.DATETIME),
        ("GEOLOCATION(1, 2)", ResultType.LOCATION),
        ("Amount__c = NULL", ResultType.BOOLEAN),
    ],
)
def test_a_good_formula_has_its_type(text: str, expected: ResultType) -> None:
    assert check(text) is expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Nmae = 'x'", "Field Nmae does not exist"),
        ("Order__r.Nope__c = 1", r"Field Order__r\.Nope__c does not exist"),
        ("ISBLNK(Name)", r"Unknown function ISBLNK.*did you mean ISBLANK\?"),
        ("IFERROR(1, 2)", "Unknown function IFERROR"),
        ("LEFT(Name)", r"number of parameters for function 'LEFT\(\)'. Expected 2, received 1"),
        ("FIND('a')", "Expected 2 to 3, received 1"),
        ("ISNEW(1)", "Expected 0, received 1"),
        ("CASE(Amount__c, 1, 2)", "number of parameters"),
        ("CASE(Amount__c, 1, 2, 3, 4)", "Expected 6, received 5"),
        ("LEFT(Amount__c, 2)", r"Expected Text, received Number; use TEXT\(\)"),
        ("LEFT(Status, 2)", r"Expected Text, received Picklist; use TEXT\(\)"),
        ("ABS(Name)", r"Expected Number, received Text; use VALUE\(\)"),
        ("Status = 'Draft'", r"operator '=' cannot compare; use ISPICKVAL\(Status"),
        ("Colours__c = 'Red'", r"use INCLUDES\(Colours__c"),
        ("ISBLANK(Status)", r"Status is a picklist field.*ISBLANK\(TEXT\(Status\)"),
        ("Status & 'x'", r"Expected Text, received Picklist"),
        ("ISPICKVAL(Name, 'x')", "Expected Picklist, received Text"),
        ("ISPICKVAL(Status, Name)", r"ISPICKVAL\(\)'. Expected a text literal"),
        ("ISPICKVAL(Status, 1)", "Expected a text literal"),
        ("INCLUDES(Colours__c, Name)", "Expected a text literal"),
        ("CASE(Status, Name, 1, 2)", "Expected a text literal"),
        ("Due__c < NOW()", "operator '<'. Expected Date, received DateTime"),
        ("Amount__c = Name", "operator '='. Expected Number, received Text"),
        ("Due__c + Due__c", r"operator '\+'. Expected Number, received Date"),
        ("Amount__c - Due__c", "operator '-'. Expected Number, received Date"),
        ("Name - 1", "operator '-'"),
        ("Name + 1", r"operator '\+'. Expected Text, received Number"),
        ("-Name", "operator '-'. Expected Number, received Text"),
        ("Paid__c < Paid__c", "operator '<'"),
        ("AND(Paid__c, 1)", "Expected Boolean, received Number"),
        ("IF(Amount__c, 1, 2)", "Expected Boolean, received Number"),
        ("IF(Paid__c, 1, 'x')", "Expected Number, received Text"),
        ("IF(Paid__c, Status, Status)", "received Picklist"),
        ("CASE(Paid__c, TRUE, 1, 2)", "received Boolean"),
        ("BLANKVALUE(Paid__c, TRUE)", "received Boolean"),
        ("TEXT(Name)", "received Text"),
        ("TEXT(Paid__c)", "received Boolean"),
        ("MONTH(Sent__c)", "Expected Date, received DateTime"),
        ("HOUR(Sent__c)", "Expected Time, received DateTime"),
        ("REGEX(Name, '[')", r"REGEX\(\): Invalid pattern '\['"),
        ("DISTANCE(GEOLOCATION(1,2), GEOLOCATION(1,2), 'm')", "units 'mi' and 'km'"),
        ("INCLUDE(Name)", r"INCLUDE\(\) is not available"),
    ],
)
def test_a_bad_formula_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(FormulaTypeError, match=words):
        check(text)


def test_the_refusal_carries_line_and_column_of_the_wrong_argument() -> None:
    with pytest.raises(FormulaTypeError) as caught:
        check("AND(\n  Paid__c,\n  LEN(Amount__c) > 1)")

    assert (caught.value.line, caught.value.column) == (3, 7)
    assert str(caught.value).endswith("(line 3, column 7)")


def test_a_formula_longer_than_salesforce_stores_is_refused() -> None:
    with pytest.raises(FormulaTypeError, match="3901 characters; 3900 are allowed"):
        check("1" + " " * 3900)


def test_compiling_with_a_resolver_checks_at_once() -> None:
    record = MemoryRecord()

    assert compile_formula("Amount__c + 1", record.field_type).text == "Amount__c + 1"
    with pytest.raises(FormulaTypeError, match="Other__c"):
        compile_formula("Other__c + 1", record.field_type)


def test_one_text_serves_objects_whose_fields_have_other_types() -> None:
    formula = compile_formula("Amount__c = Amount__c")
    as_text = MemoryRecord()
    as_text.field_type = lambda path: MemoryRecord().field_type(("Name",))  # type: ignore[method-assign]

    assert formula.evaluate(MemoryRecord()) is None
    assert formula.evaluate(as_text) is True
    assert formula.evaluate(MemoryRecord()) is None
