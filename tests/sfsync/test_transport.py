"""On the wire: what is repeated, what never is, and how often we log in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses

from config.settings import Settings
from sandbox.server import LocalOrgServer
from sfsync.client import Salesforce, adapter_of, connect, usage
from sfsync.errors import OutcomeUnknown, SalesforceAuthFailed, SalesforceUnavailable
from sfsync.queries import query
from sfsync.records import create_record, patch_record, upsert_record
from sfsync.transport import MAX_ATTEMPTS, Redirect, SalesforceAdapter, build_session, pause_s
from sfsync.usage import purpose, read_word
from tests.control import add_fault, counted_calls

ORG = "https://acme.my.salesforce.com"
DATA = f"{ORG}/services/data/v63.0"
EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
NOTHING = {"totalSize": 0, "done": True, "records": []}


class Pauses(list[float]):
    """Remembers how long it was asked to sleep."""

    __call__ = list.append


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


def real_org(**change: Any) -> Settings:
    login = {"salesforce_client_id": "id", "salesforce_client_secret": "secret"}
    return Settings(**{"salesforce_url": ORG, **login, **change})


def given_token(pauses: Pauses) -> Salesforce:
    settings = Settings(salesforce_url=ORG, salesforce_access_token="00Dx!given")
    return connect(settings, sleep=pauses)


def allow_logins(wire: responses.RequestsMock, *tokens: str) -> None:
    for token in tokens:
        wire.post(f"{ORG}/services/oauth2/token", json={"access_token": token, "instance_url": ORG})


def sent(wire: responses.RequestsMock, part: str) -> list[requests.PreparedRequest]:
    return [call.request for call in wire.calls if part in (call.request.url or "")]


def test_every_request_has_a_timeout(wire: responses.RequestsMock, pauses: Pauses) -> None:
    allow_logins(wire, "00Dx!one")
    wire.get(f"{DATA}/query/", json=NOTHING)

    query(connect(real_org(), sleep=pauses), "SELECT Id FROM Order")

    assert [call.request.req_kwargs["timeout"] for call in wire.calls] == [(5.0, 60.0)] * 2


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_read_survives_an_org_that_stumbles(
    wire: responses.RequestsMock, pauses: Pauses, status: int
) -> None:
    for _ in range(MAX_ATTEMPTS - 1):
        wire.get(f"{DATA}/query/", status=status, body="<html>busy</html>")
    wire.get(f"{DATA}/query/", json=NOTHING)

    assert query(given_token(pauses), "SELECT Id FROM Order") == []
    assert len(wire.calls) == MAX_ATTEMPTS
    assert len(pauses) == MAX_ATTEMPTS - 1
    assert all(0 < pause < 5 for pause in pauses)


@pytest.mark.parametrize(
    "failure", [requests.ConnectionError("reset"), requests.ReadTimeout("slow")]
)
def test_a_read_gives_up_after_a_bounded_number_of_attempts(
    wire: responses.RequestsMock, pauses: Pauses, failure: Exception
) -> None:
    wire.get(f"{DATA}/query/", body=failure)

    with pytest.raises(SalesforceUnavailable, match=r"acme\.my\.salesforce\.com.*Check"):
        query(given_token(pauses), "SELECT Id FROM Order")

    assert len(wire.calls) == MAX_ATTEMPTS


@pytest.mark.parametrize(
    "failure", [requests.ConnectionError("reset"), requests.ReadTimeout("slow")]
)
def test_a_plain_post_is_sent_once_and_its_outcome_is_unknown(
    wire: responses.RequestsMock, pauses: Pauses, failure: Exception
) -> None:
    wire.post(f"{DATA}/sobjects/Order/", body=failure)

    with pytest.raises(OutcomeUnknown):
        create_record(given_token(pauses), "Order", {"Name": "x"})

    assert len(wire.calls) == 1


def test_a_post_that_met_a_passing_status_is_of_unknown_outcome(
    wire: responses.RequestsMock, pauses: Pauses
) -> None:
    wire.post(f"{DATA}/sobjects/Order/", status=502, body="<html>bad gateway</html>")

    with pytest.raises(OutcomeUnknown):
        create_record(given_token(pauses), "Order", {"Name": "x"})

    assert len(wire.calls) == 1


def test_a_post_that_the_org_itself_declined_was_not_carried_out(
    wire: responses.RequestsMock, pauses: Pauses
) -> None:
    declined = [{"errorCode": "SERVER_UNAVAILABLE", "message": "down"}]
    wire.post(f"{DATA}/sobjects/Order/", status=503, json=declined)

    with pytest.raises(SalesforceUnavailable):
        create_record(given_token(pauses), "Order", {"Name": "x"})


def test_an_upsert_of_one_record_is_repeated(wire: responses.RequestsMock, pauses: Pauses) -> None:
    url = f"{DATA}/sobjects/Order/External_Id__c/ORD%2F1"
    wire.patch(url, body=requests.ConnectionError("reset"))
    wire.patch(url, json={"id": "801000000000001AAA", "success": True, "created": False})

    result = upsert_record(given_token(pauses), "Order", "External_Id__c", "ORD/1", {"Name": "x"})

    assert (result.salesforce_id, result.created) == ("801000000000001AAA", False)
    assert len(wire.calls) == 2


def test_a_change_by_record_id_is_not_repeated(
    wire: responses.RequestsMock, pauses: Pauses
) -> None:
    wire.patch(f"{DATA}/sobjects/Order/801000000000001AAA", body=requests.ConnectionError("x"))

    with pytest.raises(OutcomeUnknown):
        patch_record(given_token(pauses), "Order", "801000000000001AAA", {"Name": "x"})

    assert len(wire.calls) == 1


def test_an_expired_session_is_renewed_once_and_the_request_sent_again(
    wire: responses.RequestsMock, pauses: Pauses
) -> None:
    allow_logins(wire, "00Dx!one", "00Dx!two")
    wire.post(f"{DATA}/sobjects/Order/", status=401, json=EXPIRED)
    wire.post(f"{DATA}/sobjects/Order/", status=201, json={"id": "801", "success": True})
    sf = connect(real_org(), sleep=pauses)

    assert create_record(sf, "Order", {"Name": "x"}) == "801"

    carried = [request.headers["Authorization"] for request in sent(wire, "/sobjects/")]
    assert carried == ["Bearer 00Dx!one", "Bearer 00Dx!two"]
    assert [request.body for request in sent(wire, "/sobjects/")] == [b'{"Name":"x"}'] * 2


def test_a_session_that_is_never_accepted_ends_after_one_renewal(
    wire: responses.RequestsMock, pauses: Pauses
) -> None:
    allow_logins(wire, "00Dx!one", "00Dx!two")
    wire.get(f"{DATA}/sobjects/Order/801", status=401, json=EXPIRED)
    sf = connect(real_org(), sleep=pauses)

    with pytest.raises(Exception, match="INVALID_SESSION_ID"):
        sf.Order.get("801")  # simple-salesforce's own call would log in without end

    assert len(sent(wire, "/sobjects/")) == 2
    assert len(sent(wire, "/oauth2/token")) == 2


def test_a_given_token_is_never_renewed(wire: responses.RequestsMock, pauses: Pauses) -> None:
    wire.get(f"{DATA}/query/", status=401, json=EXPIRED)

    with pytest.raises(SalesforceAuthFailed, match="SALESFORCE_ACCESS_TOKEN"):
        query(given_token(pauses), "SELECT Id FROM Order")

    assert len(wire.calls) == 1


def test_threads_that_meet_an_expired_session_log_in_once(
    org: LocalOrgServer, settings: Settings
) -> None:
    sf = connect(settings, sleep=lambda _: None)
    first = adapter_of(sf).token
    logins: list[str] = []
    login = adapter_of(sf)._login
    assert login is not None

    def counted_login() -> str:
        logins.append("login")
        return login()

    adapter_of(sf).use_login("00D000000000000!expired", counted_login)
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(query(sf, "SELECT Id FROM Organization")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 6
    assert logins == ["login"]
    assert adapter_of(sf).token not in (None, "00D000000000000!expired")
    assert first is not None


def test_a_session_that_ends_meanwhile_is_no_ones_problem(
    org: LocalOrgServer, sf: Salesforce
) -> None:
    add_fault(org, action="expire_session", path="/query", times=1)

    assert query(sf, "SELECT Id FROM Organization")[0]["Id"].startswith("00D")


def test_a_connection_dropped_after_the_commit_is_an_unknown_outcome(
    org: LocalOrgServer, sf: Salesforce
) -> None:
    add_fault(org, action="drop_after", method="POST", path="/sobjects/Account", times=1)

    with pytest.raises(OutcomeUnknown):
        create_record(sf, "Account", {"Name": "Ada"})

    assert len(query(sf, "SELECT Id FROM Account WHERE Name = 'Ada'")) == 1


def test_calls_are_counted_by_purpose_as_the_org_counts_them(
    org: LocalOrgServer, sf: Salesforce
) -> None:
    with purpose("selection"):
        query(sf, "SELECT Id FROM Account")
        query(sf, "SELECT Id FROM Order")
    create_record(sf, "Account", {"Name": "Ada"})

    spent = usage(sf)
    assert spent.calls == 3
    assert spent.by_purpose == {"selection": 2, "other": 1}
    assert spent.calls == counted_calls(org)
    assert (spent.used, spent.limit) == (3, 100_000)


def test_repeated_attempts_are_counted_too(org: LocalOrgServer, sf: Salesforce) -> None:
    add_fault(org, action="status", status=503, path="/query", times=2)

    query(sf, "SELECT Id FROM Account")

    assert usage(sf).calls == 3


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("api-usage=18/5000", (18, 5000)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=sample)", (25, 5000)),
        ("per-app-api-usage=17/250(appName=sample)", None),
        (None, None),
    ],
)
def test_the_orgs_own_count_is_read_from_its_header(
    header: str | None, expected: tuple[int, int] | None
) -> None:
    word = read_word(header)

    assert (word and (word.used, word.limit)) == expected


@pytest.mark.parametrize(
    "url", ["http://acme.my.salesforce.com", "http://10.0.0.1:8080", "http://127.0.0.1.evil.com"]
)
def test_nothing_is_redirected_to_another_machine(url: str) -> None:
    with pytest.raises(ValueError, match="not this machine"):
        Redirect(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://test.salesforce.com/services/oauth2/token",
            "http://127.0.0.1:8080/services/oauth2/token",
        ),
        ("https://127.0.0.1:8080/services/data?q=1", "http://127.0.0.1:8080/services/data?q=1"),
        ("https://localhost:8080/x", "http://127.0.0.1:8080/x"),
        ("https://127.0.0.1:9999/x", "https://127.0.0.1:9999/x"),
        ("https://example.com/x", "https://example.com/x"),
        ("https://salesforce.com.evil.org/x", "https://salesforce.com.evil.org/x"),
    ],
)
def test_only_salesforces_own_addresses_are_redirected(url: str, expected: str) -> None:
    assert Redirect("http://127.0.0.1:8080").apply(url) == expected


def test_a_real_org_is_never_redirected(wire: responses.RequestsMock, pauses: Pauses) -> None:
    allow_logins(wire, "00Dx!one")

    connect(real_org(), sleep=pauses)

    assert [call.request.url for call in wire.calls] == [f"{ORG}/services/oauth2/token"]


def test_pauses_grow_and_are_never_the_same_for_a_crowd() -> None:
    first = {pause_s(1) for _ in range(20)}

    assert len(first) > 1
    assert all(0.125 <= pause <= 0.25 for pause in first)
    assert all(4 <= pause_s(30) <= 8 for _ in range(20))


def test_proxies_and_cas_of_the_environment_are_ignored(
    org: LocalOrgServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, "/nonexistent/ca.pem")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    settings = Settings(salesforce_url=org.tls_url, salesforce_ca=org.ca)

    assert query(connect(settings), "SELECT Id FROM Account") == []


def test_a_session_uses_our_transport_for_every_address() -> None:
    adapter = SalesforceAdapter()
    session = build_session(adapter, verify=True)

    assert session.get_adapter("https://anything.example") is adapter
    assert session.get_adapter("http://anything.example") is adapter


def test_a_write_that_never_left_the_machine_is_known_not_to_have_happened(
    wire: responses.RequestsMock, pauses: Pauses
) -> None:
    wire.post(f"{DATA}/sobjects/Order/", body=requests.ConnectTimeout("no route"))
    elsewhere = Settings(salesforce_url="http://127.0.0.1:9", salesforce_access_token="00Dx!t")

    with pytest.raises(SalesforceUnavailable):
        create_record(given_token(pauses), "Order", {"Name": "x"})
    wire.stop(allow_assert=False)
    with pytest.raises(SalesforceUnavailable):
        create_record(connect(elsewhere, sleep=pauses), "Order", {"Name": "x"})
    wire.start()
