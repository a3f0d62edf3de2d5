"""CSV files stored through the control plane, all of their rows or none."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox_api.clients import RestClient

ACCOUNTS = "Name,External_Id__c,NumberOfEmployees\nAurora,HD-1,12\nBorealis,HD-2,#N/A\n"
CASES = "Subject,Account.External_Id__c,IsEscalated\nLate,HD-1,yes\nBroken,HD-2,\n"


def table(sobject: str, csv: str, **more: str) -> dict[str, str]:
    return {"file": f"{sobject}.csv", "sobject": sobject, "csv": csv, **more}


def load(rest: RestClient, *tables: dict[str, str], **more: Any) -> requests.Response:
    return rest.post("/_sandbox/seed/tables", {"tables": list(tables), **more})


def test_tables_are_stored_parents_first_and_typed_by_the_schema(rest: RestClient) -> None:
    answer = load(rest, table("Case", CASES), table("Account", ACCOUNTS))

    assert answer.json() == {
        "created": {"Account": 2, "Case": 2},
        "refused_rows": 0,
        "problems": [],
    }
    rows = rest.query("SELECT Subject, IsEscalated, Account.Name FROM Case ORDER BY Subject")
    assert [(r["Subject"], r["IsEscalated"], r["Account"]["Name"]) for r in rows] == [
        ("Broken", False, "Borealis"),
        ("Late", True, "Aurora"),
    ]
    sizes = rest.query("SELECT NumberOfEmployees FROM Account ORDER BY Name")
    assert [row["NumberOfEmployees"] for row in sizes] == [12, None]


def test_every_bad_row_is_told_by_place_and_nothing_is_stored(rest: RestClient) -> None:
    bad = (
        "Name,NumberOfEmployees,ParentId\n"
        '"Two\nlines",1,\n'
        "\n"
        "Aurora,many,\n"
        "Borealis,1,nobody\n"
        "Corona,1\n"
    )

    answer = load(rest, table("Account", bad))

    assert answer.status_code == 400
    report = answer.json()
    assert report["created"] == {}
    assert report["refused_rows"] == 3
    assert [(p["file"], p["line"], p["column"], p["value"]) for p in report["problems"]] == [
        ("Account.csv", 5, "NumberOfEmployees", "many"),
        ("Account.csv", 6, "ParentId", "nobody"),
        ("Account.csv", 7, "", ""),
    ]
    assert "Cannot deserialize" in report["problems"][0]["reason"]
    assert report["problems"][2]["reason"] == "The row has 2 values, the header 3 columns"
    assert rest.count("Account") == 0


def test_the_good_rows_stay_when_the_load_is_to_keep_going(rest: RestClient) -> None:
    cases = CASES + "Lost,HD-9,\n"

    answer = load(rest, table("Account", ACCOUNTS), table("Case", cases), keep_going=True)

    assert answer.status_code == 200
    assert answer.json()["created"] == {"Account": 2, "Case": 2}
    problem = answer.json()["problems"][0]
    assert (problem["line"], problem["column"], problem["value"]) == (
        4,
        "Account.External_Id__c",
        "HD-9",
    )
    assert rest.count("Case") == 2


def test_a_refusal_by_a_rule_of_the_org_names_the_line(rest: RestClient) -> None:
    twice = "Name,External_Id__c\nAurora,HD-1\nAgain,HD-1\n"

    answer = load(rest, table("Account", twice))

    problem = answer.json()["problems"][0]
    assert (problem["line"], problem["column"], problem["value"]) == (3, "External_Id__c", "HD-1")
    assert rest.count("Account") == 0


@pytest.mark.parametrize(
    ("csv", "reason"),
    [
        ("Name,Colour__c\nA,red\n", "Field name not found : Colour__c"),
        ("Name,name\nA,B\n", "Duplicate column in the header: Name, name"),
        ('Name\n"A\n', "Failed to parse CSV. unexpected end of data"),
    ],
)
def test_a_file_that_is_no_table_stops_the_load_even_when_it_is_to_keep_going(
    rest: RestClient, csv: str, reason: str
) -> None:
    answer = load(rest, table("Account", csv), table("Case", "Subject\nA\n"), keep_going=True)

    assert answer.status_code == 400
    assert answer.json()["problems"] == [
        {"file": "Account.csv", "line": 1, "column": "", "value": "", "reason": reason}
    ]
    assert rest.count("Case") == 0


def test_line_endings_and_delimiters_are_as_in_bulk_jobs(rest: RestClient) -> None:
    csv = "Name;External_Id__c\r\nAurora;HD-1\r\n"

    answer = load(rest, table("Account", csv, delimiter="SEMICOLON"))

    assert answer.json()["created"] == {"Account": 1}


def test_rows_are_stored_as_the_loader_or_as_whom_is_named(rest: RestClient) -> None:
    load(rest, table("Account", "Name\nA\n"))
    load(rest, table("Account", "Name\nB\n"), **{"as": "admin@manufaktura.example"})

    rows = rest.query("SELECT CreatedBy.Username FROM Account ORDER BY Name")
    assert [row["CreatedBy"]["Username"] for row in rows] == [
        "loader@manufaktura.example",
        "admin@manufaktura.example",
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "INVALID_INPUT"),
        ({"tables": [{"file": "A.csv"}]}, "INVALID_INPUT"),
        ({"tables": [table("Account", "Name\n", delimiter="DASH")]}, "INVALID_INPUT"),
        ({"tables": [], "keep_going": "yes"}, "INVALID_INPUT"),
        ({"tables": [table("Nothing", "Name\nA\n")]}, "INVALID_TYPE"),
        ({"tables": [], "as": "nobody@example.com"}, "NOT_FOUND"),
    ],
)
def test_a_load_that_is_not_understood_is_refused(
    rest: RestClient, body: dict[str, object], code: str
) -> None:
    refused = rest.post("/_sandbox/seed/tables", body)

    assert refused.json()[0]["errorCode"] == code


def test_a_load_may_stamp_its_records(rest: RestClient) -> None:
    load(rest, table("Account", "Name,CreatedDate\nA,2020-02-01T10:00:00+01:00\n"))

    [row] = rest.query("SELECT CreatedDate FROM Account")
    assert row["CreatedDate"] == "2020-02-01T09:00:00.000+0000"
