from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account, seed_tender
from tests.sandbox_api.clients import RestClient


def typed(sobject: str, **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": sobject}, **values}


def accounts(count: int) -> list[dict[str, Any]]:
    return [
        typed("Account", **an_account(External_Id__c=f"HD-{n}", Name=f"N{n}")) for n in range(count)
    ]


def test_good_rows_go_in_and_bad_rows_tell_why_in_request_order(rest: RestClient) -> None:
    rows = [*accounts(1), typed("Account", Phone="1"), typed("Account", Name="Third")]

    answer = rest.post("composite/sobjects", {"allOrNone": False, "records": rows})

    assert answer.status_code == 200
    first, second, third = answer.json()
    assert (first["success"], third["success"]) == (True, True)
    assert second == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [Name]",
                "fields": ["Name"],
            }
        ],
    }
    assert rest.count("Account") == 2


def test_all_or_none_undoes_the_good_rows_and_says_so(rest: RestClient) -> None:
    rows = [*accounts(1), typed("Account", Phone="1")]

    answer = rest.post("composite/sobjects", {"allOrNone": True, "records": rows})

    assert answer.status_code == 200
    assert [row["errors"][0]["statusCode"] for row in answer.json()] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "REQUIRED_FIELD_MISSING",
    ]
    assert rest.count("Account") == 0


def test_upsert_creates_and_updates_by_external_id(rest: RestClient) -> None:
    rest.create("Account", an_account(External_Id__c="HD-1", Name="Old"))

    answer = rest.patch(
        "composite/sobjects/Account/External_Id__c", {"records": accounts(3)}
    ).json()

    assert [row["created"] for row in answer] == [True, False, True]
    assert [row["success"] for row in answer] == [True, True, True]
    assert rest.count("Account") == 3
    assert rest.get("sobjects/Account/External_Id__c/HD-1").json()["Name"] == "N1"


def test_one_external_id_twice_in_a_call_refuses_both_rows(rest: RestClient) -> None:
    rows = [*accounts(2), *accounts(1)]

    answer = rest.patch("composite/sobjects/Account/External_Id__c", {"records": rows}).json()

    assert [row["success"] for row in answer] == [False, True, False]
    assert answer[0]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    assert rest.count("Account") == 1


def test_rows_of_a_call_share_one_system_modstamp_however_long_it_takes(
    org: LocalOrgServer, rest: RestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, seconds = org.org.clock.now(), itertools.count()
    monkeypatch.setattr(org.org.clock, "now", lambda: start + timedelta(seconds=next(seconds)))

    rest.post("composite/sobjects", {"records": accounts(50)})

    stamps = {row["SystemModstamp"] for row in rest.query("SELECT SystemModstamp FROM Account")}

    assert len(stamps) == 1


@pytest.mark.parametrize("key", [{}, [1], {"External_Id__c": None}])
def test_a_key_that_is_no_plain_value_refuses_its_row_only(rest: RestClient, key: object) -> None:
    rows = [{"External_Id__c": key, "Name": "A"}, *accounts(1)]

    answer = rest.patch("composite/sobjects/Account/External_Id__c", {"records": rows}).json()

    assert [row["success"] for row in answer] == [False, True]
    assert answer[0]["errors"][0]["statusCode"] == "JSON_PARSER_ERROR"


def test_updates_of_several_types_in_one_call(org: LocalOrgServer, rest: RestClient) -> None:
    ids = seed_tender(org)

    answer = rest.patch(
        "composite/sobjects",
        {
            "records": [
                typed("Account", id=ids["hd"], Phone="+48 1"),
                typed("Order_Proposal__c", Id=ids["p0"], Lead_Time_Days__c=12),
            ]
        },
    )

    assert answer.json() == [
        {"id": ids["hd"], "success": True, "errors": []},
        {"id": ids["p0"], "success": True, "errors": []},
    ]
    assert rest.get(f"sobjects/Order_Proposal__c/{ids['p0']}").json()["Lead_Time_Days__c"] == 12


def test_deleting_several_reports_each(rest: RestClient) -> None:
    kept, gone = (rest.create("Account", an_account(External_Id__c=f"HD-{n}")) for n in (1, 2))

    answer = rest.delete(f"composite/sobjects?ids={gone},001Lc0000009999IAA")

    assert [row["success"] for row in answer.json()] == [True, False]
    assert [row["Id"] for row in rest.query("SELECT Id FROM Account")] == [kept]


def test_retrieving_keeps_the_order_and_answers_null_for_the_missing(rest: RestClient) -> None:
    first, second = (rest.create("Account", an_account(External_Id__c=f"HD-{n}")) for n in (1, 2))
    ids = [second, "001Lc0000009999IAA", first]

    posted = rest.post("composite/sobjects/Account", {"ids": ids, "fields": ["External_Id__c"]})
    got = rest.get(
        "composite/sobjects/Account", params={"ids": ",".join(ids), "fields": "External_Id__c"}
    )

    shown = [row and row["External_Id__c"] for row in posted.json()]
    assert shown == ["HD-2", None, "HD-1"]
    assert got.json() == posted.json()


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (accounts(201), "EXCEEDED_ID_LIMIT"),
        ([typed("Account", Name="A"), typed("Contact", LastName="B")] * 6, "LIMIT_EXCEEDED"),
        ([{"Name": "no type"}], "INVALID_INPUT"),
        ([typed("Acount", Name="A")], "INVALID_TYPE"),
        ("no list", "INVALID_INPUT"),
    ],
)
def test_a_malformed_call_is_refused_whole(rest: RestClient, rows: Any, code: str) -> None:
    refused = rest.post("composite/sobjects", {"records": rows})

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == code
    assert rest.count("Account") == 0
