"""The conformance command: the reference file, its report, its refusals."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.conformance.formula import run
from sandbox.conformance.reviewed import load_reviewed


def a_case(**changes: Any) -> dict[str, Any]:
    """A case that passes: the sum of a number and a percent, once given and once blank."""
    case: dict[str, Any] = {
        "name": "sum",
        "returns": "Double",
        "formula": "n__c + P__c",
        "fields": [{"name": "n", "type": "Double"}, {"name": "p", "type": "Percent"}],
        "rows": [
            {"inputs": ["1.50", " 24"], "blanks_as_zero": "1.74", "blanks_as_blank": "1.740"},
            {"inputs": ["", "24"], "blanks_as_zero": "0.24", "blanks_as_blank": None},
        ],
    }
    return case | changes


def report(tmp_path: Path, capsys: pytest.CaptureFixture[str], *cases: Any) -> tuple[int, str]:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(list(cases)), encoding="utf-8")
    code = run(path)
    return code, capsys.readouterr().out


@pytest.mark.skipif("CONFORMANCE_DIR" not in os.environ, reason="CONFORMANCE_DIR is not set")
def test_every_reference_row_passes_but_for_reviewed_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = run(Path(os.environ["CONFORMANCE_DIR"]) / "formula_cases.json")

    out = capsys.readouterr().out
    assert code == 0, out
    assert re.fullmatch(r"[1-9]\d* passed, 0 failed", out.splitlines()[-1])


def test_a_file_without_differences_ends_with_its_counts_and_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(tmp_path, capsys, a_case()) == (0, "2 passed, 0 failed\n")


def test_a_row_fails_when_one_mode_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"inputs": ["", "24"], "blanks_as_zero": "0.24", "blanks_as_blank": "0.24"}]

    code, out = report(tmp_path, capsys, a_case(rows=rows))

    assert code == 1
    assert "FAIL sum, row 1 ['', '24']: blanks_as_blank: expected 0.24, got None" in out
    assert out.endswith("0 passed, 1 failed\n")


def test_functions_outside_the_salesforce_ui_are_skipped_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = report(tmp_path, capsys, a_case(formula="JSONVALUE(n__c)"), a_case())

    assert code == 0
    assert "SKIP sum, 2 rows: JSONVALUE: the formula editor does not offer it" in out
    assert out.endswith("2 rows skipped\n2 passed, 0 failed\n")


def test_a_function_that_nobody_reviewed_fails_its_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = report(tmp_path, capsys, a_case(formula="JSONVALUES(n__c)"))

    assert code == 1
    assert "refused: Unknown function JSONVALUES" in out
    assert out.endswith("0 passed, 2 failed\n")


def test_a_reviewed_row_that_differs_is_listed_apart_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (name, row), reason = next(iter(load_reviewed().rows.items()))
    good = {"inputs": ["1", "0"], "blanks_as_zero": "1", "blanks_as_blank": "1"}
    wrong = good | {"blanks_as_zero": "2"}
    rows = [good] * (row - 1) + [wrong]

    code, out = report(tmp_path, capsys, a_case(name=name, rows=rows))

    assert code == 0
    assert f"KNOWN {name}, row {row}: {reason} (blanks_as_zero: expected 2, got 1" in out
    assert out.endswith(f"1 rows known to differ\n{row - 1} passed, 0 failed\n")


def test_a_reviewed_row_does_not_excuse_its_neighbours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (name, _), _ = next(iter(load_reviewed().rows.items()))
    rows = [{"inputs": ["1", "0"], "blanks_as_zero": "2", "blanks_as_blank": "1"}]

    code, out = report(tmp_path, capsys, a_case(name=name, rows=rows))

    assert code == 1
    assert out.endswith("0 passed, 1 failed\n")


@pytest.mark.parametrize(
    ("expected", "passes"),
    [({"error": "java.lang.ArithmeticException"}, True), ("1", False), (None, False)],
)
def test_an_expected_error_is_compared_only_as_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], expected: Any, passes: bool
) -> None:
    rows = [{"inputs": ["1", "0"], "blanks_as_zero": expected, "blanks_as_blank": expected}]

    code, _ = report(tmp_path, capsys, a_case(formula="n__c / p__c", rows=rows))

    assert (code == 0) is passes


@pytest.mark.parametrize(
    ("returns", "kind", "formula", "given", "expected"),
    [
        ("DateOnly", "DateOnly", "f__c", "2005:11:31", "Thu Dec 01 00:00:00 GMT 2005"),
        ("DateOnly", "DateOnly", "f__c + 1", "2005:12:31:23:04:12", "Sun Jan 01 00:00:00 GMT 2006"),
        ("DateTime", "DateTime", "f__c", "2004:02:28:23:34:00:PST", "Sun Feb 29 07:34:00 GMT 2004"),
        ("DateTime", "DateTime", "f__c", "2004:01:01:24:00:00", "Fri Jan 02 00:00:00 GMT 2004"),
        ("Percent", "Percent", "f__c", "10", "10"),
        ("Percent", "Double", "f__c", "10", "1000"),
        ("Boolean", "Boolean", "f__c", "true", "true"),
        ("Boolean", "Double", "f__c > NULL", "1", "false"),
        ("Text", "textarea", "f__c", " a", "a"),
        ("TimeOnly", "Text", "TIMEVALUE(f__c)", "07:00:00.500", "07:00:00.500"),
        ("TimeOnly", "TimeOnly", "f__c + 1", "07:00", "07:00:00.001"),
        ("Double", "Double", "f__c", "NULL", None),
    ],
)
def test_inputs_and_outputs_are_read_as_the_file_spells_them(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    returns: str,
    kind: str,
    formula: str,
    given: str,
    expected: str | None,
) -> None:
    zero = "0" if given == "NULL" else expected
    case = a_case(
        returns=returns,
        formula=formula,
        fields=[{"name": "f", "type": kind}],
        rows=[{"inputs": [given], "blanks_as_zero": zero, "blanks_as_blank": expected}],
    )

    assert report(tmp_path, capsys, case) == (0, "1 passed, 0 failed\n")


def test_a_field_with_a_formula_takes_no_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = a_case(
        formula="twice__c + 1",
        fields=[
            {"name": "n", "type": "Double"},
            {"name": "twice", "type": "Percent", "formula": "n__c * 2"},
        ],
        rows=[{"inputs": ["3"], "blanks_as_zero": "7", "blanks_as_blank": "7"}],
    )

    assert report(tmp_path, capsys, case) == (0, "1 passed, 0 failed\n")


def test_a_formula_that_does_not_parse_fails_all_its_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = report(tmp_path, capsys, a_case(formula="1 +"))

    assert code == 1
    assert "FAIL sum, all 2 rows: Syntax error at line 1, column 4" in out


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "Expecting"), ("{}", "expected a JSON list"), ('[{"name": "x"}]', "case 1 lacks")],
)
def test_a_bad_file_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, words: str
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content, encoding="utf-8")

    assert run(path) == 2
    assert words in capsys.readouterr().out


def test_a_missing_file_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "none.json") == 2
    assert "none.json" in capsys.readouterr().out
