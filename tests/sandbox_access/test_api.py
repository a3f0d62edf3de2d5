"""What the integration user's clients see of their rights over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import seed_tender
from tests.sandbox_api.clients import RestClient

INTEGRATION = "integration@manufaktura.example"


@pytest.fixture
def rest(org: LocalOrgServer) -> Iterator[RestClient]:
    with RestClient(org, INTEGRATION) as client:
        yield client


@pytest.fixture
def admin(org: LocalOrgServer) -> Iterator[RestClient]:
    with RestClient(org, "admin@manufaktura.example") as client:
        yield client


def fields_of(client: RestClient, sobject: str) -> dict[str, dict[str, Any]]:
    described = client.get(f"sobjects/{sobject}/describe").json()
    return {field["name"]: field for field in described["fields"]}


def test_the_global_list_shows_the_objects_that_the_user_may_read(
    rest: RestClient, admin: RestClient
) -> None:
    seen = {entry["name"]: entry for entry in rest.get("sobjects").json()["sobjects"]}
    everything = {entry["name"] for entry in admin.get("sobjects").json()["sobjects"]}

    assert {"Order", "Order_Proposal__c", "OrderHistory", "User"} <= set(seen)
    assert everything - set(seen) >= {"Contact"}
    assert (seen["Order"]["createable"], seen["Order"]["deletable"]) == (True, False)
    assert seen["User"]["createable"] is False


def test_a_hidden_object_is_not_to_be_found(rest: RestClient) -> None:
    for answer in (
        rest.get("sobjects/Contact/describe"),
        rest.get("sobjects/Contact"),
        rest.post("sobjects/Contact", {"LastName": "Nowak"}),
    ):
        assert answer.status_code == 404
        assert answer.json()[0]["errorCode"] == "NOT_FOUND"
    answer = rest.get("query", params={"q": "SELECT Id FROM Contact"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_TYPE")
    record = {"attributes": {"type": "Contact"}, "LastName": "Nowak"}
    answer = rest.post("composite/sobjects", {"records": [record]})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_TYPE")


def test_describe_hides_fields_and_tells_which_may_be_written(
    rest: RestClient, admin: RestClient
) -> None:
    seen, everything = fields_of(rest, "Account"), fields_of(admin, "Account")

    assert "Phone" in everything
    assert "Phone" not in seen
    assert seen["Name"]["updateable"] is True
    assert seen["Rating__c"]["updateable"] is False
    assert everything["Rating__c"]["updateable"] is True
    assert everything["Rating__c"]["permissionable"] is True
    assert everything["Name"]["permissionable"] is False


def test_describe_lists_children_that_the_user_may_see(rest: RestClient, admin: RestClient) -> None:
    def children(client: RestClient) -> set[str]:
        described = client.get("sobjects/Account/describe").json()
        return {child["childSObject"] for child in described["childRelationships"]}

    assert "Contact" in children(admin)
    assert "Contact" not in children(rest)
    assert "Order_Proposal__c" in children(rest)


def test_a_record_is_shown_without_its_hidden_fields(org: LocalOrgServer, rest: RestClient) -> None:
    ids = seed_tender(org)

    record = rest.get(f"sobjects/Account/{ids['hd']}").json()

    assert record["External_Id__c"] == "HD-1"
    assert "Phone" not in record
    answer = rest.get(f"sobjects/Account/{ids['hd']}", params={"fields": "Id,Phone"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


def test_refusals_carry_salesforces_codes(org: LocalOrgServer, rest: RestClient) -> None:
    account = seed_tender(org)["hd"]

    answers = [
        rest.patch(f"sobjects/Account/{account}", {"Rating__c": 5}),
        rest.patch(f"sobjects/Account/{account}", {"Phone": "1"}),
        rest.delete(f"sobjects/Account/{account}"),
    ]

    assert [answer.json()[0]["errorCode"] for answer in answers] == [
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "INVALID_FIELD",
        "INSUFFICIENT_ACCESS_OR_READONLY",
    ]
    assert {answer.status_code for answer in answers} == {400}
