from __future__ import annotations

from typing import Any

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import seed_tender
from tests.sandbox_api.clients import RestClient


def columns(rest: RestClient, soql: str) -> dict[str, Any]:
    answer = rest.get("query", params={"q": soql, "columns": "true"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(found: list[dict[str, Any]]) -> list[Any]:
    """Names, and pairs of name and names for columns with others inside."""
    return [
        (c["columnName"], names(c["joinColumns"])) if c["joinColumns"] else c["columnName"]
        for c in found
    ]


def test_a_column_has_every_fact_that_clients_read(rest: RestClient) -> None:
    shown = columns(rest, "select id, name, Rating__c from account")

    assert {key: shown[key] for key in ("entityName", "groupBy", "idSelected", "keyPrefix")} == {
        "entityName": "Account",
        "groupBy": False,
        "idSelected": True,
        "keyPrefix": "001",
    }
    assert names(shown["columnMetadata"]) == ["Id", "Name", "Rating__c"]
    assert shown["columnMetadata"][2] == {
        "aggregate": False,
        "apexType": "Double",
        "booleanType": False,
        "columnName": "Rating__c",
        "custom": True,
        "displayName": "Rating__c",
        "foreignKeyName": None,
        "insertable": True,
        "joinColumns": [],
        "numberType": True,
        "textType": False,
        "updatable": True,
    }


def test_parents_and_children_hold_their_columns(rest: RestClient) -> None:
    shown = columns(
        rest,
        "SELECT o.Account.Name, Account.Owner.Alias, toLabel(Status), "
        "(SELECT Id, Price__c FROM Order_Proposals__r) FROM Order o",
    )["columnMetadata"]

    assert names(shown) == [
        ("Account", ["Name", ("Owner", ["Alias"])]),
        "Status",
        ("Order_Proposals__r", ["Id", "Price__c"]),
    ]
    assert [c["aggregate"] for c in shown] == [False, False, True]


def test_aggregates_have_the_names_of_their_values(rest: RestClient) -> None:
    shown = columns(rest, "SELECT Status s, COUNT(Id), MAX(Budget__c) m FROM Order GROUP BY Status")

    assert names(shown["columnMetadata"]) == ["s", "expr0", "m"]
    assert [c["aggregate"] for c in shown["columnMetadata"]] == [True, True, True]
    assert shown["groupBy"] is True


def test_field_sets_are_written_out(rest: RestClient) -> None:
    shown = columns(rest, "SELECT FIELDS(CUSTOM) FROM Account LIMIT 200")["columnMetadata"]

    assert "Qualification_Status__c" in names(shown)
    assert all(c["custom"] for c in shown)


def test_columns_of_a_wrong_query_are_refused_like_the_query(rest: RestClient) -> None:
    answer = rest.get("query", params={"q": "SELECT Nope FROM Account", "columns": "true"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


def test_explain_shows_a_plan_with_the_true_counts(org: LocalOrgServer, rest: RestClient) -> None:
    seed_tender(org, proposals=3)
    soql = "SELECT Id FROM Order_Proposal__c WHERE Price__c > 101"

    answer = rest.get("query", params={"explain": soql}).json()

    assert answer["sourceQuery"] == soql
    (plan,) = answer["plans"]
    assert (plan["cardinality"], plan["sobjectCardinality"]) == (2, 3)
    assert (plan["sobjectType"], plan["leadingOperationType"]) == ("Order_Proposal__c", "TableScan")


def test_explain_refuses_wrong_queries_and_reports(rest: RestClient) -> None:
    wrong = rest.get("query", params={"explain": "SELECT Nope FROM Account"})
    report = rest.get("query", params={"explain": "00O000000000001"})

    assert (wrong.status_code, wrong.json()[0]["errorCode"]) == (400, "INVALID_FIELD")
    assert report.status_code == 501
