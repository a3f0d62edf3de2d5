from __future__ import annotations

from typing import Any

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account, seed_tender
from tests.sandbox_api.clients import RestClient
from tests.sandbox_api.test_composite import HALTED, sub


def run(rest: RestClient, **graphs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = rest.post(
        "composite/graph",
        {"graphs": [{"graphId": name, "compositeRequest": g} for name, g in graphs.items()]},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["graphs"]


def test_a_failed_graph_is_undone_and_its_sibling_stands(rest: RestClient) -> None:
    good, bad = run(
        rest,
        good=[
            sub("acc", "POST", "sobjects/Account", an_account()),
            sub("con", "POST", "sobjects/Contact", {"LastName": "N", "AccountId": "@{acc.id}"}),
        ],
        bad=[
            sub("first", "POST", "sobjects/Account", an_account(External_Id__c="HD-2")),
            sub("wrong", "POST", "sobjects/Account", {"Phone": "1"}),
        ],
    )

    assert (good["graphId"], good["isSuccessful"]) == ("good", True)
    assert (bad["graphId"], bad["isSuccessful"]) == ("bad", False)
    first, wrong = bad["graphResponse"]["compositeResponse"]
    assert first["body"] == [{"message": HALTED, "errorCode": "PROCESSING_HALTED"}]
    assert (first["httpStatusCode"], wrong["httpStatusCode"]) == (400, 400)
    assert wrong["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert (rest.count("Account"), rest.count("Contact")) == (1, 1)


def test_a_node_may_refer_to_one_that_is_written_after_it(rest: RestClient) -> None:
    (graph,) = run(
        rest,
        g=[
            sub("con", "POST", "sobjects/Contact", {"LastName": "N", "AccountId": "@{acc.id}"}),
            sub("acc", "POST", "sobjects/Account", an_account()),
        ],
    )

    assert graph["isSuccessful"] is True
    shown = [a["referenceId"] for a in graph["graphResponse"]["compositeResponse"]]
    assert shown == ["con", "acc"]


def test_the_orgs_rules_refuse_a_graph_that_read_a_stale_price(
    org: LocalOrgServer, rest: RestClient
) -> None:
    ids = seed_tender(org, proposals=2)
    award = {
        "Status": "MANUFACTURER SELECTED",
        "Proposal__c": ids["p0"],
        "Manufacturer__c": ids["m0"],
        "Selection_Run__c": "@{run.id}",
        "Decided_Due_Date__c": "2030-01-31",
        "Decided_Currency__c": "EUR",
        "Price_At_Decision__c": 99.00,
    }

    (graph,) = run(
        rest,
        g=[
            sub("run", "POST", "sobjects/Selection_Run__c", {"Status__c": "Running"}),
            sub("order", "PATCH", f"sobjects/Order/{ids['o']}", award),
            sub("won", "PATCH", f"sobjects/Order_Proposal__c/{ids['p0']}", {"Status__c": "Won"}),
        ],
    )

    assert graph["isSuccessful"] is False
    refused = graph["graphResponse"]["compositeResponse"][1]
    assert refused["body"][0]["errorCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert rest.count("Selection_Run__c") == 0
    read = rest.get(f"sobjects/Order/{ids['o']}?fields=Status,Proposal__c").json()
    assert (read["Status"], read["Proposal__c"]) == ("AWAITING PROPOSALS", None)


def test_graphs_count_as_one_call(rest: RestClient) -> None:
    rest.control("DELETE", "requests")

    run(rest, **{f"g{n}": [sub("a", "POST", "sobjects/Account", {"Name": "A"})] for n in range(75)})

    assert rest.control("GET", "requests")["by_kind"] == {"graph": 1}
    assert rest.count("Account") == 75


def chain(length: int) -> list[dict[str, Any]]:
    nodes = [sub("n0", "POST", "sobjects/Account", {"Name": "A"})]
    for n in range(1, length):
        body = {"Name": "A", "ParentId": f"@{{n{n - 1}.id}}"}
        nodes.append(sub(f"n{n}", "POST", "sobjects/Account", body))
    return nodes


@pytest.mark.parametrize(
    ("graphs", "code"),
    [
        ({f"g{n}": [sub("a", "GET", "sobjects/User/1")] for n in range(76)}, "LIMIT_EXCEEDED"),
        ({"g": [sub(f"n{n}", "GET", "sobjects/User/1") for n in range(501)]}, "LIMIT_EXCEEDED"),
        ({"g": chain(16)}, "LIMIT_EXCEEDED"),
        (
            {
                "g": [
                    sub("a", "POST", "sobjects/Account", {"ParentId": "@{b.id}"}),
                    sub("b", "POST", "sobjects/Account", {"ParentId": "@{a.id}"}),
                ]
            },
            "INVALID_INPUT",
        ),
    ],
)
def test_a_graph_call_beyond_the_limits_is_refused_whole(
    rest: RestClient, graphs: dict[str, Any], code: str
) -> None:
    body = {"graphs": [{"graphId": k, "compositeRequest": v} for k, v in graphs.items()]}

    refused = rest.post("composite/graph", body)

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == code
    assert rest.count("Account") == 0


def test_a_chain_of_fifteen_is_deep_enough(rest: RestClient) -> None:
    (graph,) = run(rest, g=chain(15))

    assert graph["isSuccessful"] is True


def test_a_graph_takes_no_queries(rest: RestClient) -> None:
    (graph,) = run(rest, g=[sub("q", "GET", "query?q=SELECT+Id+FROM+User")])

    assert graph["isSuccessful"] is False
    assert graph["graphResponse"]["compositeResponse"][0]["httpStatusCode"] == 400


def test_graphs_are_not_found_before_version_50(rest: RestClient) -> None:
    assert rest.post("/services/data/v49.0/composite/graph", {"graphs": []}).status_code == 404


def tree_record(kind: str, reference: str, **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": kind, "referenceId": reference}, **values}


def test_a_tree_creates_parents_and_children(rest: RestClient) -> None:
    child = tree_record("Contact", "con", LastName="Nowak")
    parent = tree_record("Account", "acc", Name="Aurora", Contacts={"records": [child]})

    answer = rest.post("composite/tree/Account", {"records": [parent]})

    assert answer.status_code == 201
    ids = {row["referenceId"]: row["id"] for row in answer.json()["results"]}
    assert answer.json()["hasErrors"] is False
    assert rest.query("SELECT Id, AccountId FROM Contact")[0]["AccountId"] == ids["acc"]


def test_one_bad_record_leaves_nothing_of_a_tree(rest: RestClient) -> None:
    records = [tree_record("Account", "good", Name="A"), tree_record("Account", "bad", Phone="1")]

    answer = rest.post("composite/tree/Account", {"records": records})

    assert answer.status_code == 400
    assert answer.json()["hasErrors"] is True
    assert [row["referenceId"] for row in answer.json()["results"]] == ["bad"]
    assert answer.json()["results"][0]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert rest.count("Account") == 0
