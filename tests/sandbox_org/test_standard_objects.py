"""The standard objects beside Account, Contact, Order and Case: their rules and their links."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.org.org import Actor, Org
from tests.sandbox_org.builders import read, refused

ENTRY = {"UnitPrice": 12, "IsActive": True}


def rows(org: Org, admin: Actor, soql: str) -> list[dict[str, object]]:
    return [
        {k: v for k, v in row.items() if k != "attributes"}
        for row in org.query(admin, soql).records
    ]


def a_price(org: Org, admin: Actor) -> str:
    product = org.insert(admin, "Product2", {"Name": "Lamp", "ProductCode": "L-1"})
    entry = {"Product2Id": product, "Pricebook2": None, **ENTRY}
    del entry["Pricebook2"]
    (book,) = rows(org, admin, "SELECT Id FROM Pricebook2 WHERE IsStandard = true")
    return org.insert(admin, "PricebookEntry", {**entry, "Pricebook2Id": book["Id"]})


def an_order(org: Org, admin: Actor) -> str:
    account = org.insert(admin, "Account", {"Name": "Ada"})
    values = {"AccountId": account, "EffectiveDate": "2026-01-01", "Status": "Draft"}
    return org.insert(admin, "Order", values)


@pytest.mark.parametrize(
    ("sobject", "values", "missing"),
    [
        ("Lead", {"LastName": "Nowak", "Company": "Ada"}, "Company"),
        (
            "Opportunity",
            {"Name": "Lamp", "StageName": "Prospecting", "CloseDate": "2026-01-01"},
            "CloseDate",
        ),
        ("Product2", {"Name": "Lamp"}, "Name"),
        ("Pricebook2", {"Name": "Partners"}, "Name"),
        ("Campaign", {"Name": "Fair"}, "Name"),
    ],
)
def test_each_object_can_be_created_and_misses_what_it_requires(
    org: Org, admin: Actor, sobject: str, values: dict[str, object], missing: str
) -> None:
    record = org.insert(admin, sobject, values)

    assert record[:3] == org.schema.objects[sobject].key_prefix
    with refused(org, "REQUIRED_FIELD_MISSING"):
        org.insert(admin, sobject, {k: v for k, v in values.items() if k != missing})


def test_an_order_product_takes_product_and_list_price_from_its_price_book_entry(
    org: Org, admin: Actor
) -> None:
    order, entry = an_order(org, admin), a_price(org, admin)
    item = {"OrderId": order, "PricebookEntryId": entry, "Quantity": "2.5", "UnitPrice": "10.10"}

    item_id = org.insert(admin, "OrderItem", item)

    (row,) = rows(
        org,
        admin,
        "SELECT Product2.Name, ListPrice, TotalPrice, PricebookEntry.Name FROM OrderItem",
    )
    assert (row["ListPrice"], row["TotalPrice"]) == (12, Decimal("25.25"))
    assert row["Product2"]["Name"] == row["PricebookEntry"]["Name"] == "Lamp"
    with refused(org, "INVALID_FIELD_FOR_INSERT_UPDATE"):
        org.update(admin, "OrderItem", item_id, {"OrderId": order})
    org.delete(admin, "Order", order)
    assert rows(org, admin, "SELECT Id FROM OrderItem") == []


def test_closing_stages_and_statuses_set_their_flags(org: Org, admin: Actor) -> None:
    values = {"Name": "Lamp", "StageName": "Closed Won", "CloseDate": "2026-01-01"}
    won = org.insert(admin, "Opportunity", values)
    task = org.insert(admin, "Task", {"Subject": "Call", "Priority": "High"})

    assert read(org, won, "IsWon", "IsClosed") == {"IsWon": True, "IsClosed": True}
    org.update(admin, "Opportunity", won, {"StageName": "Closed Lost"})
    assert read(org, won, "IsWon", "IsClosed") == {"IsWon": False, "IsClosed": True}
    assert read(org, task, "IsClosed", "IsHighPriority", "Status") == {
        "IsClosed": False,
        "IsHighPriority": True,
        "Status": "Not Started",
    }
    org.update(admin, "Task", task, {"Status": "Completed"})
    assert read(org, task, "IsClosed") == {"IsClosed": True}


def test_activities_point_at_people_and_things(org: Org, admin: Actor) -> None:
    lead = org.insert(admin, "Lead", {"LastName": "Nowak", "Company": "Ada"})
    order = an_order(org, admin)
    org.insert(admin, "Task", {"Subject": "Call", "WhoId": lead, "WhatId": order})

    (row,) = rows(org, admin, "SELECT Who.Name, Who.Type, What.Type FROM Task")
    (chosen,) = rows(org, admin, "SELECT TYPEOF What WHEN Order THEN Status ELSE Id END FROM Task")

    assert (row["Who"]["Name"], row["Who"]["Type"], row["What"]["Type"]) == (
        "Nowak",
        "Lead",
        "Order",
    )
    assert chosen["What"]["Status"] == "Draft"
    with refused(org, "INVALID_CROSS_REFERENCE_KEY"):
        org.insert(admin, "Task", {"Subject": "Call", "WhoId": order})


def test_a_lead_may_belong_to_a_queue(org: Org, admin: Actor) -> None:
    queue = org.insert(admin, "Group", {"Name": "Sales", "Type": "Queue"})

    lead = org.insert(admin, "Lead", {"LastName": "Nowak", "Company": "Ada", "OwnerId": queue})

    (row,) = rows(org, admin, f"SELECT Owner.Name, Owner.Type FROM Lead WHERE Id = '{lead}'")  # noqa: S608
    assert (row["Owner"]["Name"], row["Owner"]["Type"]) == ("Sales", "Queue")


def test_members_of_a_campaign_go_with_it(org: Org, admin: Actor) -> None:
    lead = org.insert(admin, "Lead", {"LastName": "Nowak", "Company": "Ada"})
    campaign = org.insert(admin, "Campaign", {"Name": "Fair"})
    member = org.insert(
        admin, "CampaignMember", {"CampaignId": campaign, "LeadId": lead, "Status": "Responded"}
    )

    assert read(org, member, "HasResponded") == {"HasResponded": True}
    org.delete(admin, "Campaign", campaign)
    assert rows(org, admin, "SELECT Id FROM CampaignMember") == []


def test_a_contract_ends_when_its_term_is_over(org: Org, admin: Actor) -> None:
    account = org.insert(admin, "Account", {"Name": "Ada"})
    values = {"AccountId": account, "StartDate": "2026-01-15", "ContractTerm": 12}

    contract = org.insert(admin, "Contract", values)

    assert str(read(org, contract, "EndDate")["EndDate"]) == "2027-01-14"
    assert read(org, contract, "StatusCode") == {"StatusCode": "Draft"}


def an_opportunity(org: Org, admin: Actor, **values: object) -> str:
    base = {"Name": "Lamps", "StageName": "Needs Analysis", "CloseDate": "2026-08-31"}
    return org.insert(admin, "Opportunity", {**base, "Amount": 1000, **values})


FORECAST = "SELECT Probability, ForecastCategoryName, ForecastCategory FROM Opportunity"


def test_a_stage_brings_its_probability_and_forecast_category(org: Org, admin: Actor) -> None:
    record = an_opportunity(org, admin)
    first = rows(org, admin, FORECAST)
    org.update(admin, "Opportunity", record, {"StageName": "Closed Won"})

    assert first == [
        {
            "Probability": 20,
            "ForecastCategoryName": "Pipeline",
            "ForecastCategory": "Pipeline",
        }
    ]
    assert rows(org, admin, FORECAST) == [
        {"Probability": 100, "ForecastCategoryName": "Closed", "ForecastCategory": "Closed"}
    ]


def test_a_probability_that_the_save_gives_wins_and_stays(org: Org, admin: Actor) -> None:
    record = an_opportunity(org, admin, Probability=35, ForecastCategoryName="Best Case")
    org.update(admin, "Opportunity", record, {"Name": "More lamps"})

    (row,) = rows(org, admin, FORECAST)
    assert (row["Probability"], row["ForecastCategoryName"]) == (35, "Best Case")


def test_an_opportunity_knows_its_expected_revenue_and_fiscal_period(
    org: Org, admin: Actor
) -> None:
    an_opportunity(org, admin)

    assert rows(
        org, admin, "SELECT ExpectedRevenue, FiscalYear, FiscalQuarter, Fiscal FROM Opportunity"
    ) == [
        {
            "ExpectedRevenue": Decimal("200.00"),
            "FiscalYear": 2026,
            "FiscalQuarter": 3,
            "Fiscal": "2026 3",
        }
    ]
