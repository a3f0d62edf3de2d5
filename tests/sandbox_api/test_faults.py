from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests

from sandbox.fault import DEFAULTS, FaultAction
from sandbox.fault_help import KEYS
from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account
from tests.sandbox_api.clients import RestClient
from tests.sandbox_api.soap_calls import ADMIN, fault_of, soap


def add(rest: RestClient, **fault: Any) -> str:
    return rest.control("POST", "faults", fault)["id"]


def fired(rest: RestClient) -> list[dict[str, Any]]:
    return rest.control("GET", "faults")["fired"]


def test_a_status_fault_answers_and_does_nothing(rest: RestClient) -> None:
    add(rest, action="status", status=503, method="POST", path="/sobjects/Account", times=1)

    refused = rest.post("sobjects/Account", an_account())

    assert refused.status_code == 503
    assert refused.json()[0]["errorCode"] == "SERVER_UNAVAILABLE"
    assert rest.count("Account") == 0
    assert rest.post("sobjects/Account", an_account()).status_code == 201


def test_a_status_fault_may_answer_a_page_of_html(rest: RestClient) -> None:
    add(rest, status=503, body="<html>down for maintenance</html>")

    refused = rest.get("/services/data")

    assert (refused.status_code, refused.text) == (503, "<html>down for maintenance</html>")
    assert refused.headers["Content-Type"].startswith("text/html")


def test_a_fault_hits_the_calls_of_its_number_only(rest: RestClient) -> None:
    add(rest, status=502, kind="limits", call=[2, 4])

    assert [rest.get("limits").status_code for _ in range(5)] == [200, 502, 200, 502, 200]
    assert [entry["call"] for entry in fired(rest)] == [2, 4]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_die_with_a_seed_falls_the_same_way_twice(rest: RestClient, seed: int) -> None:
    def play() -> list[int]:
        rest.control("DELETE", "faults")
        add(rest, status=500, kind="limits", probability=0.5, seed=seed)
        return [rest.get("limits").status_code for _ in range(20)]

    first, second = play(), play()

    assert first == second
    assert set(first) == {200, 500}


def test_limit_and_lock_faults_speak_salesforces_words(rest: RestClient) -> None:
    add(rest, action="REQUEST_LIMIT_EXCEEDED", times=1)
    add(rest, action="UNABLE_TO_LOCK_ROW", method="POST", times=1)

    limit = rest.get("limits")
    lock = rest.post("sobjects/Account", an_account())

    assert (limit.status_code, limit.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert lock.status_code == 400
    assert lock.json() == [
        {
            "message": "unable to obtain exclusive access to this record",
            "errorCode": "UNABLE_TO_LOCK_ROW",
            "fields": [],
        }
    ]


def test_the_limit_of_long_calls_at_once_speaks_of_itself(rest: RestClient) -> None:
    add(rest, action="concurrent_limit", times=1)

    refused = rest.get("limits")

    assert refused.status_code == 403
    assert refused.json() == [
        {
            "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            "errorCode": "REQUEST_LIMIT_EXCEEDED",
        }
    ]


def test_a_lock_inside_a_collection_hits_its_rows_only(rest: RestClient) -> None:
    add(rest, action="UNABLE_TO_LOCK_ROW", inner=True, request_body="HD-1", times=1)
    rows = [
        {"attributes": {"type": "Account"}, **an_account(External_Id__c=f"HD-{n}")} for n in (0, 1)
    ]

    answer = rest.post("composite/sobjects", {"records": rows}).json()

    assert [row["success"] for row in answer] == [True, False]
    assert answer[1]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert rest.count("Account") == 1


def test_a_lock_inside_a_graph_undoes_the_graph(rest: RestClient) -> None:
    add(rest, action="UNABLE_TO_LOCK_ROW", inner=True, path="/sobjects/Contact", times=1)
    url = "/services/data/v59.0/sobjects"
    nodes = [
        {"referenceId": "a", "method": "POST", "url": f"{url}/Account", "body": {"Name": "A"}},
        {"referenceId": "c", "method": "POST", "url": f"{url}/Contact", "body": {"LastName": "N"}},
    ]
    body = {"graphs": [{"graphId": "g", "compositeRequest": nodes}]}

    first = rest.post("composite/graph", body).json()["graphs"][0]
    second = rest.post("composite/graph", body).json()["graphs"][0]

    assert (first["isSuccessful"], second["isSuccessful"]) == (False, True)
    assert rest.count("Account") == 1


def test_latency_delays_the_answer(rest: RestClient) -> None:
    add(rest, latency_s=0.3, kind="limits")

    started = time.monotonic()
    answer = rest.get("limits")

    assert answer.status_code == 200
    assert time.monotonic() - started >= 0.3


def test_latency_after_the_commit_outlasts_a_clients_patience(rest: RestClient) -> None:
    add(rest, latency_s=2, when="after", method="POST", path="/sobjects/", times=1)

    with pytest.raises(requests.ReadTimeout):
        rest.session.post(
            f"{rest.base}/services/data/v59.0/sobjects/Account", json=an_account(), timeout=0.5
        )

    for _ in range(1000):
        if rest.count("Account"):
            break
        time.sleep(0.01)
    assert rest.count("Account") == 1


def test_a_short_page_is_followed_by_the_rest(rest: RestClient) -> None:
    rows = [
        {"attributes": {"type": "Account"}, "Name": f"N{n}", "External_Id__c": f"N{n}"}
        for n in range(10)
    ]
    rest.post("composite/sobjects", {"records": rows})
    add(rest, action="short_pages", rows=4, call=[1, 2])
    pages = [rest.get("query", params={"q": "SELECT Name FROM Account ORDER BY Name"}).json()]

    while not pages[-1]["done"]:
        pages.append(rest.get(pages[-1]["nextRecordsUrl"]).json())

    assert [len(page["records"]) for page in pages] == [4, 4, 2]
    assert [row["Name"] for page in pages for row in page["records"]] == [
        f"N{n}" for n in range(10)
    ]
    assert {page["totalSize"] for page in pages} == {10}


def test_a_connection_dropped_before_the_work_leaves_nothing(rest: RestClient) -> None:
    add(rest, action="drop_before", method="POST", times=1)

    with pytest.raises(requests.ConnectionError):
        rest.post("sobjects/Account", an_account())

    assert rest.count("Account") == 0


@pytest.mark.parametrize("secure", [False, True])
def test_a_connection_dropped_after_the_commit_leaves_the_work_done(
    org: LocalOrgServer, secure: bool
) -> None:
    with RestClient(org, "admin@manufaktura.example", secure=secure) as rest:
        add(rest, action="drop_after", method="POST", times=1)

        with pytest.raises(requests.ConnectionError):
            rest.post("sobjects/Account", an_account())

        assert rest.count("Account") == 1
        log = rest.control("GET", "requests")["log"]
        assert [entry["faults"] for entry in log] == [["f1"], []]


def test_an_expired_session_stays_expired(org: LocalOrgServer) -> None:
    with RestClient(org, "ops@manufaktura.example") as rest:
        add(rest, action="expire_session", times=1)

        assert [rest.get("limits").status_code for _ in range(2)] == [401, 401]

    with RestClient(org, "ops@manufaktura.example") as again:
        assert again.get("limits").status_code == 200


def test_a_held_request_waits_until_it_is_released(org: LocalOrgServer, rest: RestClient) -> None:
    record_id = rest.create("Account", an_account())
    add(rest, action="hook", hold="before-write", method="PATCH", times=1)
    answers: list[requests.Response] = []

    def write() -> None:
        with RestClient(org, "loader@manufaktura.example") as job:
            answers.append(job.patch(f"sobjects/Account/{record_id}", {"Phone": "job"}))

    job = threading.Thread(target=write)
    job.start()
    waiting = rest.control("GET", "faults?waiting_for=before-write&timeout_s=60")["waiting"]
    rest.patch(f"sobjects/Account/{record_id}", {"Name": "A person was quicker"})
    assert answers == []
    released = rest.control("POST", "faults/release", {"hold": "before-write"})
    job.join(60)

    assert [(w["hold"], w["method"], w["user"]) for w in waiting] == [
        ("before-write", "PATCH", "loader@manufaktura.example")
    ]
    assert released == {"released": 1}
    assert answers[0].status_code == 204
    read = rest.get(f"sobjects/Account/{record_id}").json()
    assert (read["Name"], read["Phone"]) == ("A person was quicker", "job")
    assert rest.control("GET", "faults")["waiting"] == []


def test_a_hold_after_the_commit_shows_the_work_done(org: LocalOrgServer, rest: RestClient) -> None:
    add(rest, action="hook", hold="after", when="after", method="POST", path="/sobjects/", times=1)
    job = threading.Thread(target=lambda: rest_create(org))
    job.start()

    rest.control("GET", "faults?waiting_for=after&timeout_s=60")
    assert rest.count("Account") == 1
    rest.control("POST", "faults/release", {"hold": "after"})
    job.join(60)

    assert not job.is_alive()


def rest_create(org: LocalOrgServer) -> None:
    with RestClient(org, "loader@manufaktura.example") as rest:
        rest.create("Account", an_account())


@pytest.mark.parametrize("timeout_s", ["nan", "-1"])
def test_a_wait_that_would_never_end_is_refused(rest: RestClient, timeout_s: str) -> None:
    refused = rest.get("/_sandbox/faults", params={"waiting_for": "nobody", "timeout_s": timeout_s})

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "INVALID_INPUT"


def test_nobody_waiting_is_told_in_time(rest: RestClient) -> None:
    answer = rest.get("/_sandbox/faults?waiting_for=never&timeout_s=0.1")

    assert answer.status_code == 409
    assert answer.json()[0]["message"] == "No request waited on hold never within 0.1 s."


def test_fired_faults_are_logged_with_the_request_they_hit(rest: RestClient) -> None:
    fault_id = add(rest, status=503, kind="limits", times=1)

    rest.get("limits")
    rest.get("limits")

    shown = rest.control("GET", "faults")
    assert shown["faults"][0] | {"matched": 2, "fired": 1} == shown["faults"][0]
    (entry,) = shown["fired"]
    assert entry == entry | {
        "id": fault_id,
        "action": "status",
        "method": "GET",
        "path": "/services/data/v59.0/limits",
        "kind": "limits",
        "user": "admin@manufaktura.example",
        "call": 1,
        "request": 1,
    }
    assert [e["number"] for e in rest.control("GET", "requests")["log"] if e["faults"]] == [1]
    rest.control("DELETE", "faults")
    assert rest.control("GET", "faults") == {"faults": [], "fired": [], "waiting": []}


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "explode"},
        {"status": 503, "pth": "/limits"},
        {"status": "503"},
        {"status": 200},
        {"status": 503, "path": "("},
        {"status": 503, "call": 0},
        {"action": "hook"},
        {"action": "hook", "hold": "x", "when": "during"},
        {"action": "drop_after", "inner": True},
        {"status": 503, "inner": True},
        {"status": 503, "times": "once"},
        {"status": 503, "probability": "often"},
        {"status": 503, "path": 5},
        {"status": 503, "inner": "yes"},
        {"status": 503, "probability": 1.5},
        {"status": 503, "kind": "querry"},
        {"status": 503, "call": [True]},
        {"latency_s": 601},
        {"action": "short_pages", "rows": 0},
        {"action": "late_visible_commits", "delay_s": 10**12},
        {"action": "truncated_body", "keep": 1.1},
        {"action": "truncated_body", "framing": "shredded"},
        {"seed": 7, "faults": [{"status": 503}, {"status": 503, "pth": "/limits"}]},
        {"seed": "seven", "faults": [{"status": 503}]},
        {"sed": 7, "faults": [{"status": 503}]},
        {"faults": {"status": 503}},
        {"latency_s": 10**400},
        {"status": 503, "path": "a{99999999999999999999}"},
        {"action": {"status": 503}},
        {"status": 503, "kind": "outbound"},
        {"status": 503, "kind": "row"},
        {"action": "duplicated_outbound_messages", "kind": "query"},
        {"action": "reordered_outbound_messages", "method": "GET"},
        "503",
    ],
)
def test_a_fault_that_means_nothing_is_refused(rest: RestClient, fault: Any) -> None:
    refused = rest.post("/_sandbox/faults", fault)

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "INVALID_FAULT"
    assert rest.control("GET", "faults")["faults"] == []


def test_one_seed_of_a_plan_gives_every_fault_a_die_of_its_own(rest: RestClient) -> None:
    coin = {"status": 500, "kind": "limits", "probability": 0.5}
    plan = {"seed": 7, "faults": [coin, coin | {"status": 502}, coin | {"seed": 3}]}

    def play(seed: int) -> tuple[list[int], list[int]]:
        rest.control("DELETE", "faults")
        added = rest.control("POST", "faults", plan | {"seed": seed})
        return [f["seed"] for f in added], [rest.get("limits").status_code for _ in range(20)]

    first, again, other = play(7), play(7), play(8)

    assert first == again
    assert first[0][:2] != other[0][:2]
    assert len(set(first[0])) == 3
    assert first[0][2] == other[0][2] == 3
    assert set(first[1]) == {200, 500, 502}


def test_the_die_falls_the_same_way_whatever_else_chooses_the_calls(rest: RestClient) -> None:
    def play(**limits: Any) -> list[int]:
        rest.control("DELETE", "faults")
        add(rest, status=500, kind="limits", probability=0.5, seed=1, **limits)
        statuses = [rest.get("limits").status_code for _ in range(12)]
        return [number for number, status in enumerate(statuses, 1) if status == 500]

    free = play()

    assert play(call=list(range(4, 13))) == [number for number in free if number >= 4]
    assert play(times=2) == free[:2]


def test_a_fault_counts_only_the_requests_that_it_can_do_something_to(rest: RestClient) -> None:
    add(rest, action="late_visible_commits", times=1)
    add(rest, action="shuffled_bulk_results", times=1)
    add(rest, action="truncated_bulk_results", times=1)

    rest.get("limits")
    rest.post("sobjects/Account", an_account())

    assert [entry["action"] for entry in fired(rest)] == ["late_visible_commits"]


def test_the_help_tells_of_every_action_and_key(rest: RestClient) -> None:
    shown = rest.control("GET", "faults?help")

    assert set(shown["actions"]) == {str(action) for action in FaultAction}
    assert set(shown["keys"]) == set(KEYS) == set(DEFAULTS)
    assert {"query", "collections", "bulk1", "bulk2", "token", "row"} <= set(shown["kinds"])


def test_a_verb_may_be_written_small(rest: RestClient) -> None:
    add(rest, status=503, method="get")

    assert rest.get("limits").status_code == 503


def test_a_late_commit_is_stamped_now_and_readable_later(
    org: LocalOrgServer, rest: RestClient
) -> None:
    rest.control("POST", "clock", {"now": "2026-03-01T12:00:30+00:00", "frozen": True})
    early = rest.create("Account", an_account(External_Id__c="A-1"))
    rest.control("POST", "clock", {"advance_s": 60})
    fault = {"action": "late_visible_commits", "delay_s": 600, "method": "POST", "times": 1}
    rest.control("POST", "faults", fault)
    late = rest.create("Account", an_account(External_Id__c="A-2"))
    rest.control("POST", "clock", {"advance_s": 300})
    prompt = rest.create("Account", an_account(External_Id__c="A-3"))
    rest.control("POST", "clock", {"advance_s": 240})
    span = "sobjects/Account/updated?start=2026-03-01T11:00:00Z&end=2026-03-01T13:00:00Z"

    before = rest.get(span).json()
    rest.control("POST", "clock", {"advance_s": 60})
    after = rest.get(span).json()

    assert before == {"ids": [early, prompt], "latestDateCovered": "2026-03-01T12:01:00.000+0000"}
    assert after == {
        "ids": [early, late, prompt],
        "latestDateCovered": "2026-03-01T12:11:00.000+0000",
    }
    (row,) = rest.query("SELECT SystemModstamp FROM Account WHERE External_Id__c = 'A-2'")
    assert row["SystemModstamp"] == "2026-03-01T12:01:30.000+0000"


def test_a_fault_speaks_soap_to_a_caller_of_soap(org: LocalOrgServer, rest: RestClient) -> None:
    add(rest, action="REQUEST_LIMIT_EXCEEDED", kind="metadata", user=ADMIN, times=1)
    call = "<describeMetadata><asOfVersion>62.0</asOfVersion></describeMetadata>"

    stranger = soap(org, call, username="ops@manufaktura.example")
    refused = soap(org, call)
    after = soap(org, call)

    assert fault_of(refused) == "sf:REQUEST_LIMIT_EXCEEDED"
    assert fault_of(stranger) == "sf:INSUFFICIENT_ACCESS"
    assert after.tag.endswith("describeMetadataResponse")


@pytest.mark.parametrize(
    ("api", "namespace"),
    [("c", "urn:fault.enterprise.soap.sforce.com"), ("u", "urn:fault.partner.soap.sforce.com")],
)
def test_a_fault_at_a_login_speaks_the_soap_of_its_api(
    rest: RestClient, api: str, namespace: str
) -> None:
    add(rest, action="status", status=503, kind="soap_login")

    refused = rest.call("POST", f"/services/Soap/{api}/59.0", data=b"<x/>")

    assert refused.status_code == 503
    assert refused.headers["Content-Type"] == "text/xml;charset=UTF-8"
    assert f'xmlns:sf="{namespace}"' in refused.text
    assert "<faultcode>sf:SERVER_UNAVAILABLE</faultcode>" in refused.text


def test_a_session_that_came_in_an_envelope_expires_too(org: LocalOrgServer) -> None:
    with RestClient(org, "loader@manufaktura.example") as rest:
        add(rest, action="expire_session", kind="metadata", times=1)

        refused = soap(org, "<describeMetadata/>", username="loader@manufaktura.example")

        assert fault_of(refused) == "sf:INVALID_SESSION_ID"
        assert rest.get("limits").status_code == 401


@pytest.mark.parametrize(
    ("media_type", "shown"),
    [("application/json", '{"exceptionCode":"ExceededQuota"'), ("application/xml", "<error ")],
)
def test_a_fault_speaks_the_first_bulk_api_to_its_callers(
    rest: RestClient, media_type: str, shown: str
) -> None:
    add(rest, action="REQUEST_LIMIT_EXCEEDED", kind="bulk1")
    headers = {"Content-Type": media_type}

    refused = rest.call("POST", "/services/async/59.0/job", data=b"{}", headers=headers)

    assert refused.status_code == 400
    assert shown in refused.text
    assert "ExceededQuota" in refused.text
