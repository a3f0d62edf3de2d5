"""Definitions and columns tell a user of what the user may see, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import RestClient


@pytest.fixture
def rest(org: LocalOrgServer) -> Iterator[RestClient]:
    with RestClient(org, "integration@manufaktura.example") as client:
        yield client


def names(rest: RestClient, soql: str) -> set[str]:
    answer = rest.get("tooling/query", params={"q": soql})
    assert answer.status_code == 200, answer.text
    return {row["QualifiedApiName"] for row in answer.json()["records"]}


def test_definitions_leave_out_hidden_objects_and_fields(rest: RestClient) -> None:
    entities = names(rest, "SELECT QualifiedApiName FROM EntityDefinition")
    fields = names(
        rest,
        "SELECT QualifiedApiName FROM FieldDefinition "
        "WHERE EntityDefinition.QualifiedApiName = 'Account'",
    )

    assert "Order_Proposal__c" in entities
    assert "Contact" not in entities
    assert "Rating__c" in fields
    assert "Phone" not in fields


def test_columns_of_all_fields_leave_out_hidden_ones(rest: RestClient) -> None:
    soql = "SELECT FIELDS(ALL) FROM Account LIMIT 1"

    columns = rest.get("query", params={"q": soql, "columns": "true"}).json()["columnMetadata"]

    shown = {column["columnName"] for column in columns}
    assert "Rating__c" in shown
    assert "Phone" not in shown


def test_columns_of_a_hidden_field_are_refused(rest: RestClient) -> None:
    answer = rest.get("query", params={"q": "SELECT Phone FROM Account", "columns": "true"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_FIELD")
