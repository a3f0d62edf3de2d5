from __future__ import annotations

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import RestClient, a_session


def ask(rest: RestClient, soql: str) -> dict:
    answer = rest.get("tooling/query", params={"q": soql})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Id FROM SandboxProcess WHERE A='00D000000000001' ORDER BY CreatedDate DESC",
        "SELECT MemberName, MemberType FROM SourceMember WHERE RevisionCounter > 0",
        "SELECT Id, Name FROM ApexClass",
    ],
)
def test_what_the_org_has_none_of_is_an_empty_result(rest: RestClient, soql: str) -> None:
    page = ask(rest, soql)

    assert (page["size"], page["totalSize"], page["done"], page["records"]) == (0, 0, True, [])
    assert page["entityTypeName"] in soql


def test_entities_are_the_objects_of_the_schema(rest: RestClient) -> None:
    page = ask(
        rest,
        "SELECT QualifiedApiName, Label, KeyPrefix FROM EntityDefinition "
        "WHERE QualifiedApiName IN ('Order', 'Order_Proposal__c') ORDER BY QualifiedApiName",
    )

    rows = [(r["QualifiedApiName"], r["Label"], r["KeyPrefix"]) for r in page["records"]]
    assert rows == [("Order", "Order", "801"), ("Order_Proposal__c", "Order Proposal", "a00")]


def test_fields_are_found_by_their_object(rest: RestClient) -> None:
    page = ask(
        rest,
        "SELECT QualifiedApiName, DataType, EntityDefinition.Label FROM FieldDefinition "
        "WHERE EntityDefinition.QualifiedApiName = 'Order_Proposal__c' "
        "AND QualifiedApiName = 'Price__c'",
    )

    (row,) = page["records"]
    assert (row["QualifiedApiName"], row["DataType"]) == ("Price__c", "Currency")
    assert row["EntityDefinition"]["Label"] == "Order Proposal"


@pytest.mark.parametrize("sobject", ["FieldDefinition", "ApexClass"])
def test_columns_of_a_tooling_query_are_told(rest: RestClient, sobject: str) -> None:
    soql = f"SELECT Label, EntityDefinition.Label FROM {sobject}"  # noqa: S608 - two constants

    shown = rest.get("tooling/query", params={"q": soql, "columns": "true"}).json()

    (own, parent) = shown["columnMetadata"]
    assert (shown["entityName"], own["columnName"]) == (sobject, "Label")
    assert [column["columnName"] for column in parent["joinColumns"]] == ["Label"]


def test_unknown_objects_and_bad_queries_are_refused(rest: RestClient) -> None:
    codes = [
        rest.get("tooling/query", params={"q": soql}).json()[0]["errorCode"]
        for soql in ("SELECT Id FROM Nothing", "SELEKT", "", "SELECT X FROM FieldDefinition")
    ]

    assert codes == ["INVALID_TYPE", "MALFORMED_QUERY", "MALFORMED_QUERY", "INVALID_FIELD"]


@pytest.mark.parametrize(
    "path", ["SourceMember/describe", "ApexClass", "ApexClass/01p000000000001"]
)
def test_tooling_objects_are_not_here(rest: RestClient, path: str) -> None:
    answer = rest.get(f"tooling/sobjects/{path}")

    assert answer.status_code == 404
    assert answer.json()[0]["errorCode"] == "NOT_FOUND"


def test_a_dev_hubs_object_is_no_type_of_this_org(rest: RestClient) -> None:
    answer = rest.get("query", params={"q": "SELECT Id FROM ScratchOrgInfo limit 1"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_TYPE")


def test_apex_is_refused_by_name(org: LocalOrgServer, rest: RestClient) -> None:
    over_rest = rest.get("tooling/runTestsSynchronous")
    envelope = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header>'
        f"<SessionHeader><sessionId>{org.access_token}</sessionId></SessionHeader></e:Header>"
        "<e:Body><compileClasses><scripts>Integer i;</scripts></compileClasses></e:Body>"
        "</e:Envelope>"
    )
    with a_session(org) as session:
        over_soap = session.post(
            f"{org.url}/services/Soap/s/62.0/00D000000000001", data=envelope, timeout=30
        )

    assert over_rest.status_code == 501
    assert "tooling/runTestsSynchronous" in over_rest.json()[0]["message"]
    assert over_soap.status_code == 500
    assert "SANDBOX_NOT_IMPLEMENTED: SOAP compileClasses()" in over_soap.text
