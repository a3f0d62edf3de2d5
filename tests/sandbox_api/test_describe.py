from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sandbox.api.describe import describe_briefly
from sandbox.api.describe_fields import describe_field
from sandbox.org.access import FULL_ACCESS
from sandbox.org.schema import Field, FieldType, PicklistValue, SObject
from tests.sandbox_api.clients import RestClient


@pytest.fixture
def proposal(rest: RestClient) -> dict[str, Any]:
    return rest.get("sobjects/Order_Proposal__c/describe").json()


def field(described: dict[str, Any], name: str) -> dict[str, Any]:
    return next(f for f in described["fields"] if f["name"] == name)


@pytest.mark.parametrize("is_setting", [True, False])
def test_a_description_tells_a_custom_setting_from_an_object(is_setting: bool) -> None:
    sobject = SObject("Limits__c", "Limit", "Limits", "a00", custom=True, is_setting=is_setting)

    assert describe_briefly(sobject, "", FULL_ACCESS)["customSetting"] is is_setting


def test_the_global_list_names_every_sobject_with_its_urls(rest: RestClient) -> None:
    listed = rest.get("sobjects").json()

    by_name = {entry["name"]: entry for entry in listed["sobjects"]}
    assert {"Account", "Order", "Order_Proposal__c", "User", "Organization"} <= set(by_name)
    assert by_name["Order"]["keyPrefix"] == "801"
    assert by_name["Order"]["urls"]["describe"] == "/services/data/v59.0/sobjects/Order/describe"
    assert by_name["Order_Proposal__c"]["custom"] is True


def test_a_currency_field_tells_precision_and_scale(proposal: dict[str, Any]) -> None:
    price = field(proposal, "Price__c")

    assert (price["type"], price["soapType"]) == ("currency", "xsd:double")
    assert (price["precision"], price["scale"]) == (18, 2)
    assert (price["nillable"], price["createable"], price["updateable"]) == (False, True, True)


def test_an_auto_number_is_a_read_only_string(proposal: dict[str, Any]) -> None:
    name = field(proposal, "Name")

    assert (name["type"], name["autoNumber"], name["nameField"]) == ("string", True, True)
    assert (name["createable"], name["updateable"], name["defaultedOnCreate"]) == (
        False,
        False,
        True,
    )


def test_a_restricted_picklist_lists_its_values_and_default(proposal: dict[str, Any]) -> None:
    status = field(proposal, "Status__c")

    assert (status["type"], status["restrictedPicklist"]) == ("picklist", True)
    assert [v["value"] for v in status["picklistValues"]] == [
        "Submitted",
        "Withdrawn",
        "Disqualified",
        "Won",
        "Reserve",
        "Rejected",
    ]
    assert [v["value"] for v in status["picklistValues"] if v["defaultValue"]] == ["Submitted"]


def test_a_lookup_tells_its_parent_and_its_relationship(proposal: dict[str, Any]) -> None:
    order = field(proposal, "Order__c")

    assert (order["type"], order["referenceTo"]) == ("reference", ["Order"])
    assert (order["relationshipName"], order["restrictedDelete"]) == ("Order__r", True)


def test_a_parent_lists_its_child_relationships(rest: RestClient) -> None:
    described = rest.get("sobjects/Order/describe").json()

    names = {c["relationshipName"]: c["childSObject"] for c in described["childRelationships"]}
    assert names["Order_Proposals__r"] == "Order_Proposal__c"


def test_an_external_id_is_unique_and_finds_records(proposal: dict[str, Any]) -> None:
    external_id = field(proposal, "External_Id__c")

    assert external_id["externalId"] is True
    assert external_id["unique"] is True
    assert external_id["idLookup"] is True
    assert external_id["length"] == 64


def test_record_types_carry_the_ids_of_their_rows(rest: RestClient) -> None:
    described = rest.get("sobjects/Account/describe").json()

    infos = {info["developerName"]: info for info in described["recordTypeInfos"]}
    rows = rest.query("SELECT Id, DeveloperName FROM RecordType WHERE SobjectType = 'Account'")
    assert set(infos) == {"Manufacturer", "Hardware_Designer", "Master"}
    for row in rows:
        assert infos[row["DeveloperName"]]["recordTypeId"] == row["Id"]


def test_basic_information_answers_beside_describe(rest: RestClient) -> None:
    basic = rest.get("sobjects/Order/").json()

    assert basic["objectDescribe"]["name"] == "Order"
    assert basic["recentItems"] == []


def test_an_unknown_sobject_is_not_found(rest: RestClient) -> None:
    missing = rest.get("sobjects/Ordre/describe")

    assert missing.status_code == 404
    assert missing.json() == [
        {"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}
    ]


def test_a_dependent_picklist_tells_which_values_go_with_which() -> None:
    values = tuple(PicklistValue(v, v) for v in "ABCDEFGHIJ")
    country = Field("Country__c", FieldType.PICKLIST, values=values, custom=True)
    city = replace(
        country,
        name="City__c",
        controller="Country__c",
        values=(
            PicklistValue("Oslo", "Oslo", valid_for=("A", "C", "J")),
            PicklistValue("Rome", "Rome", valid_for=()),
        ),
    )
    site = SObject("Site__c", "Site", "Sites", "a01", True, {f.name: f for f in (country, city)})

    described: dict[str, Any] = describe_field(site, city, FULL_ACCESS)

    assert (described["dependentPicklist"], described["controllerName"]) == (True, "Country__c")
    # One bit a country, the first one highest: 10100000 01000000.
    assert [v["validFor"] for v in described["picklistValues"]] == ["oEA=", "AAA="]
