"""SOSL over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox_api.clients import RestClient


def search(rest: RestClient, sosl: str, version: str = "59.0") -> Any:
    answer = rest.get(f"/services/data/v{version}/search/", params={"q": sosl})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def ids(rest: RestClient) -> dict[str, str]:
    aurora = rest.create("Account", {"Name": "Aurora Devices", "Phone": "+48 22 100"})
    return {
        "aurora": aurora,
        "vega": rest.create("Account", {"Name": "Vega", "Description": "once Aurora\nnow Vega"}),
        "anna": rest.create(
            "Contact", {"LastName": "Aurora", "Email": "anna@vega.example", "AccountId": aurora}
        ),
    }


def test_every_object_is_searched_unless_told(rest: RestClient, ids: dict[str, str]) -> None:
    found = search(rest, "FIND {aurora}")["searchRecords"]

    assert [(row["attributes"]["type"], row["Id"]) for row in found] == [
        ("Account", ids["aurora"]),
        ("Account", ids["vega"]),
        ("Contact", ids["anna"]),
    ]
    assert found[0] == {
        "attributes": {
            "type": "Account",
            "url": f"/services/data/v59.0/sobjects/Account/{ids['aurora']}",
        },
        "Id": ids["aurora"],
    }


def test_returning_chooses_objects_fields_rows_and_order(
    rest: RestClient, ids: dict[str, str]
) -> None:
    sosl = (
        "FIND {aurora OR vega} IN ALL FIELDS RETURNING Contact(LastName, Account.Name), "
        "Account(Id, Name WHERE Name LIKE 'V%' OR Phone != null ORDER BY Name DESC LIMIT 1)"
    )

    contact, account = search(rest, sosl)["searchRecords"]

    assert (contact["LastName"], contact["Account"]["Name"]) == ("Aurora", "Aurora Devices")
    assert (account["Id"], account["Name"]) == (ids["vega"], "Vega")


@pytest.mark.parametrize(
    ("scope", "names"), [("NAME", ["anna"]), ("EMAIL", ["anna"]), ("PHONE", [])]
)
def test_a_scope_looks_into_its_fields_only(
    rest: RestClient, ids: dict[str, str], scope: str, names: list[str]
) -> None:
    word = "aurora" if scope == "NAME" else "vega"

    found = search(rest, f"FIND {{{word}}} IN {scope} FIELDS RETURNING Contact")["searchRecords"]

    assert [row["Id"] for row in found] == [ids[name] for name in names]


def test_older_versions_answer_a_list(rest: RestClient, ids: dict[str, str]) -> None:
    found = search(rest, "FIND {aurora} RETURNING Contact", version="36.0")

    assert [row["Id"] for row in found] == [ids["anna"]]


@pytest.mark.parametrize(
    ("sosl", "code"),
    [
        ("", "MALFORMED_SEARCH"),
        ("FIND {x}", "MALFORMED_SEARCH"),
        ("FIND {xy} RETURNING Nothing__c", "INVALID_TYPE"),
        ("FIND {aurora} RETURNING Account(Nmae)", "INVALID_FIELD"),
        ("FIND {aurora} RETURNING Account(Id WHERE Nmae = 1)", "INVALID_FIELD"),
    ],
)
def test_a_refused_search_is_told_as_a_list(
    rest: RestClient, ids: dict[str, str], sosl: str, code: str
) -> None:
    answer = rest.get("search", params={"q": sosl})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
