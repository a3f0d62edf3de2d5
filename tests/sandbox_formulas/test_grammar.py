"""How formula text is read: precedence, tokens, comments, escapes, refusals."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.org.formulas import FormulaSyntaxError, FormulaTypeError, compile_formula
from tests.sandbox_formulas.builders import MemoryRecord, evaluate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2*3^2", 36),
        ("2^3*2", 64),
        ("2^3^2", 64),
        ("100/10/5", 2),
        ("10-4-3", 3),
        ("2+3*4", 14),
        ("-2^2", 4),
        ("-3+5", 2),
        ("- -3", 3),
        ("+3", 3),
        ("(2+3)*4", 20),
        ("12.50", Decimal("12.5")),
    ],
)
def test_arithmetic_binds_as_salesforce_reads_it(text: str, expected: Decimal) -> None:
    assert evaluate(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TRUE || FALSE && FALSE", True),
        ("NOT FALSE && FALSE", False),
        ("1 = 1 && 2 <> 3", True),
        ("1 < 2 = TRUE", True),
        ("!TRUE || TRUE", True),
        ("1 == 1", True),
        ("1 != 1", False),
        ('"a" & "b" = "ab"', True),
        ("1 + 1 < 3", True),
        ("not(true) or_else__c", None),
    ],
)
def test_logic_binds_weaker_than_comparison(text: str, expected: bool | None) -> None:
    if expected is None:
        with pytest.raises(FormulaSyntaxError, match="or_else__c"):
            compile_formula(text)
    else:
        assert evaluate(text) is expected


def test_comments_stand_between_any_two_tokens() -> None:
    assert evaluate("/* a */ LEFT /* b */ ( /**/ 'abc' /* c\nd */ , 2 ) /** e **/") == "ab"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"a\"b"', 'a"b'),
        (r"'it\'s'", "it's"),
        (r'"a\\b"', r"a\b"),
        (r'"a\nb"', "a\nb"),
        (r'"a\Tb"', "a\tb"),
        ("'say \"hi\"'", 'say "hi"'),
        ('"żółw"', "żółw"),
    ],
)
def test_text_escapes(text: str, expected: str) -> None:
    assert evaluate(text) == expected


def test_names_ignore_case_and_a_path_is_one_token() -> None:
    record = MemoryRecord({"Order__r.Status": "Draft", "Amount__c": Decimal(3)})

    assert evaluate("isPICKval(oRDER__r.sTATUS, 'Draft')", record) is True
    assert evaluate("AMOUNT__C * 2", record) == 6
    assert compile_formula("a.b.c + $User.Id & Owner:User.Alias").references == {
        ("a", "b", "c"),
        ("$User", "Id"),
        ("Owner:User", "Alias"),
    }


def test_words_that_start_like_constants_are_names() -> None:
    formula = compile_formula("NotPaid__c && TrueCost > NullAble")

    assert formula.references == {("NotPaid__c",), ("TrueCost",), ("NullAble",)}
    assert formula.functions == {"AND"}


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "empty"),
        ("  \n ", 1, 1, "empty"),
        ("1 +", 1, 4, "end of the formula"),
        ("IF(TRUE,\n 1,\n 2", 3, 3, "')'"),
        ("1 2", 1, 3, "unexpected '2'"),
        ("LEFT(,1)", 1, 6, "','"),
        ("A__c = \n\n )", 3, 2, "')'"),
        ('"abc', 1, 1, "no end"),
        ('"a\nb"', 1, 1, "no end"),
        (r'REGEX(Name, "\d")', 1, 13, "unknown escape"),
        ("1 # 2", 1, 3, "'#'"),
        (".5", 1, 1, "'.'"),
        ("(1", 1, 3, "')'"),
        ("1)", 1, 2, "')'"),
        ("1 /* open", 1, 4, "unexpected '*'"),
    ],
)
def test_syntax_errors_name_place_and_expectation(
    text: str, line: int, column: int, words: str
) -> None:
    with pytest.raises(FormulaSyntaxError) as caught:
        compile_formula(text)

    assert (caught.value.line, caught.value.column) == (line, column)
    assert words in str(caught.value)


def test_the_same_text_is_parsed_once() -> None:
    assert compile_formula("1 + 1") is compile_formula("1 + 1")


def test_a_formula_nested_beyond_reason_is_refused_and_no_crash() -> None:
    formula = compile_formula("1+" * 1_500 + "1")

    with pytest.raises(FormulaTypeError, match="nested too deeply"):
        formula.check(MemoryRecord())
    with pytest.raises(FormulaTypeError, match="nested too deeply"):
        formula.evaluate(MemoryRecord())
