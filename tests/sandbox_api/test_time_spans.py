"""What the org forgets after a while of its own time, and what of it a restart keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account
from tests.sandbox_api.bulk import extract, load, rows_of
from tests.sandbox_api.clients import RestClient

NOON = "2026-03-01T12:00:00+00:00"
DAY_S = 86_400
ADMIN = "admin@manufaktura.example"


@pytest.fixture
def noon(rest: RestClient) -> RestClient:
    """The administrator of an org whose clock stands at noon."""
    rest.control("POST", "clock", {"now": NOON, "frozen": True})
    return rest


def wait(rest: RestClient, seconds: float) -> None:
    rest.control("POST", "clock", {"advance_s": seconds})


def test_a_bulk_query_and_its_results_are_kept_for_seven_days(noon: RestClient) -> None:
    load(noon, "Name\nA\n")
    job = extract(noon, "SELECT Name FROM Account")

    wait(noon, 7 * DAY_S)
    assert rows_of(noon, job) == [{"Name": "A"}]
    wait(noon, 1)

    for path in ("", "/results"):
        assert noon.get(f"jobs/query/{job['id']}{path}").status_code == 404
    assert noon.get("jobs/query").json()["records"] == []
    assert noon.get("jobs/ingest").json()["records"] == []
    assert noon.count("Account") == 1


def test_an_open_bulk_job_is_kept_however_old(noon: RestClient) -> None:
    job = noon.post("jobs/ingest", {"object": "Account", "operation": "insert"}).json()

    wait(noon, 30 * DAY_S)

    assert noon.get(f"jobs/ingest/{job['id']}").json()["state"] == "Open"


def test_a_job_of_the_first_bulk_api_is_kept_for_seven_days(noon: RestClient) -> None:
    path = "/services/async/59.0/job"
    job = noon.post(
        path, {"operation": "insert", "object": "Account", "contentType": "JSON"}
    ).json()
    noon.post(f"{path}/{job['id']}", {"state": "Closed"})

    wait(noon, 7 * DAY_S)
    assert noon.get(f"{path}/{job['id']}").json()["state"] == "Closed"
    wait(noon, 1)
    assert noon.get(f"{path}/{job['id']}").status_code == 400


def test_a_deleted_record_can_be_found_for_fifteen_days(noon: RestClient) -> None:
    record_id = noon.create("Account", an_account())
    noon.delete(f"sobjects/Account/{record_id}")
    soql = {"q": "SELECT Id FROM Account"}

    wait(noon, 15 * DAY_S)
    assert len(noon.get("queryAll", params=soql).json()["records"]) == 1
    wait(noon, 3600 + 1)
    assert noon.get("queryAll", params=soql).json()["records"] == []


@pytest.mark.parametrize(("resource", "days"), [("updated", 30), ("deleted", 15)])
def test_a_span_of_changes_starts_no_earlier_than_its_days(
    noon: RestClient, resource: str, days: int
) -> None:
    span = f"sobjects/Account/{resource}?start=2026-03-01T12:00:00Z&end=2026-03-01T13:00:00Z"

    wait(noon, days * DAY_S)
    assert noon.get(span).status_code == 200
    wait(noon, 1)
    refused = noon.get(span)

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_a_clock_that_was_set_survives_a_restart_with_what_depends_on_it(tmp_path: Path) -> None:
    with (
        LocalOrgServer(data=tmp_path, session_lifetime_s=7200) as server,
        RestClient(server, ADMIN) as rest,
    ):
        rest.control("POST", "clock", {"now": "2020-03-01T12:00:00+00:00", "frozen": True})
        token = server.token_for("ops@manufaktura.example")
        job = extract(rest, "SELECT Id FROM Account")

    with (
        LocalOrgServer(data=tmp_path, session_lifetime_s=7200) as server,
        RestClient(server, ADMIN) as rest,
    ):
        rest.session.headers["Authorization"] = f"Bearer {token}"
        assert rest.control("GET", "clock") == {
            "now": "2020-03-01T12:00:00+00:00",
            "frozen": True,
            "real": False,
        }
        assert rest.get(f"jobs/query/{job['id']}").json()["state"] == "JobComplete"
        wait(rest, 7200)
        assert rest.get("limits").status_code == 200
        wait(rest, 1)
        assert rest.get("limits").status_code == 401


def test_what_says_that_it_is_replicated_is(noon: RestClient) -> None:
    span = "start=2026-03-01T11:00:00Z&end=2026-03-01T13:00:00Z"
    described = {o["name"]: o["replicateable"] for o in noon.get("sobjects").json()["sobjects"]}
    told = {
        name: {
            noon.get(f"sobjects/{name}/{resource}?{span}").status_code == 200
            for resource in ("updated", "deleted")
        }
        for name in described
    }

    assert told == {name: {is_told} for name, is_told in described.items()}
    assert {described[name] for name in ("Account", "OrderHistory", "User")} == {True}


def test_rows_of_a_history_are_told_when_they_come(noon: RestClient) -> None:
    account = noon.create("Account", an_account(Qualification_Status__c="Pending"))
    wait(noon, 3600)
    noon.patch(f"sobjects/Account/{account}", {"Qualification_Status__c": "Qualified"})
    wait(noon, 3600)
    rows = noon.query("SELECT Id FROM AccountHistory WHERE CreatedDate >= 2026-03-01T13:00:00Z")

    span = "start=2026-03-01T12:30:00Z&end=2026-03-01T14:00:00Z"
    found = noon.get(f"sobjects/AccountHistory/updated?{span}").json()

    assert found["ids"] == [row["Id"] for row in rows] != []


def test_rows_of_a_history_are_deleted_with_their_record(noon: RestClient) -> None:
    account = noon.create("Account", an_account())
    rows = noon.query("SELECT Id FROM AccountHistory")
    wait(noon, 3600)
    noon.delete(f"sobjects/Account/{account}")
    wait(noon, 3600)

    early, late = (
        noon.get(f"sobjects/AccountHistory/deleted?{span}").json()["deletedRecords"]
        for span in (
            "start=2026-03-01T11:30:00Z&end=2026-03-01T12:30:00Z",
            "start=2026-03-01T12:30:00Z&end=2026-03-01T13:30:00Z",
        )
    )

    assert early == []
    assert late == [
        {"id": row["Id"], "deletedDate": "2026-03-01T13:00:00.000+0000"} for row in rows
    ]
    assert rows
