"""What WHERE means: text, Ids, nulls, numbers, lists, logic, semi-joins."""

# ruff: noqa: S608 - these are SOQL texts

from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.org.errors import OrgError
from tests.sandbox_soql.small_org import SmallOrg


@pytest.fixture
def org() -> SmallOrg:
    return SmallOrg()


def _named(org: SmallOrg, *names: str | None) -> None:
    for name in names:
        org.add("Part__c", Name=name)


def _where(org: SmallOrg, condition: str, **changes: object) -> set[object]:
    return set(org.names(f"SELECT Name FROM Part__c WHERE {condition}", **changes))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Name = 'alfa'", {"Alfa", "ALFA"}),
        ("Name = 'ŁÓDŹ'", {"łódź"}),
        ("Name IN ('ŁÓDŹ', 'ALFA')", {"łódź", "Alfa", "ALFA"}),
        ("Name != 'alfa'", {"łódź", "a%b", "a\\b", "O'Hara", None}),
        ("Name NOT IN ('alfa', 'łódź')", {"a%b", "a\\b", "O'Hara", None}),
        ("Name LIKE 'al%'", {"Alfa", "ALFA"}),
        ("Name LIKE '_ÓD_'", {"łódź"}),
        ("Name LIKE 'a\\%b'", {"a%b"}),
        ("Name LIKE 'a_b'", {"a%b", "a\\b"}),
        ("Name LIKE 'a\\\\b'", {"a\\b"}),
        ("Name = 'O\\'Hara'", {"O'Hara"}),
        ("(NOT Name LIKE 'a%')", {"łódź", "O'Hara", None}),
        ("Name = null", {None}),
        ("Name = ''", {None}),
        ("Name != null", {"Alfa", "ALFA", "łódź", "a%b", "a\\b", "O'Hara"}),
        ("Name IN (null, 'alfa')", {None, "Alfa", "ALFA"}),
        ("Name > 'b'", {"O'Hara", "łódź"}),
        ("Name <= 'a%b'", {"a%b"}),
    ],
)
def test_text_has_no_letter_case_and_null_equals_only_null(
    org: SmallOrg, condition: str, expected: set[object]
) -> None:
    _named(org, "Alfa", "ALFA", "łódź", "a%b", "a\\b", "O'Hara", None)

    assert _where(org, condition) == expected


def test_a_case_sensitive_external_id_keeps_its_case(org: SmallOrg) -> None:
    org.add("Part__c", Name="lower", Code__c="x1")
    org.add("Part__c", Name="upper", Code__c="X1")

    assert _where(org, "Code__c = 'X1'") == {"upper"}
    assert _where(org, "Code__c IN ('x1')") == {"lower"}


def test_ids_of_fifteen_and_eighteen_characters_are_the_same(org: SmallOrg) -> None:
    account = org.add("Account", Name="Acme")
    part = org.add("Part__c", Name="Bolt", Account__c=account)

    assert _where(org, f"Id = '{part[:15]}'") == {"Bolt"}
    assert _where(org, f"Account__c IN ('{account}', '{account[:15]}')") == {"Bolt"}
    assert _where(org, f"Account__r.Id = '{account[:15]}'") == {"Bolt"}
    with pytest.raises(OrgError, match="invalid ID field: nonsense") as refusal:
        _where(org, "Id = 'nonsense'")
    assert refusal.value.items[0].code == "INVALID_QUERY_FILTER_OPERATOR"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Price__c = 10.0", {"ten"}),
        ("Price__c > 9.999", {"ten"}),
        ("Price__c < 9.995", {"low"}),
        ("Price__c = 9.995", set()),
        ("Price__c != 9.995", {"low", "ten", "none"}),
        ("Price__c >= 99999999999999999999999999", set()),
        ("Price__c < 99999999999999999999999999", {"low", "ten"}),
        ("Price__c IN (9.99, 9.995)", {"low"}),
        ("Price__c = null", {"none"}),
    ],
)
def test_numbers_are_compared_exactly(org: SmallOrg, condition: str, expected: set[object]) -> None:
    org.add("Part__c", Name="low", Price__c=Decimal("9.99"))
    org.add("Part__c", Name="ten", Price__c=Decimal("10.00"))
    org.add("Part__c", Name="none")

    assert _where(org, condition) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("INCLUDES ('Red')", {"red", "both"}),
        ("INCLUDES ('Red;Blue')", {"both"}),
        ("INCLUDES ('green', 'Red;Blue')", {"both", "green"}),
        ("EXCLUDES ('Red')", {"green", "none"}),
        ("= 'Red;Blue'", {"both"}),
    ],
)
def test_multi_select_picklists_hold_several_values(
    org: SmallOrg, condition: str, expected: set[object]
) -> None:
    org.add("Part__c", Name="red", Tags__c="Red")
    org.add("Part__c", Name="both", Tags__c="Red;Blue")
    org.add("Part__c", Name="green", Tags__c="Green")
    org.add("Part__c", Name="none")

    assert _where(org, f"Tags__c {condition}") == expected


def test_a_missing_parent_has_no_ticked_checkbox(org: SmallOrg) -> None:
    vip = org.add("Account", Name="Vip", Vip__c=True)
    org.add("Part__c", Name="vip's", Account__c=vip)
    org.add("Part__c", Name="nobody's")

    assert _where(org, "Account__r.Vip__c = true") == {"vip's"}
    assert _where(org, "Account__r.Vip__c = FALSE") == {"nobody's"}


def test_semi_and_anti_joins_follow_lookups(org: SmallOrg) -> None:
    used = org.add("Account", Name="used")
    org.add("Account", Name="unused")
    org.add("Part__c", Name="Bolt", Account__c=used)
    org.add("Part__c", Name="Loose")
    base = "SELECT Name FROM Account WHERE Id"

    assert org.names(f"{base} IN (SELECT Account__c FROM Part__c WHERE Name = 'bolt')") == ["used"]
    # A part without an account must not spoil NOT IN, as NULL would in plain SQL.
    assert org.names(f"{base} NOT IN (SELECT Account__c FROM Part__c)") == ["unused"]
    assert _where(org, "Account__c IN (SELECT Id FROM Account WHERE Name = 'used')") == {"Bolt"}
    assert org.names(f"{base} IN (SELECT Whole__r.Account__c FROM Part__c)") == []
    bracketed = "SELECT Name FROM Account WHERE (Id IN (SELECT Account__c FROM Part__c))"
    assert org.names(bracketed) == ["used"]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("Name = 'x' OR Id IN (SELECT Account__c FROM Part__c)", "not allowed with the 'OR'"),
        (
            (
                "Id IN (SELECT Account__c FROM Part__c) AND Id IN (SELECT Account__c FROM Part__c) "
                "AND Id NOT IN (SELECT Account__c FROM Part__c)"
            ),
            "Maximum 2 semi join",
        ),
        ("Name IN (SELECT Account__c FROM Part__c)", "should be an id field, cannot use: 'Name'"),
        ("Id IN (SELECT Name FROM Part__c)", "should be an id field, cannot use: 'Name'"),
        (
            "Id IN (SELECT Account__c FROM Part__c WHERE Id IN (SELECT Whole__c FROM Part__c))",
            "Nesting of semi join",
        ),
        ("NOT Id IN (SELECT Account__c FROM Part__c)", "not in nested WHERE expressions"),
        (
            "Vip__c = true AND (Name = 'x' AND Id IN (SELECT Account__c FROM Part__c))",
            "not in nested WHERE expressions",
        ),
        (
            "Id IN (SELECT ParentId FROM Account)",
            "The inner and outer selects should not be on the same object type",
        ),
        (
            "Id IN (SELECT Whole__r.Whole__r.Account__c FROM Part__c)",
            "'Whole__r.Whole__r.Account__c' cannot have more than one level",
        ),
        ("Id IN (SELECT Account__c FROM Part__c LIMIT 1)", "LIMIT and OFFSET are not supported"),
        ("Id IN (SELECT Account__c FROM Part__c ORDER BY Name)", "ORDER BY, LIMIT and OFFSET"),
    ],
)
def test_semi_joins_have_salesforce_limits(org: SmallOrg, condition: str, reason: str) -> None:
    with pytest.raises(OrgError, match=reason) as refusal:
        org.query(f"SELECT Id FROM Account WHERE {condition}")
    assert refusal.value.items[0].code == "MALFORMED_QUERY"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("NOT Name = 'a'", {"b", "c", None}),
        ("NOT (Name = 'a' OR Name = 'b')", {"c", None}),
        ("NOT (NOT Name = 'a')", {"a"}),
        ("Name = 'a' AND NOT Name = 'b'", {"a"}),
        ("(Name = 'a' OR Name = 'b') AND (Name != 'b')", {"a"}),
        ("(Name > 'a' AND Name < 'c') OR Name = null", {"b", None}),
    ],
)
def test_not_turns_a_condition_round_exactly(
    org: SmallOrg, condition: str, expected: set[object]
) -> None:
    _named(org, "a", "b", "c", None)

    assert _where(org, condition) == expected


def test_values_never_become_sql(org: SmallOrg) -> None:
    _named(org, "x' OR '1'='1", "plain")

    assert _where(org, "Name = 'x\\' OR \\'1\\'=\\'1'") == {"x' OR '1'='1"}
    assert _where(org, "Name LIKE '\\'; DROP TABLE Part__c; --'") == set()
    assert org.query("SELECT COUNT() FROM Part__c").total_size == 2


def test_escaped_characters_mean_themselves_and_halves_of_one_crash_nothing(org: SmallOrg) -> None:
    _named(org, "café 🙂", "a\nb")

    assert _where(org, "Name = 'caf\\u00e9 \\ud83d\\ude42'") == {"café 🙂"}
    assert _where(org, "Name LIKE '%\\ud83d\\ude42'") == {"café 🙂"}
    assert _where(org, "Name = 'a\\nb'") == {"a\nb"}
    assert _where(org, "Name = '\\ud83d'") == set()
    with pytest.raises(OrgError, match="half a character"):
        _where(org, "Name = '\ud83d'")


def test_long_lists_and_long_chains_of_conditions_work(org: SmallOrg) -> None:
    _named(org, "n77", "other")
    names = ", ".join(f"'n{number}'" for number in range(9_000))
    chain = " OR ".join(f"Name = 'n{number}'" for number in range(4_000))

    assert _where(org, f"Name IN ({names})") == {"n77"}
    assert _where(org, f"Name NOT IN ({names})") == {"other"}
    assert _where(org, chain) == {"n77"}


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("Name = 5", "'Name' must be of type string and should be enclosed in quotes"),
        ("Price__c = '5'", "'Price__c' must be of type double and should not be enclosed"),
        ("Active__c = 'true'", "'Active__c' must be of type boolean and should not be enclosed"),
        ("Due__c = '2026-11-20'", "'Due__c' must be of type date and should not be enclosed"),
        ("Due__c > 2026-11-20T00:00:00Z", "'Due__c' must be of type date and should not be"),
        ("Seen_At__c > 2026-11-20", "'Seen_At__c' must be of type dateTime and should not be"),
        ("Weight__c > EUR5", "'Weight__c' must be of type double"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_name(
    org: SmallOrg, condition: str, reason: str
) -> None:
    with pytest.raises(OrgError, match=reason) as refusal:
        _where(org, condition)
    assert refusal.value.items[0].code == "INVALID_FIELD"


@pytest.mark.parametrize(
    "condition",
    ["Id LIKE '001%'", "Price__c LIKE '5'", "Active__c > true", "Name INCLUDES ('a')"],
)
def test_an_operator_that_the_type_lacks_is_refused(org: SmallOrg, condition: str) -> None:
    with pytest.raises(OrgError, match="INVALID_QUERY_FILTER_OPERATOR"):
        _where(org, condition)


def test_long_text_can_not_be_filtered_sorted_or_grouped(org: SmallOrg) -> None:
    with pytest.raises(OrgError, match="'Description' can not be filtered"):
        org.query("SELECT Id FROM Account WHERE Description LIKE 'a%'")
    with pytest.raises(OrgError, match="'Description' can not be sorted"):
        org.query("SELECT Id FROM Account ORDER BY Description")
    with pytest.raises(OrgError, match="'Description' can not be grouped"):
        org.query("SELECT Description FROM Account GROUP BY Description")


def test_an_external_id_is_found_through_its_index(org: SmallOrg) -> None:
    org.query("SELECT Id FROM Part__c WHERE External_Id__c = 'p-1'")
    statements: list[str] = []
    org.connection.set_trace_callback(statements.append)

    org.query("SELECT Id FROM Part__c WHERE External_Id__c = 'p-1'")
    org.query("SELECT Id FROM Part__c WHERE External_Id__c IN ('p-1', 'p-2')")
    org.query("SELECT Id FROM Part__c WHERE Account__c = '001000000000001'")

    org.connection.set_trace_callback(None)
    for statement in [text for text in statements if "FROM" in text]:
        plan = org.connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
        assert any("SEARCH t0 USING INDEX ix_Part__c" in step[3] for step in plan), plan
