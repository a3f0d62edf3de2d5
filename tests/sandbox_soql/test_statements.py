"""What the speed of a page depends on: one statement, whatever the number of rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.sandbox_soql.small_org import SmallOrg

FIELDS = (
    "Id, Name, Account__c, Whole__c, Price__c, CurrencyIsoCode, Quantity, Weight__c, "
    "Active__c, Due__c, Seen_At__c, Stage__c, External_Id__c, Account__r.Name, Whole__r.Name"
)


def a_filled_org(count: int) -> SmallOrg:
    org = SmallOrg()
    accounts = [org.add("Account", Name=f"Account {number}") for number in range(10)]
    whole = org.add("Part__c", Name="Whole")
    for number in range(count):
        org.add(
            "Part__c",
            Name=f"Part {number}",
            Account__c=accounts[number % 10],
            Whole__c=whole,
            Price__c=Decimal(number) / 100,
            CurrencyIsoCode="PLN",
            Quantity=Decimal(number),
            Weight__c=Decimal(number) / 1000,
            Active__c=True,
            Due__c=date(2026, 11, 20),
            Seen_At__c=datetime(2026, 11, 20, 7, tzinfo=UTC),
            Stage__c="New",
            External_Id__c=f"p-{number}",
        )
    return org


def statements_of(org: SmallOrg, soql: str) -> list[str]:
    """What the query asks of the tables."""
    statements: list[str] = []
    org.connection.set_trace_callback(statements.append)
    org.query(soql)
    org.connection.set_trace_callback(None)
    return [sql for sql in statements if " FROM " in sql]


@pytest.mark.parametrize("order", ["Id", "Price__c, Id"])
@pytest.mark.parametrize("count", [5, 300])
def test_a_page_of_fifteen_fields_and_two_parents_is_one_statement(count: int, order: str) -> None:
    org = a_filled_org(count)
    soql = f"SELECT {FIELDS} FROM Part__c WHERE Stage__c = 'New' ORDER BY {order} LIMIT 2000"  # noqa: S608

    assert org.query(soql).total_size == count
    assert len(statements_of(org, soql)) == 1


@pytest.mark.parametrize("count", [5, 300])
def test_the_children_of_all_rows_are_one_statement_more(count: int) -> None:
    org = a_filled_org(count)
    soql = "SELECT Id, (SELECT Id FROM Parts__r) FROM Account"

    found = org.query(soql)

    children = [row["Parts__r"] for row in found.records if row["Parts__r"]]
    assert sum(child.total_size for child in children) == count
    assert len(statements_of(org, soql)) == 2
