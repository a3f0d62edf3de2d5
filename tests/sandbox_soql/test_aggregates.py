"""Grouped queries: functions, aliases, HAVING, subtotals, and what is refused."""

# ruff: noqa: S608 - these are SOQL texts

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sandbox.org.errors import OrgError
from tests.sandbox_soql.small_org import SmallOrg, a_schema


@pytest.fixture
def org() -> SmallOrg:
    org = SmallOrg(a_schema(multi_currency=False))
    for stage, name, price in (
        ("New", "a", "10.00"),
        ("New", "b", "20.01"),
        ("Closed", "a", "0.10"),
        ("Closed", "c", None),
    ):
        org.add("Part__c", Name=name, Stage__c=stage, Price__c=price and Decimal(price))
    return org


def test_functions_without_groups_answer_one_row_with_numbered_names(org: SmallOrg) -> None:
    result = org.query(
        "SELECT COUNT(Id), COUNT(Price__c) priced, COUNT_DISTINCT(Name), SUM(Price__c), "
        "MIN(Price__c), MAX(Name) FROM Part__c"
    )

    assert result.records == [
        {
            "attributes": {"type": "AggregateResult"},
            "expr0": 4,
            "priced": 3,
            "expr1": 3,
            "expr2": Decimal("30.11"),
            "expr3": Decimal("0.10"),
            "expr4": "c",
        }
    ]


def test_functions_over_no_rows_answer_null_and_zero(org: SmallOrg) -> None:
    rows = org.values(
        "SELECT COUNT(Id), SUM(Price__c), AVG(Price__c), MAX(Name) FROM Part__c WHERE Name = 'z'"
    )

    assert rows == [(0, None, None, None)]


def test_groups_carry_their_fields_and_functions(org: SmallOrg) -> None:
    rows = org.query(
        "SELECT stage__c, COUNT(Id) parts, AVG(Price__c) FROM Part__c "
        "GROUP BY Stage__c ORDER BY Stage__c"
    ).records

    assert [list(row) for row in rows] == [["attributes", "Stage__c", "parts", "expr0"]] * 2
    assert [tuple(row.values())[1:] for row in rows] == [
        ("New", 2, Decimal("15.005")),
        ("Closed", 2, Decimal("0.1")),
    ]


def test_a_mean_that_never_ends_has_seventeen_digits() -> None:
    org = SmallOrg()
    for quantity in (1, 1, 2):
        org.add("Part__c", Quantity=Decimal(quantity))

    assert org.values("SELECT AVG(Quantity) FROM Part__c") == [(Decimal("1.3333333333333333"),)]


def test_having_filters_groups_by_functions_and_grouped_fields(org: SmallOrg) -> None:
    base = "SELECT Stage__c FROM Part__c GROUP BY Stage__c HAVING"

    assert org.names(f"{base} SUM(Price__c) > 1") == ["New"]
    assert org.names(f"{base} COUNT(Price__c) = 1") == ["Closed"]
    assert org.names(f"{base} AVG(Price__c) = 15.005") == ["New"]
    assert org.names(f"{base} AVG(Price__c) < 15.0049") == ["Closed"]
    assert org.names(f"{base} COUNT(Id) = 2 AND Stage__c LIKE 'c%'") == ["Closed"]


def test_groups_are_ordered_by_functions_and_limited(org: SmallOrg) -> None:
    base = "SELECT Stage__c FROM Part__c GROUP BY Stage__c ORDER BY"

    assert org.names(f"{base} SUM(Price__c) DESC") == ["New", "Closed"]
    assert org.names(f"{base} AVG(Price__c)") == ["Closed", "New"]
    assert org.names(f"{base} COUNT(Id), Stage__c DESC LIMIT 1") == ["Closed"]


def test_a_parents_field_groups_under_its_own_name() -> None:
    org = SmallOrg()
    account = org.add("Account", Name="Acme")
    org.add("Part__c", Account__c=account)
    org.add("Part__c", Account__c=account)

    rows = org.query(
        "SELECT Account__r.Name, Account__r.Kind__c kind, COUNT(Id) n FROM Part__c "
        "GROUP BY Account__r.Name, Account__r.Kind__c"
    ).records

    assert rows == [
        {"attributes": {"type": "AggregateResult"}, "Name": "Acme", "kind": None, "n": 2}
    ]


def test_rollup_adds_subtotals_and_a_total(org: SmallOrg) -> None:
    rows = org.values(
        "SELECT Stage__c, Name, COUNT(Id), GROUPING(Stage__c), GROUPING(Name) g "
        "FROM Part__c GROUP BY ROLLUP(Stage__c, Name)"
    )

    assert sorted(rows, key=repr) == sorted(
        [
            ("New", "a", 1, 0, 0),
            ("New", "b", 1, 0, 0),
            ("Closed", "a", 1, 0, 0),
            ("Closed", "c", 1, 0, 0),
            ("New", None, 2, 0, 1),
            ("Closed", None, 2, 0, 1),
            (None, None, 4, 1, 1),
        ],
        key=repr,
    )


def test_cube_adds_every_combination(org: SmallOrg) -> None:
    rows = org.values("SELECT Stage__c, Name, COUNT(Id) FROM Part__c GROUP BY CUBE(Stage__c, Name)")

    assert (None, "a", 2) in rows
    assert (None, None, 4) in rows
    assert len(rows) == 4 + 2 + 3 + 1


def test_date_functions_group_and_take_utc_unless_converted() -> None:
    org = SmallOrg()
    # Half past eleven in the evening of 31 December in UTC is the new year in Warsaw.
    org.add("Part__c", Seen_At__c=datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    org.add("Part__c", Seen_At__c=datetime(2026, 12, 31, 12, 0, tzinfo=UTC))

    in_utc = org.values(
        "SELECT CALENDAR_YEAR(Seen_At__c), COUNT(Id) FROM Part__c "
        "GROUP BY CALENDAR_YEAR(Seen_At__c)"
    )
    converted = org.values(
        "SELECT CALENDAR_YEAR(convertTimezone(Seen_At__c)) y, COUNT(Id) n FROM Part__c "
        "GROUP BY CALENDAR_YEAR(convertTimezone(Seen_At__c)) "
        "ORDER BY CALENDAR_YEAR(convertTimezone(Seen_At__c))"
    )

    assert in_utc == [(2026, 2)]
    assert converted == [(2026, 1), (2027, 1)]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("CALENDAR_YEAR", 2026),
        ("CALENDAR_QUARTER", 4),
        ("CALENDAR_MONTH", 11),
        ("FISCAL_QUARTER", 4),
        ("DAY_IN_MONTH", 20),
        ("DAY_IN_WEEK", 6),
        ("DAY_IN_YEAR", 324),
        ("WEEK_IN_MONTH", 3),
        ("WEEK_IN_YEAR", 47),
    ],
)
def test_date_functions_compute_what_their_names_say(function: str, expected: int) -> None:
    org = SmallOrg()
    org.add("Part__c", Name="friday", Due__c=date(2026, 11, 20))
    org.add("Part__c", Name="none")

    assert org.values(
        f"SELECT {function}(Due__c) v FROM Part__c WHERE Due__c != null GROUP BY {function}(Due__c)"
    ) == [(expected,)]
    where = f"SELECT Name FROM Part__c WHERE {function}(Due__c)"
    assert org.names(f"{where} = {expected}") == ["friday"]
    assert org.names(f"{where} > {expected}") == []


def test_day_only_and_hour_take_datetimes() -> None:
    org = SmallOrg()
    org.add("Part__c", Name="seen", Seen_At__c=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
    where = "SELECT Name FROM Part__c WHERE"

    assert org.names(f"{where} DAY_ONLY(Seen_At__c) = 2026-11-20") == ["seen"]
    assert org.names(f"{where} DAY_ONLY(convertTimezone(Seen_At__c)) = TOMORROW") == ["seen"]
    assert org.names(f"{where} HOUR_IN_DAY(Seen_At__c) = 23") == ["seen"]
    assert org.names(f"{where} HOUR_IN_DAY(convertTimezone(Seen_At__c)) = 0") == ["seen"]
    with pytest.raises(OrgError, match="does not support the date function HOUR_IN_DAY"):
        org.query(f"{where} HOUR_IN_DAY(Due__c) = 0")


def test_sums_of_several_currencies_are_corporate_and_rounded_once() -> None:
    org = SmallOrg()
    for price, iso in (("0.01", "PLN"), ("0.01", "PLN"), ("0.01", "PLN"), ("1.16", "USD")):
        org.add("Part__c", Price__c=Decimal(price), CurrencyIsoCode=iso)

    rows = org.values("SELECT SUM(Price__c), MAX(Price__c), AVG(Price__c) FROM Part__c")

    # 0.03 PLN are 0.007 EUR: a cent together, nothing when each is rounded on its own.
    assert rows == [(Decimal("1.01"), Decimal("1.00"), Decimal("0.2525"))]


@pytest.mark.parametrize(
    ("soql", "reason"),
    [
        ("SELECT Name, COUNT(Id) FROM Part__c", "Field must be grouped or aggregated: Name"),
        (
            "SELECT Name, COUNT(Id) FROM Part__c GROUP BY Stage__c",
            "Field must be grouped or aggregated: Name",
        ),
        (
            "SELECT COUNT(Id) FROM Part__c GROUP BY Stage__c ORDER BY Name",
            "Ordered field must be grouped or aggregated: Name",
        ),
        (
            "SELECT COUNT(Id) FROM Part__c GROUP BY Stage__c HAVING Name = 'a'",
            "Having field must be grouped or aggregated: Name",
        ),
        ("SELECT MAX(Name) FROM Part__c LIMIT 1", "Non-grouped query that uses overall aggregate"),
        ("SELECT Price__c FROM Part__c GROUP BY Price__c", "'Price__c' can not be grouped"),
        ("SELECT SUM(Name) FROM Part__c", "Name does not support aggregate operator SUM"),
        ("SELECT Id FROM Part__c WHERE COUNT(Id) > 1", "unexpected token: 'COUNT'"),
        ("SELECT Name n FROM Part__c", "only aggregate expressions use field aliasing"),
        (
            "SELECT CALENDAR_YEAR(Due__c) FROM Part__c",
            "Field must be grouped or aggregated: Due__c",
        ),
        ("SELECT Name x, MAX(Id) x FROM Part__c GROUP BY Name", "duplicate alias: x"),
        ("SELECT COUNT(), Id FROM Part__c", "COUNT\\(\\) must be the only element"),
        (
            "SELECT Stage__c FROM Part__c GROUP BY Stage__c HAVING COUNT(Id, Name) > 1",
            "COUNT takes one field, not 2",
        ),
        ("SELECT Id, Name, ID FROM Part__c", "duplicate field selected: Id"),
        (
            "SELECT Id, (SELECT COUNT(Id) FROM Parts__r) FROM Account",
            "not allowed in a child subquery",
        ),
        (
            "SELECT Name FROM Part__c GROUP BY Name, ROLLUP(Stage__c)",
            "can not be combined with ROLLUP",
        ),
    ],
)
def test_what_salesforce_refuses_is_refused_with_its_reason(soql: str, reason: str) -> None:
    with pytest.raises(OrgError, match=reason) as refusal:
        SmallOrg().query(soql)
    assert refusal.value.items[0].code == "MALFORMED_QUERY"


def test_more_groups_than_one_page_are_refused() -> None:
    org = SmallOrg()
    for number in range(2_001):
        org.add("Part__c", Name=f"n{number}")

    with pytest.raises(OrgError, match="Aggregate query does not support queryMore") as refusal:
        org.query("SELECT Name, COUNT(Id) FROM Part__c GROUP BY Name")
    assert refusal.value.items[0].code == "EXCEEDED_ID_LIMIT"
    assert org.query("SELECT Name FROM Part__c GROUP BY Name LIMIT 2000").total_size == 2_000


def test_a_sum_beyond_every_number_is_refused_and_not_a_crash() -> None:
    org = SmallOrg(a_schema(multi_currency=False))
    for _ in range(2):
        org.add("Part__c", Price__c=Decimal("90000000000000000.00"))

    with pytest.raises(OrgError, match="NUMBER_OUTSIDE_VALID_RANGE"):
        org.query("SELECT SUM(Price__c) FROM Part__c")
