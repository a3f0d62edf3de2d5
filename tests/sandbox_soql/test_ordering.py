"""ORDER BY: nulls, letter case, picklists as in Setup, amounts in several currencies."""

# ruff: noqa: S608 - these are SOQL texts

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.sandbox_soql.small_org import SmallOrg, a_schema


@pytest.fixture
def org() -> SmallOrg:
    return SmallOrg()


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("Quantity", ["none", "one", "two"]),
        ("Quantity ASC NULLS LAST", ["one", "two", "none"]),
        ("Quantity DESC", ["none", "two", "one"]),
        ("Quantity DESC NULLS LAST", ["two", "one", "none"]),
    ],
)
def test_nulls_come_first_unless_said_otherwise(
    org: SmallOrg, order: str, expected: list[object]
) -> None:
    org.add("Part__c", Name="two", Quantity=Decimal(2))
    org.add("Part__c", Name="none")
    org.add("Part__c", Name="one", Quantity=Decimal(1))

    assert org.names(f"SELECT Name FROM Part__c ORDER BY {order}") == expected


def test_text_is_ordered_without_letter_case(org: SmallOrg) -> None:
    for name in ("b", "A", "a2", "B1"):
        org.add("Part__c", Name=name)

    assert org.names("SELECT Name FROM Part__c ORDER BY Name") == ["A", "a2", "b", "B1"]


def test_picklists_are_ordered_as_setup_lists_them(org: SmallOrg) -> None:
    for stage in ("Archived", "New", "Unlisted", "Shortlisted", None):
        org.add("Part__c", Name=stage, Stage__c=stage)

    ordered = org.names("SELECT Name FROM Part__c ORDER BY Stage__c")

    assert ordered == [None, "New", "Shortlisted", "Archived", "Unlisted"]


def test_ties_are_broken_by_the_next_key_and_at_last_by_id(org: SmallOrg) -> None:
    ids = [org.add("Part__c", Name=name) for name in ("b", "a", "a", "b")]

    rows = org.values("SELECT Id FROM Part__c ORDER BY Name DESC, Id DESC")
    undecided = org.values("SELECT Id FROM Part__c ORDER BY Name")

    assert [row[0] for row in rows] == [ids[3], ids[0], ids[2], ids[1]]
    assert [row[0] for row in undecided] == [ids[1], ids[2], ids[0], ids[3]]


def test_a_parents_field_orders_and_a_missing_parent_counts_as_null(org: SmallOrg) -> None:
    acme = org.add("Account", Name="Acme")
    zeta = org.add("Account", Name="Zeta")
    org.add("Part__c", Name="z", Account__c=zeta)
    org.add("Part__c", Name="a", Account__c=acme)
    org.add("Part__c", Name="-")

    assert org.names("SELECT Name FROM Part__c ORDER BY Account__r.Name") == ["-", "a", "z"]


def _prices(org: SmallOrg) -> None:
    for name, price, iso in (
        ("40 PLN", "40.00", "PLN"),  # 9.41 EUR
        ("10 EUR", "10.00", "EUR"),
        ("11 USD", "11.00", "USD"),  # 9.48 EUR
        ("12 none", "12.00", None),  # no currency: taken as it is
        ("10 CHF", "10.50", "CHF"),  # no rate: taken as it is
    ):
        org.add("Part__c", Name=name, Price__c=Decimal(price), CurrencyIsoCode=iso)


def test_amounts_are_ordered_by_their_corporate_value(org: SmallOrg) -> None:
    _prices(org)

    ordered = org.names("SELECT Name FROM Part__c ORDER BY Price__c")

    assert ordered == ["40 PLN", "11 USD", "10 EUR", "10 CHF", "12 none"]


def test_amounts_are_ordered_as_numbers_where_there_is_one_currency() -> None:
    org = SmallOrg(a_schema(multi_currency=False))
    _prices(org)

    ordered = org.names("SELECT Name FROM Part__c ORDER BY Price__c")

    assert ordered == ["10 EUR", "10 CHF", "11 USD", "12 none", "40 PLN"]


def test_a_literal_compares_by_value_only_when_it_names_its_currency(org: SmallOrg) -> None:
    _prices(org)

    by_number = org.names("SELECT Name FROM Part__c WHERE Price__c > 11 ORDER BY Name")
    by_value = org.names("SELECT Name FROM Part__c WHERE Price__c > USD11 ORDER BY Name")
    equal = org.names("SELECT Name FROM Part__c WHERE Price__c = usd11")
    among = org.names("SELECT Name FROM Part__c WHERE Price__c IN (PLN40, EUR10) ORDER BY Name")

    assert by_number == ["12 none", "40 PLN"]
    assert by_value == ["10 CHF", "10 EUR", "12 none"]
    assert equal == ["11 USD"]
    assert among == ["10 EUR", "40 PLN"]


def test_convert_currency_answers_the_corporate_amount(org: SmallOrg) -> None:
    _prices(org)

    rows = org.values(
        "SELECT Name, convertCurrency(Price__c) corporate FROM Part__c "
        "WHERE CurrencyIsoCode IN ('PLN', 'USD') ORDER BY Name"
    )

    assert rows == [("11 USD", Decimal("9.48")), ("40 PLN", Decimal("9.41"))]
