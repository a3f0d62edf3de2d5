"""The parser: what it takes, how it refuses, how fast it is."""

# ruff: noqa: S608 - these are SOQL texts

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sandbox.conformance.soql import run
from sandbox.org.errors import OrgError
from sandbox.soql import SoqlSyntaxError, parse
from sandbox.soql.parsing import _parser


def _message(soql: str) -> str:
    with pytest.raises(OrgError) as refusal:
        parse(soql)
    assert refusal.value.items[0].code == "MALFORMED_QUERY"
    return refusal.value.items[0].message


def test_a_misspelt_from_is_pointed_at() -> None:
    with pytest.raises(SoqlSyntaxError) as refusal:
        parse("SELECT Id FORM Order")

    assert (refusal.value.row, refusal.value.column) == (1, 11)
    assert refusal.value.items[0].message == (
        "\nSELECT Id FORM Order\n          ^\nERROR at Row:1:Column:11\nunexpected token: 'FORM'"
    )


@pytest.mark.parametrize(
    ("soql", "place", "reason"),
    [
        ("SELECT Id FROM Order WHERE A=1 OR B=2 AND C=3", (1, 39), "unexpected token: 'AND'"),
        ("SELECT Id FROM Order WHERE A=1 AND B=2 OR C=3", (1, 40), "unexpected token: 'OR'"),
        ("SELECT Id\nFROM Order\nWHERE A = foo", (3, 11), "unexpected token: 'foo'"),
        ("SELECT Id FROM", (1, 15), "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Order WHERE A = 'x", (1, 32), "mismatched character '<EOF>'"),
        ("SELECT Id FROM Order WHERE A = :x", (1, 32), "Bind variables only allowed in Apex"),
        ("SELECT Id FROM Order WHERE A IS NULL", (1, 30), "unexpected token: 'IS'"),
        ("SELECT * FROM Order", (1, 8), "unexpected token: '*'"),
        ("SELECT Foo(Id) FROM Order", (1, 8), "unexpected token: 'Foo'"),
        ("SELECT Id FROM Order LIMIT -1", (1, 28), "unexpected token: '-1'"),
        ("SELECT Id FROM Order OFFSET -1", (1, 29), "unexpected token: '-1'"),
        ("SELECT Id FROM Order FOR", (1, 22), "unexpected token: 'FOR'"),
        ("SELECT Id FROM Order HAVING COUNT(Id) > 1", (1, 22), "unexpected token: 'HAVING'"),
        ("SELECT Id FROM Order WHERE A = 2026-02-30", (1, 32), "Invalid date: 2026-02-30"),
        ("SELECT Id FROM Order WHERE A = 'a\\q'", (1, 32), "Illegal character sequence '\\q'"),
        ("SELECT Id FROM Order WHERE A IN ()", (1, 34), "unexpected token: ')'"),
        ("", (1, 1), "unexpected token: '<EOF>'"),
    ],
)
def test_a_refusal_names_row_column_and_token(
    soql: str, place: tuple[int, int], reason: str
) -> None:
    message = _message(soql)

    assert f"ERROR at Row:{place[0]}:Column:{place[1]}\n" in message
    assert reason in message


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Id FROM Order",
        "SELECT Id FROM Group ORDER BY Name",
        "select id from order o where o.Status='x' order by o.Name desc nulls last limit 5",
        "SELECT Id FROM Order WHERE Name='a'AND(Id='b'OR Id='c')",
        "SELECT Id FROM Order USING SCOPE mine WHERE Name != null WITH SECURITY_ENFORCED",
        "SELECT Id FROM Order WITH USER_MODE LIMIT 1 OFFSET 2 FOR VIEW FOR REFERENCE",
        (
            "SELECT Id FROM KnowledgeArticleVersion WITH DATA CATEGORY A__c AT (b__c, c__c) "
            "UPDATE TRACKING, VIEWSTAT"
        ),
        "SELECT Id FROM Order FOR UPDATE",
        "SELECT Id FROM Order ALL ROWS",
        "SELECT Id FROM Order OFFSET",
        "SELECT Id, (SELECT Id FROM OrderItems OFFSET) FROM Order offset 1",
        "SELECT StatusCode FROM Order GROUP BY StatusCode HAVING COUNT(Id, Name) > 1",
        "SELECT TYPEOF What WHEN Account THEN Id, Name WHEN Order THEN Id ELSE Name END FROM Event",
        "SELECT FORMAT(convertCurrency(Amount)) a, toLabel(Status) FROM Opportunity",
        (
            "SELECT Name FROM W__c WHERE DISTANCE(L__c, GEOLOCATION(37.7,-122.4), 'mi') < 20 "
            "ORDER BY DISTANCE(L__c, GEOLOCATION(37.7,-122.4), 'mi') DESC"
        ),
        "SELECT Formula FROM A WHERE NOT (formula('B - C.D__c') <= 5 OR Formula = 'x')",
        "SELECT COUNT(Id) FROM A GROUP BY CUBE(B, CALENDAR_YEAR(CreatedDate)) HAVING COUNT(Id) > 1",
        "SELECT Id FROM A WHERE B = -.5 AND C = +7. AND D = JPY500 AND E = 10:30:00.000Z",
        "SELECT Id FROM A WHERE B IN (LAST_N_DAYS:3, 2026-01-01) AND C INCLUDES ('x;y', 'z')",
        "SELECT Id FROM A WHERE B LIKE 'it\\'s 100\\% \\u00e9\\n'",
    ],
)
def test_valid_text_is_taken(soql: str) -> None:
    assert parse(soql).text == soql


def test_texts_and_literals_have_their_limits() -> None:
    assert parse(f"SELECT Id FROM A WHERE B = '{'x' * 4_000}'")
    assert "longer than 4000 characters" in _message(f"SELECT Id FROM A WHERE B = '{'x' * 4_001}'")
    assert parse("SELECT Id FROM A" + " " * (100_000 - 16))
    assert "longer than 100000 characters" in _message("SELECT Id FROM A" + " " * 100_000)


def test_deep_nesting_is_refused_and_no_crash() -> None:
    deep = "NOT " * 20_000 + "A = 1"
    brackets = "(" * 30_000 + "A = 1" + ")" * 30_000

    assert "nested deeper" in _message(f"SELECT Id FROM A WHERE {deep}")
    assert parse(f"SELECT Id FROM A WHERE {brackets}")


def test_the_grammar_is_small_once_its_optional_parts_are_spelled_out() -> None:
    # Lark spells out every choice of a rule's optional parts, and building the parser takes as
    # long as there are choices: eleven optional clauses in one rule are 2,048 of them.
    assert len(_parser().rules) < 200


def test_the_parser_is_built_once_and_a_repeated_text_is_not_parsed_again() -> None:
    text = "SELECT Id FROM Order WHERE Name = 'only here'"

    assert _parser() is _parser()
    assert parse(text) is parse(text)


@pytest.mark.skipif("CONFORMANCE_DIR" not in os.environ, reason="CONFORMANCE_DIR is not set")
def test_every_conformance_case_is_judged_rightly(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(os.environ["CONFORMANCE_DIR"]) / "soql_accept_reject.json"

    assert run(path) == 0
    assert capsys.readouterr().out.endswith(" 0 failed\n")


def test_the_conformance_run_counts_and_names_failures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = [
        {"soql": "SELECT Id FROM A", "valid": True},
        {"soql": "SELECT FROM A", "valid": True},
        {"soql": "SELECT Id FROM B", "valid": False},
    ]
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(cases))

    assert run(path) == 1
    shown = capsys.readouterr().out
    assert "case 2 is valid but was refused: SELECT FROM A" in shown
    assert "case 3 is invalid but was accepted: SELECT Id FROM B" in shown
    assert shown.endswith("1 passed, 2 failed\n")


def test_a_file_that_holds_no_cases_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cases.json"
    path.write_text('[{"soql": "SELECT Id FROM A"}]')

    assert run(path) == 2
    assert "case 1 needs soql (text) and valid" in capsys.readouterr().out
