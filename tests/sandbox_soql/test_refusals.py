"""Names that do not exist and clauses that this org lacks: codes, messages, places."""

# ruff: noqa: S608 - these are SOQL texts

from __future__ import annotations

import pytest

from sandbox.org.errors import OrgError
from tests.sandbox_soql.small_org import SmallOrg

ADVICE = "Please reference your WSDL or the describe call for the appropriate names."


def _refusal(soql: str) -> tuple[str, str]:
    with pytest.raises(OrgError) as refusal:
        SmallOrg().query(soql)
    item = refusal.value.items[0]
    return item.code, item.message


def test_an_unknown_field_is_named_with_its_entity_and_place() -> None:
    assert _refusal("SELECT Id, Body FROM Account") == (
        "INVALID_FIELD",
        (
            "\nSELECT Id, Body FROM Account\n           ^\nERROR at Row:1:Column:12\n"
            "No such column 'Body' on entity 'Account'. If you are attempting to use a custom "
            f"field, be sure to append the '__c' after the custom field name. {ADVICE}"
        ),
    )


def test_an_unknown_object_is_named() -> None:
    assert _refusal("SELECT Id FROM Acount") == (
        "INVALID_TYPE",
        (
            "\nSELECT Id FROM Acount\n               ^\nERROR at Row:1:Column:16\n"
            "sObject type 'Acount' is not supported. If you are attempting to use a custom "
            f"object, be sure to append the '__c' after the entity name. {ADVICE}"
        ),
    )


def test_an_unknown_parent_is_named() -> None:
    code, message = _refusal("SELECT Id FROM Part__c WHERE Acc__r.Name = 'x'")

    assert code == "INVALID_FIELD"
    assert "Didn't understand relationship 'Acc__r' in field path." in message
    assert "ERROR at Row:1:Column:30" in message


def test_an_unknown_child_relationship_is_named() -> None:
    code, message = _refusal("SELECT Id, (SELECT Id FROM Bits__r) FROM Account")

    assert code == "INVALID_TYPE"
    assert "Didn't understand relationship 'Bits__r' in FROM part of query call." in message


def test_a_long_query_shows_the_part_around_the_mistake() -> None:
    names = ", ".join(f"Parent{'.Parent' * depth}.Name" for depth in range(5))
    _, message = _refusal(f"SELECT {names}, Nonsense FROM Account WHERE Name = '{'x' * 50}'")

    line, caret = message.split("\n")[1:3]
    assert len(line) == 80
    assert line[caret.index("^") :].startswith("Nonsense FROM Account")


@pytest.mark.parametrize(
    ("soql", "reason"),
    [
        ("SELECT Id FROM Account ALL ROWS", "ALL ROWS not allowed in this context"),
        ("SELECT Id FROM Account FOR UPDATE", "FOR UPDATE not allowed in this context"),
    ],
)
def test_what_only_apex_may_ask_is_refused(soql: str, reason: str) -> None:
    assert _refusal(soql) == ("MALFORMED_QUERY", reason)


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT FORMAT(Rating__c) FROM Account",
        "SELECT FORMAT(MIN(Rating__c)) x FROM Account",
        "SELECT Id FROM Account WITH DATA CATEGORY A__c AT b__c",
        "SELECT Id FROM Account WHERE DISTANCE(Name, GEOLOCATION(1, 2), 'km') < 5",
        "SELECT Id FROM Account WHERE FORMULA('Rating__c + Rating__c') > 5",
        "SELECT Id FROM Account USING SCOPE delegated",
    ],
)
def test_what_this_org_lacks_says_so(soql: str) -> None:
    code, message = _refusal(soql)

    assert code == "SANDBOX_NOT_IMPLEMENTED"
    assert message.startswith("SANDBOX_NOT_IMPLEMENTED: SOQL ")


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT FORMULA('A + B') FROM Account",
        "SELECT FORMULA('A + B') c FROM Account",
        "SELECT Id FROM Account ORDER BY FORMULA('A + B')",
        "SELECT COUNT(Id) FROM Account GROUP BY FORMULA('A + B')",
        "SELECT Name FROM Account GROUP BY Name HAVING Name = 'x' AND (NOT FORMULA('A + B') > 1)",
        "SELECT Id FROM Account WHERE FORMULA('A * B') > 1",
        "SELECT Id FROM Account WHERE FORMULA('A + B + C') > 1",
        "SELECT Id FROM Account WHERE FORMULA(A) > 1",
    ],
)
def test_formula_adds_or_subtracts_two_fields_in_where_alone(soql: str) -> None:
    code, message = _refusal(soql)

    assert code == "MALFORMED_QUERY"
    assert message.endswith("unexpected token: 'FORMULA'")


@pytest.mark.parametrize(
    "clause", ["WITH SECURITY_ENFORCED", "WITH USER_MODE", "FOR VIEW", "FOR REFERENCE", "LIMIT 5"]
)
def test_clauses_without_effect_on_rows_are_taken(clause: str) -> None:
    org = SmallOrg()
    org.add("Account", Name="Acme")

    assert org.names(f"SELECT Name FROM Account {clause}") == ["Acme"]


def test_the_querys_own_alias_is_no_relationship_for_typeof() -> None:
    code, message = _refusal("SELECT TYPEOF a WHEN User THEN Name END FROM Account a")

    assert code == "INVALID_FIELD"
    assert message.endswith("TYPEOF needs a relationship; 'a' names the object itself")
