from __future__ import annotations

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import seed_tender
from tests.sandbox_api.bulk import extract, rows_of, set_state, table
from tests.sandbox_api.clients import RestClient


def seed_accounts(org: LocalOrgServer, count: int) -> None:
    rows = [{"Name": f"N{number:05d}"} for number in range(count)]
    org.org.seed([{"sobject": "Account", "records": rows}])


def test_values_look_as_tables_show_them(org: LocalOrgServer, rest: RestClient) -> None:
    org.org.clock.set(org.org.clock.now().replace(year=2026, month=11, day=20), frozen=True)
    ids = seed_tender(org, proposals=1)

    job = extract(
        rest,
        "SELECT Id, Price__c, Order__r.EffectiveDate, Order__r.Account.Name, CreatedDate, "
        "Order__r.Deposit_Required__c, Valid_Until__c FROM Order_Proposal__c",
    )

    (row,) = rows_of(rest, job)
    assert row | {"CreatedDate": ""} == {
        "Id": ids["p0"],
        "Price__c": "100.10",
        "Order__r.EffectiveDate": "2030-01-31",
        "Order__r.Account.Name": "Aurora Devices",
        "CreatedDate": "",
        "Order__r.Deposit_Required__c": "false",
        "Valid_Until__c": "",
    }
    assert row["CreatedDate"].startswith("2026-11-20T")
    assert row["CreatedDate"].endswith(".000Z")
    text = rest.get(f"jobs/query/{job['id']}/results").text
    assert text.startswith('"Id","Price__c","Order__r.EffectiveDate"')
    assert text.endswith('Z","false",""\n')


def test_a_job_is_described_as_documented(org: LocalOrgServer, rest: RestClient) -> None:
    seed_accounts(org, 3)

    created = rest.post(
        "jobs/query", {"operation": "query", "query": "select id from account", "lineEnding": "LF"}
    ).json()
    job = extract(rest, "SELECT Id FROM Account")

    assert created | {"operation": "query", "object": "Account", "state": "UploadComplete"} == (
        created
    )
    assert (
        job
        | {
            "state": "JobComplete",
            "jobType": "V2Query",
            "numberRecordsProcessed": 3,
            "retries": 0,
            "isPkChunkingSupported": True,
        }
        == job
    )
    assert len(rest.get("jobs/query").json()["records"]) == 2


def test_results_come_in_pages_by_locator(org: LocalOrgServer, rest: RestClient) -> None:
    seed_accounts(org, 25)
    job = extract(rest, "SELECT Name FROM Account ORDER BY Name")
    names, sizes, locator = [], [], None

    while locator != "null":
        params = {"maxRecords": "10"} | ({"locator": locator} if locator else {})
        page = rest.get(f"jobs/query/{job['id']}/results", params=params)
        names += [row["Name"] for row in table(page)]
        sizes.append(page.headers["Sforce-NumberOfRecords"])
        locator = page.headers["Sforce-Locator"]

    assert sizes == ["10", "10", "5"]
    assert names == [f"N{number:05d}" for number in range(25)]


def test_a_result_without_rows_is_its_header(rest: RestClient) -> None:
    job = extract(rest, "SELECT Id, Name FROM Account")

    answer = rest.get(f"jobs/query/{job['id']}/results")

    assert answer.text == '"Id","Name"\n'
    assert answer.headers["Sforce-NumberOfRecords"] == "0"
    assert answer.headers["Sforce-Locator"] == "null"


def test_query_all_shows_the_recycle_bin(rest: RestClient) -> None:
    gone = rest.create("Account", {"Name": "A"})
    rest.delete(f"sobjects/Account/{gone}")

    plain = extract(rest, "SELECT Id FROM Account")
    whole = extract(rest, "SELECT Id, IsDeleted FROM Account", operation="queryAll")

    assert rows_of(rest, plain) == []
    assert rows_of(rest, whole) == [{"Id": gone, "IsDeleted": "true"}]


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT COUNT() FROM Account", "FEATURENOTENABLED"),
        ("SELECT Name, COUNT(Id) FROM Account GROUP BY Name", "FEATURENOTENABLED"),
        ("SELECT Id, (SELECT Id FROM Orders) FROM Account", "FEATURENOTENABLED"),
        ("SELECT Id FROM Account LIMIT 5 OFFSET 5", "FEATURENOTENABLED"),
        ("SELECT TYPEOF Owner WHEN User THEN Username END FROM Case", "FEATURENOTENABLED"),
        ("SELECT Nothing FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        ("SELECT FROM Account", "MALFORMED_QUERY"),
    ],
)
def test_what_bulk_queries_do_not_take_is_refused(rest: RestClient, soql: str, code: str) -> None:
    answer = rest.post("jobs/query", {"operation": "query", "query": soql})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
    assert rest.get("jobs/query").json()["records"] == []


@pytest.mark.parametrize(
    "params",
    [
        {"locator": "xyz"},
        {"locator": "OTk"},
        {"maxRecords": "0"},
        {"maxRecords": "9" * 5000},
        {"locator": "²"},
    ],
)
def test_a_wrong_page_is_refused(rest: RestClient, params: dict[str, str]) -> None:
    job = extract(rest, "SELECT Id FROM Account")

    assert rest.get(f"jobs/query/{job['id']}/results", params=params).status_code == 400


def test_an_ended_job_is_deleted_not_aborted(rest: RestClient) -> None:
    job = extract(rest, "SELECT Id FROM Account")

    assert set_state(rest, job["id"], "Aborted", "query").status_code == 400
    assert set_state(rest, job["id"], "UploadComplete", "query").status_code == 400
    assert rest.delete(f"jobs/query/{job['id']}").status_code == 204
    assert rest.get(f"jobs/query/{job['id']}/results").status_code == 404
    assert rest.get(f"jobs/ingest/{job['id']}").status_code == 404


@pytest.mark.parametrize(
    ("selected", "header"),
    [
        ("Name, Owner.Name, Id, Owner.Id", "Name,Owner.Name,Id,Owner.Id"),
        ("a.Name, a.owner.name, a.Id, owner.id", "Name,Owner.Name,Id,Owner.Id"),
        ("toLabel(Type), Owner.Name, Rating__c", "Type,Owner.Name,Rating__c"),
    ],
)
def test_columns_stand_as_they_were_selected(rest: RestClient, selected: str, header: str) -> None:
    job = extract(rest, f"SELECT {selected} FROM Account a")  # noqa: S608 - fixed above

    text = rest.get(f"jobs/query/{job['id']}/results").text

    assert text == ",".join(f'"{name}"' for name in header.split(",")) + "\n"
