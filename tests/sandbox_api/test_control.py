from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.server import LocalOrgServer
from tests.conftest import ROOT
from tests.sandbox_api.builders import an_account
from tests.sandbox_api.clients import RestClient


def test_reset_empties_data_and_counters_and_keeps_tokens_and_clock(
    org: LocalOrgServer, rest: RestClient
) -> None:
    rest.create("Account", an_account())
    rest.control("POST", "clock", {"now": "2025-03-11T07:00:00+01:00", "frozen": True})

    rest.control("POST", "reset")

    assert rest.control("GET", "requests")["total"] == 0
    assert rest.count("Account") == 0
    assert rest.control("GET", "clock")["now"] == "2025-03-11T06:00:00+00:00"


@pytest.mark.parametrize("body", [{"clok": True}, {"clock": "no"}, {"faults": 1}])
def test_a_reset_that_is_not_understood_empties_nothing(rest: RestClient, body: Any) -> None:
    rest.create("Account", an_account())

    refused = rest.post("/_sandbox/reset", body)

    assert refused.json()[0]["errorCode"] == "INVALID_INPUT"
    assert rest.count("Account") == 1


def test_the_clock_is_set_advanced_frozen_and_released(rest: RestClient) -> None:
    set_to = rest.control("POST", "clock", {"now": "2025-03-11T07:00:00+01:00", "frozen": True})
    later = rest.control("POST", "clock", {"advance_s": 86400})
    real = rest.control("POST", "clock", {"real": True})

    assert set_to == {"now": "2025-03-11T06:00:00+00:00", "frozen": True, "real": False}
    assert later["now"] == "2025-03-12T06:00:00+00:00"
    assert real["real"] is True
    assert abs(datetime.fromisoformat(real["now"]) - datetime.now(UTC)).total_seconds() < 60


def test_a_clock_that_was_frozen_runs_on_from_where_it_stood(rest: RestClient) -> None:
    rest.control("POST", "clock", {"now": "2025-03-11T07:00:00+01:00", "frozen": True})

    running = rest.control("POST", "clock", {"frozen": False, "advance_s": 3600})
    frozen = rest.control("POST", "clock", {"frozen": True})

    assert (running["frozen"], frozen["frozen"]) == (False, True)
    assert running["now"].startswith("2025-03-11T07:0")
    assert frozen["now"] > running["now"]
    assert rest.control("GET", "clock")["now"] == frozen["now"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"now": "tomorrow"},
        {"now": "2025-03-11T07:00:00"},
        {"advance_s": "an hour"},
        {"advance": 60},
        {"advance_s": 10**30},
        {"advance_s": 10**12},
        {"advance_s": 10**400},
        {"now": "0001-01-01T00:00:00Z"},
        {"now": "2026-03-11T07:00:00Z", "advance_s": "an hour"},
        {"now": "2026-03-11T07:00:00Z", "frozen": "no"},
        {"real": 1},
        [],
    ],
)
def test_a_clock_that_cannot_be_read_changes_nothing(rest: RestClient, body: object) -> None:
    rest.control("POST", "clock", {"now": "2025-03-11T07:00:00+01:00", "frozen": True})

    refused = rest.post("/_sandbox/clock", body)

    assert refused.status_code == 400
    assert refused.json()[0]["message"]
    assert rest.control("GET", "clock")["now"] == "2025-03-11T06:00:00+00:00"


def test_a_seeded_plan_answers_the_ids_by_reference(rest: RestClient) -> None:
    plan = {
        "records": [
            {"attributes": {"type": "Account", "referenceId": "hd"}, "Name": "Aurora"},
            {
                "attributes": {"type": "Contact", "referenceId": "c"},
                "LastName": "Nowak",
                "AccountId": "@hd",
            },
        ]
    }

    answer = rest.control("POST", "seed", plan)

    assert answer["created"] == 2
    read = rest.get(f"sobjects/Contact/{answer['ids']['c']}").json()
    assert read["AccountId"] == answer["ids"]["hd"]


def test_a_plan_with_one_bad_record_stores_nothing(rest: RestClient) -> None:
    plan = {
        "records": [
            {"attributes": {"type": "Account", "referenceId": "a"}, "Name": "Aurora"},
            {"attributes": {"type": "Account", "referenceId": "b"}, "Nmae": "Typo"},
        ]
    }

    refused = rest.post("/_sandbox/seed", plan)

    assert refused.status_code == 400
    assert rest.count("Account") == 0


def test_requests_count_data_calls_only_and_log_everything(
    org: LocalOrgServer, rest: RestClient
) -> None:
    rest.get("/services/data")
    rest.get("limits")
    rest.get("/services/oauth2/userinfo")
    rest.post("sobjects/Account", an_account())
    rest.get("/services/data/v59.0/limits", headers={"Authorization": "Bearer wrong"})
    rest.control("GET", "clock")

    counted = rest.control("GET", "requests")

    assert counted["total"] == 2
    assert counted["by_kind"] == {"limits": 1, "sobjects": 1}
    assert [(entry["kind"], entry["status"]) for entry in counted["log"]] == [
        ("versions", 200),
        ("limits", 200),
        ("userinfo", 200),
        ("sobjects", 201),
        ("limits", 401),
    ]
    assert counted["log"][1] == counted["log"][1] | {
        "method": "GET",
        "path": "/services/data/v59.0/limits",
        "user": "admin@manufaktura.example",
        "faults": [],
    }
    assert rest.control("DELETE", "requests")["total"] == 0
    assert rest.control("GET", "requests")["log"] == []


def test_the_logs_hold_no_token(rest: RestClient) -> None:
    rest.control("POST", "faults", {"action": "latency", "latency_s": 0, "path": "token=s"})

    rest.get("/services/oauth2/revoke?token=secret&x=1")

    shown = rest.control("GET", "requests")["log"] + rest.control("GET", "faults")["fired"]
    assert [entry["path"] for entry in shown] == ["/services/oauth2/revoke?token=***&x=1"] * 2


def test_bulk_work_may_be_done_before_its_call_is_answered(rest: RestClient) -> None:
    assert rest.control("POST", "bulk", {"inline": True}) == {"inline": True}

    spec = {"operation": "query", "query": "SELECT Id FROM Account"}
    job = rest.post("jobs/query", spec).json()

    assert job["state"] == "UploadComplete"
    assert rest.get(f"jobs/query/{job['id']}").json()["state"] == "JobComplete"


@pytest.mark.parametrize("body", [{}, {"inline": "yes"}, {"inline": True, "x": 1}])
def test_bulk_work_is_not_set_by_a_body_that_means_nothing(
    rest: RestClient, body: dict[str, object]
) -> None:
    assert rest.post("/_sandbox/bulk", body).status_code == 400
    assert rest.control("GET", "bulk") == {"inline": False}


def test_every_answer_tells_the_usage(rest: RestClient) -> None:
    first = rest.get("limits").headers["Sforce-Limit-Info"]
    refused = rest.get("sobjects/Nothing").headers["Sforce-Limit-Info"]

    assert (first, refused) == ("api-usage=1/100000", "api-usage=2/100000")


def test_the_spent_allowance_refuses_with_403_until_a_day_has_passed(
    org: LocalOrgServer, rest: RestClient
) -> None:
    rest.control("POST", "requests", {"daily_limit": 3, "spend": 2})

    assert rest.get("limits").json()["DailyApiRequests"] == {"Max": 3, "Remaining": 0}
    refused = rest.post("sobjects/Account", an_account())
    assert refused.status_code == 403
    assert refused.json() == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]
    assert refused.headers["Sforce-Limit-Info"] == "api-usage=3/3"

    org.org.clock.advance(25 * 3600)
    assert rest.get("limits").status_code == 200
    assert rest.count("Account") == 0


def test_a_data_plan_may_name_the_files_beside_the_metadata(rest: RestClient) -> None:
    plan = json.loads((ROOT / "salesforce" / "data" / "sample-data-plan.json").read_text())

    answer = rest.control("POST", "seed", plan)

    assert answer["created"] == 10
    assert {"hdAurora", "orderTracker"} <= set(answer["ids"])


@pytest.mark.parametrize(
    "name", ["../sfdx-project.json", "Nobody.json", "x" * 5_000, "Account.json\x00", ""]
)
def test_a_data_plan_reads_no_other_file(rest: RestClient, name: str) -> None:
    refused = rest.post("/_sandbox/seed", [{"sobject": "Account", "files": [name]}])

    assert refused.status_code == 404
    assert name in refused.json()[0]["message"]


@pytest.mark.parametrize("origin", ["https://evil.example", "http://[::1"])
def test_a_web_page_of_another_site_cannot_empty_the_org(rest: RestClient, origin: str) -> None:
    refused = rest.post("/_sandbox/reset", {}, headers={"Origin": origin})

    assert refused.status_code == 403


def test_the_metadata_without_effect_is_told_by_name(rest: RestClient) -> None:
    groups = rest.control("GET", "metadata")["without_effect"]

    (application,) = (group for group in groups if group["kind"] == "CustomApplication")
    (file,) = application.pop("files")
    assert file.endswith("applications/Manufaktura.app-meta.xml")
    assert application == {
        "kind": "CustomApplication",
        "reason": "no effect over the API",
        "names": ["Manufaktura"],
    }
    (absent,) = (group for group in groups if group["kind"] == "StandardField")
    assert "Order.BillingAddress" in absent["names"]
