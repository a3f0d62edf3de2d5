from __future__ import annotations

from typing import Any

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account, seed_tender
from tests.sandbox_api.clients import RestClient

BASE = "/services/data/v59.0"
HALTED = "The transaction was rolled back since another operation in the same transaction failed."


def sub(
    reference: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    made = {"referenceId": reference, "method": method, "url": f"{BASE}/{path}"}
    if body is not None:
        made["body"] = body
    if headers:
        made["httpHeaders"] = headers
    return made


def run(rest: RestClient, *subrequests: dict[str, Any], all_or_none: bool = False) -> list[Any]:
    answer = rest.post(
        "composite", {"allOrNone": all_or_none, "compositeRequest": list(subrequests)}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["compositeResponse"]


def test_a_later_subrequest_uses_the_id_of_an_earlier_one(rest: RestClient) -> None:
    account, contact, read = run(
        rest,
        sub("acc", "POST", "sobjects/Account", an_account()),
        sub("con", "POST", "sobjects/Contact", {"LastName": "Nowak", "AccountId": "@{acc.id}"}),
        sub("read", "GET", "sobjects/Contact/@{con.id}?fields=AccountId"),
    )

    assert [a["httpStatusCode"] for a in (account, contact, read)] == [201, 201, 200]
    assert [a["referenceId"] for a in (account, contact, read)] == ["acc", "con", "read"]
    assert read["body"]["AccountId"] == account["body"]["id"]
    assert account["httpHeaders"]["Location"].endswith(account["body"]["id"])


def test_a_query_result_can_be_referred_to_by_index(rest: RestClient) -> None:
    run(rest, sub("a", "POST", "sobjects/Account", an_account()))

    found, changed = run(
        rest,
        sub("q", "GET", "query?q=SELECT+Id+FROM+Account"),
        sub("u", "PATCH", "sobjects/Account/@{q.records[0].Id}", {"Name": "Borealis"}),
    )

    assert (found["httpStatusCode"], changed["httpStatusCode"]) == (200, 204)
    assert rest.query("SELECT Name FROM Account")[0]["Name"] == "Borealis"


def test_without_all_or_none_the_good_subrequests_stand(rest: RestClient) -> None:
    good, bad, dependent = run(
        rest,
        sub("good", "POST", "sobjects/Account", an_account()),
        sub("bad", "POST", "sobjects/Account", {"Phone": "1"}),
        sub("dependent", "POST", "sobjects/Contact", {"LastName": "N", "AccountId": "@{bad.id}"}),
    )

    assert good["httpStatusCode"] == 201
    assert bad["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert dependent["httpStatusCode"] == 400
    assert dependent["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert (rest.count("Account"), rest.count("Contact")) == (1, 0)


def test_all_or_none_undoes_everything_and_halts_the_others(rest: RestClient) -> None:
    first, bad, last = run(
        rest,
        sub("first", "POST", "sobjects/Account", an_account()),
        sub("bad", "POST", "sobjects/Account", {"Phone": "1"}),
        sub("last", "POST", "sobjects/Account", an_account(External_Id__c="HD-2")),
        all_or_none=True,
    )

    assert bad["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    for halted in (first, last):
        assert halted["httpStatusCode"] == 400
        assert halted["body"] == [{"message": HALTED, "errorCode": "PROCESSING_HALTED"}]
    assert rest.count("Account") == 0


def test_all_or_none_reaches_into_collections(rest: RestClient) -> None:
    rows = [
        {"attributes": {"type": "Account"}, "Name": "Good"},
        {"attributes": {"type": "Account"}, "Phone": "no name"},
    ]

    collection, other = run(
        rest,
        sub("rows", "POST", "composite/sobjects", {"allOrNone": False, "records": rows}),
        sub("other", "POST", "sobjects/Account", an_account()),
        all_or_none=True,
    )

    assert [row["success"] for row in collection["body"]] == [False, False]
    assert other["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert rest.count("Account") == 0


def test_each_subrequest_may_carry_its_own_guard(org: LocalOrgServer, rest: RestClient) -> None:
    ids = seed_tender(org)
    guard = {"If-Unmodified-Since": rest.get(f"sobjects/Order/{ids['o']}").headers["Last-Modified"]}
    org.org.clock.advance(60)
    rest.patch(f"sobjects/Order/{ids['o']}", {"Description": "a person was here"})

    account, order = run(
        rest,
        sub("account", "PATCH", f"sobjects/Account/{ids['hd']}", {"Phone": "1"}),
        sub("order", "PATCH", f"sobjects/Order/{ids['o']}", {"Description": "job"}, guard),
        all_or_none=True,
    )

    assert (account["httpStatusCode"], order["httpStatusCode"]) == (400, 412)
    read = rest.get(f"sobjects/Account/{ids['hd']}").json()
    assert read["Phone"] is None


def test_a_composite_call_counts_as_one(rest: RestClient) -> None:
    rest.control("DELETE", "requests")

    run(rest, *(sub(f"r{n}", "GET", "limits") for n in range(25)))

    counted = rest.control("GET", "requests")
    assert (counted["total"], counted["by_kind"]) == (1, {"composite": 1})


@pytest.mark.parametrize(
    ("subrequests", "code"),
    [
        ([sub(f"r{n}", "GET", "limits") for n in range(26)], "LIMIT_EXCEEDED"),
        ([sub(f"r{n}", "GET", "query?q=SELECT+Id+FROM+User") for n in range(6)], "LIMIT_EXCEEDED"),
        ([sub("same", "GET", "limits"), sub("same", "GET", "limits")], "INVALID_INPUT"),
        ([{"method": "GET", "url": "limits", "referenceId": "r"}], "INVALID_INPUT"),
        ([sub("r", "FETCH", "limits")], "INVALID_INPUT"),
        ([], "INVALID_INPUT"),
    ],
)
def test_a_malformed_composite_call_is_refused_whole(
    rest: RestClient, subrequests: list[Any], code: str
) -> None:
    refused = rest.post("composite", {"compositeRequest": subrequests})

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == code


def test_a_composite_call_holds_no_composite_call(rest: RestClient) -> None:
    (nested,) = run(rest, sub("r", "POST", "composite", {"compositeRequest": []}))

    assert nested["httpStatusCode"] == 404


def test_batch_answers_each_subrequest_by_itself(rest: RestClient) -> None:
    answer = rest.post(
        "composite/batch",
        {
            "batchRequests": [
                {"method": "GET", "url": "v59.0/sobjects/Order/describe"},
                {"method": "GET", "url": "v59.0/query?q=SELECT+Id+FROM+Nothing"},
                {"method": "POST", "url": "v59.0/sobjects/Account", "richInput": an_account()},
                {"method": "GET", "url": "v59.0/limits/"},
            ]
        },
    ).json()

    assert answer["hasErrors"] is True
    assert [r["statusCode"] for r in answer["results"]] == [200, 400, 201, 200]
    assert answer["results"][0]["result"]["name"] == "Order"
    assert answer["results"][1]["result"][0]["errorCode"] == "INVALID_TYPE"
    assert rest.count("Account") == 1


def test_a_halting_batch_skips_what_follows_a_failure(rest: RestClient) -> None:
    answer = rest.post(
        "composite/batch",
        {
            "haltOnError": True,
            "batchRequests": [
                {"method": "POST", "url": "v59.0/sobjects/Account", "richInput": {"Phone": "1"}},
                {"method": "POST", "url": "v59.0/sobjects/Account", "richInput": an_account()},
            ],
        },
    ).json()

    assert [r["statusCode"] for r in answer["results"]] == [400, 412]
    assert answer["results"][1]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"
    assert rest.count("Account") == 0
