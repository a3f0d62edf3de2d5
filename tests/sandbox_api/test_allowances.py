"""What an org allows per day and at once, by its edition, and what counts against it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox.editions import allow
from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account
from tests.sandbox_api.bulk import extract, load
from tests.sandbox_api.clients import RestClient, a_session, simple_client

ADMIN = "admin@manufaktura.example"
HOUR_S = 3600


@pytest.mark.parametrize(
    ("edition", "licences", "calls", "long_calls"),
    [
        (None, 1, 100_000, 25),
        ("developer", 2, 15_000, 5),
        ("professional", 10, 110_000, 25),
        ("enterprise", 1, 101_000, 25),
        ("unlimited", 10, 150_000, 25),
        ("performance", 3, 115_000, 25),
        ("full-sandbox", 10, 5_000_000, 25),
    ],
)
def test_an_edition_allows_its_base_and_so_much_per_licence(
    rest: RestClient, edition: str | None, licences: int, calls: int, long_calls: int
) -> None:
    shown = rest.control("POST", "requests", {"edition": edition, "licences": licences})

    assert shown["daily"] == {"used": 0, "max": calls}
    assert (shown["edition"], shown["licences"], shown["long_calls"]) == (
        edition,
        licences,
        long_calls,
    )
    answer = rest.get("limits")
    assert answer.json()["DailyApiRequests"] == {"Max": calls, "Remaining": calls - 1}
    assert answer.headers["Sforce-Limit-Info"] == f"api-usage=1/{calls}"


def test_a_daily_limit_overrules_the_edition_that_it_comes_with(rest: RestClient) -> None:
    rest.control("POST", "requests", {"edition": "developer", "daily_limit": 7})
    assert rest.control("GET", "requests")["daily"]["max"] == 7

    rest.control("POST", "reset")
    assert rest.control("GET", "requests")["daily"]["max"] == 100_000


@pytest.mark.parametrize(
    "body",
    [
        {"edition": "starter"},
        {"edition": ["developer"]},
        {"edition": "enterprise", "licences": -1},
        {"daily_limit": -1},
        {"daily_limit": "many"},
        {"limit": 5},
        {"daily_limit": 5, "spend": "all"},
    ],
)
def test_an_allowance_that_means_nothing_changes_nothing(
    rest: RestClient, body: dict[str, object]
) -> None:
    refused = rest.post("/_sandbox/requests", body)

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "INVALID_INPUT"
    assert rest.control("GET", "requests")["daily"] == {"used": 0, "max": 100_000}


def test_a_server_starts_with_the_allowance_of_its_edition() -> None:
    with (
        LocalOrgServer(allowance=allow("developer")) as server,
        RestClient(server, ADMIN) as rest,
    ):
        assert rest.get("limits").headers["Sforce-Limit-Info"] == "api-usage=1/15000"


def test_every_answer_tells_the_usage_refusals_too(rest: RestClient) -> None:
    rest.control("POST", "faults", {"status": 503, "path": "/down"})
    asked = {
        "limits": 200,
        "sobjects/Nothing": 404,
        "query?q=SELECT": 400,
        "down": 503,
        "recent": 501,
        "/services/data/v30.0/limits": 410,
    }

    answers = {path: rest.get(path) for path in asked}
    refused_verb = rest.call("PUT", "limits")
    stranger = rest.get("limits", headers={"Authorization": "Bearer nobody"})

    assert {path: answer.status_code for path, answer in answers.items()} == asked
    assert (refused_verb.status_code, stranger.status_code) == (405, 401)
    for answer in (*answers.values(), refused_verb, stranger):
        assert answer.headers["Sforce-Limit-Info"].startswith("api-usage=")
        assert answer.headers["Sforce-Limit-Info"].endswith("/100000")


def test_logins_and_the_control_plane_cost_nothing(org: LocalOrgServer, rest: RestClient) -> None:
    login = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
    with a_session(org) as session:
        token = session.post(
            f"{org.url}/services/oauth2/token",
            data=login | {"grant_type": "client_credentials"},
            timeout=30,
        ).json()
        session.headers["Authorization"] = f"Bearer {token['access_token']}"
        for path in ("/services/data", "/services/oauth2/userinfo", "/_sandbox/clock"):
            assert session.get(org.url + path, timeout=30).status_code == 200
        assert session.get(token["id"].replace(org.tls_url, org.url), timeout=30).status_code == 200
        session.post(f"{org.url}/services/oauth2/revoke", data={"token": "x"}, timeout=30)
    sf = simple_client(
        org,
        username=ADMIN,
        password="sandbox-password",
        security_token="SANDBOXTOKEN",
        domain="test",
    )
    sf.session.close()

    shown = rest.control("GET", "requests")
    assert (shown["total"], shown["daily"]["used"], shown["by_kind"]) == (0, 0, {})
    assert [entry["kind"] for entry in shown["log"]] == [
        "token",
        "versions",
        "userinfo",
        "identity",
        "revoke",
        "soap_login",
    ]


def test_a_composite_counts_one_and_a_refused_call_nothing(rest: RestClient) -> None:
    part = {"method": "GET", "url": "/services/data/v59.0/limits", "referenceId": "a"}
    rest.control("POST", "requests", {"daily_limit": 1})

    rest.post("composite", {"compositeRequest": [part, part | {"referenceId": "b"}]})
    refused = rest.get("limits")

    assert refused.status_code == 403
    assert rest.control("GET", "requests")["daily"] == {"used": 1, "max": 1}


def test_the_day_rolls_so_that_what_was_spent_early_comes_back_first(rest: RestClient) -> None:
    rest.control("POST", "clock", {"now": "2026-03-01T12:30:00Z", "frozen": True})
    rest.control("POST", "requests", {"daily_limit": 10, "spend": 6})
    rest.control("POST", "clock", {"advance_s": 12 * HOUR_S})
    rest.control("POST", "requests", {"spend": 4})

    assert rest.get("limits").status_code == 403
    rest.control("POST", "clock", {"advance_s": 12 * HOUR_S})
    assert rest.get("limits").headers["Sforce-Limit-Info"] == "api-usage=5/10"


def test_bulk_jobs_their_batches_and_their_results_show_in_the_limits(rest: RestClient) -> None:
    before = rest.get("limits").json()
    load(rest, "Name\n" + "A\n" * 10_001)
    extract(rest, "SELECT Id, Name FROM Account")
    after = rest.get("limits").json()

    spent = {
        name: before[name]["Remaining"] - after[name]["Remaining"]
        for name in before
        if name != "DailyApiRequests"
    }
    assert spent == {
        "DailyBulkApiBatches": 2,
        "DailyBulkV2QueryFileStorageMB": 1,
        "DailyBulkV2QueryJobs": 1,
    }
    assert after["DailyBulkApiBatches"]["Max"] == 15_000


def wait_for_held(rest: RestClient, count: int) -> None:
    for _ in range(3000):
        if len(rest.control("GET", "faults")["waiting"]) == count:
            return
        time.sleep(0.01)
    raise AssertionError(f"fewer than {count} calls are held")


@contextmanager
def held_calls(org: LocalOrgServer, rest: RestClient, count: int) -> Iterator[None]:
    """So many calls that have done their work and wait for their answer."""

    def ask() -> None:
        with RestClient(org, "ops@manufaktura.example") as other:
            other.get("limits")

    rest.control("POST", "faults", {"action": "hook", "hold": "h", "when": "after", "times": count})
    threads = [threading.Thread(target=ask) for _ in range(count)]
    for started, thread in enumerate(threads, 1):
        thread.start()
        wait_for_held(rest, started)
    try:
        yield
    finally:
        rest.control("POST", "faults/release", {"hold": "h"})
        for thread in threads:
            thread.join(60)


def test_too_many_calls_that_last_twenty_seconds_refuse_the_next(
    org: LocalOrgServer, rest: RestClient
) -> None:
    rest.control("POST", "clock", {"now": "2026-03-01T12:00:00Z", "frozen": True})
    rest.control("POST", "requests", {"edition": "developer"})

    with held_calls(org, rest, 5):
        rest.control("POST", "clock", {"advance_s": 19})
        short = rest.get("limits")
        rest.control("POST", "clock", {"advance_s": 1})
        refused = rest.post("sobjects/Account", an_account())
    after = rest.post("sobjects/Account", an_account())

    assert (short.status_code, refused.status_code, after.status_code) == (200, 403, 201)
    assert refused.json() == [
        {
            "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            "errorCode": "REQUEST_LIMIT_EXCEEDED",
        }
    ]
    assert rest.count("Account") == 1


def test_one_long_call_fewer_than_the_limit_refuses_nobody(
    org: LocalOrgServer, rest: RestClient
) -> None:
    rest.control("POST", "clock", {"now": "2026-03-01T12:00:00Z", "frozen": True})
    rest.control("POST", "requests", {"edition": "developer"})

    with held_calls(org, rest, 4):
        rest.control("POST", "clock", {"advance_s": HOUR_S})
        assert rest.get("limits").status_code == 200
