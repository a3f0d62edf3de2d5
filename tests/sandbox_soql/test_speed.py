"""A page of 2,000 rows comes in time."""

# ruff: noqa: S608 - these are SOQL texts

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from decimal import Decimal

from tests.sandbox_soql.small_org import SmallOrg

PAGE = 2_000
SECONDS = 0.25


def _filled() -> SmallOrg:
    org = SmallOrg()
    accounts = [org.add("Account", Name=f"Account {number}") for number in range(100)]
    whole = org.add("Part__c", Name="Whole")
    for number in range(PAGE + 500):
        org.add(
            "Part__c",
            Name=f"Part {number}",
            Account__c=accounts[number % 100],
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


def _seconds(org: SmallOrg, soql: str) -> float:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        assert org.query(soql).total_size == PAGE
        times.append(time.perf_counter() - start)
    return min(times)


def test_a_page_of_fifteen_fields_and_two_parents_comes_in_time() -> None:
    org = _filled()
    fields = (
        "Id, Name, Account__c, Whole__c, Price__c, CurrencyIsoCode, Quantity, Weight__c, "
        "Active__c, Due__c, Seen_At__c, Stage__c, External_Id__c, Account__r.Name, Whole__r.Name"
    )
    where = "WHERE Stage__c = 'New' AND Quantity < 2400"

    assert _seconds(org, f"SELECT {fields} FROM Part__c {where} ORDER BY Id LIMIT 2000") < SECONDS
    by_price = f"SELECT {fields} FROM Part__c {where} ORDER BY Price__c, Id LIMIT 2000"
    assert _seconds(org, by_price) < SECONDS
