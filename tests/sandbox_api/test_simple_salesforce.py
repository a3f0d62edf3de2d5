"""The real client, unpatched, over HTTPS with the org's own CA and over HTTP by an adapter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import seed_tender
from tests.sandbox_api.clients import simple_client


@pytest.fixture(params=[True, False], ids=["https", "http"])
def sf(org: LocalOrgServer, request: pytest.FixtureRequest) -> Iterator[Salesforce]:
    client = simple_client(
        org,
        secure=request.param,
        username="admin@manufaktura.example",
        password="sandbox-password",
        security_token="SANDBOXTOKEN",
    )
    with client.session:
        yield client


def test_a_record_is_created_read_changed_and_deleted(sf: Salesforce) -> None:
    created = sf.Account.create({"Name": "Aurora", "External_Id__c": "HD-1"})
    record_id = created["id"]

    assert created["success"] is True
    assert sf.Account.get(record_id)["Name"] == "Aurora"
    assert sf.Account.get_by_custom_id("External_Id__c", "HD-1")["Id"] == record_id
    assert sf.Account.update(record_id, {"Name": "Borealis"}) == 204
    assert sf.Account.upsert("External_Id__c/HD-1", {"Name": "Corona"}) == 200
    assert sf.Account.upsert("External_Id__c/HD-2", {"Name": "Deneb"}) == 201
    assert sf.Account.delete(record_id) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Account.get(record_id)


def test_a_refused_write_carries_the_orgs_code(sf: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.Account.create({"Phone": "1"})

    assert caught.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"


def test_query_all_follows_every_page(org: LocalOrgServer, sf: Salesforce) -> None:
    rows = [{"Name": f"N{n}"} for n in range(4100)]
    org.org.seed([{"sobject": "Account", "records": rows}])

    result = sf.query_all("SELECT Id FROM Account")

    assert (result["totalSize"], len(result["records"]), result["done"]) == (4100, 4100, True)
    assert len({row["Id"] for row in result["records"]}) == 4100


def test_describe_and_metadata(sf: Salesforce) -> None:
    assert "Order_Proposal__c" in {s["name"] for s in sf.describe()["sobjects"]}
    assert sf.Order_Proposal__c.describe()["keyPrefix"]
    assert sf.Order_Proposal__c.metadata()["objectDescribe"]["name"] == "Order_Proposal__c"


def test_changed_and_deleted_records_of_a_span(org: LocalOrgServer, sf: Salesforce) -> None:
    kept, gone = (sf.Account.create({"Name": name})["id"] for name in "AB")
    sf.Account.delete(gone)
    now = org.org.clock.now()
    start, end = now - timedelta(hours=1), now + timedelta(minutes=2)

    assert sf.Account.updated(start, end)["ids"] == [kept]
    assert [r["id"] for r in sf.Account.deleted(start, end)["deletedRecords"]] == [gone]


def test_composite_calls_through_restful(org: LocalOrgServer, sf: Salesforce) -> None:
    ids = seed_tender(org)
    query = {"method": "GET", "url": "v59.0/query?q=SELECT+COUNT()+FROM+Order_Proposal__c"}

    answer = sf.restful(
        "composite/batch",
        method="POST",
        json={
            "batchRequests": [query, {"method": "GET", "url": f"v59.0/sobjects/Order/{ids['o']}"}]
        },
    )

    assert answer["results"][0]["result"]["totalSize"] == 3
    assert answer["results"][1]["result"]["Status"] == "AWAITING PROPOSALS"


def test_is_sandbox_and_usage(sf: Salesforce) -> None:
    assert sf.is_sandbox() is True
    assert sf.api_usage["api-usage"].used == 1
