from __future__ import annotations

import http.client
import json
import socket
import ssl
from datetime import UTC, datetime

import pytest
import requests

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account
from tests.sandbox_api.clients import RestClient, a_session


def connect(org: LocalOrgServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", int(org.url.rpartition(":")[2]), timeout=30)


def bearer(org: LocalOrgServer) -> dict[str, str]:
    return {"Authorization": f"Bearer {org.access_token}"}


def test_the_date_header_is_the_orgs_own_time(org: LocalOrgServer, rest: RestClient) -> None:
    org.org.clock.set(datetime(2025, 3, 11, 6, 0, tzinfo=UTC), frozen=True)

    for path in ("/services/data", "limits", "/_sandbox/clock"):
        assert rest.get(path).headers["Date"] == "Tue, 11 Mar 2025 06:00:00 GMT"


def test_the_version_list_needs_no_token_and_names_every_version(org: LocalOrgServer) -> None:
    with a_session(org) as session:
        versions = session.get(f"{org.url}/services/data/", timeout=30).json()

    assert versions[0]["version"] == "31.0"
    assert versions[-1] == {
        "label": "Summer '26",
        "url": "/services/data/v67.0",
        "version": "67.0",
    }


@pytest.mark.parametrize("version", ["31.0", "59.0", "67.0"])
def test_every_living_version_is_served_with_and_without_a_slash(
    rest: RestClient, version: str
) -> None:
    for slash in ("", "/"):
        answer = rest.get(f"/services/data/v{version}{slash}")
        assert answer.status_code == 200
        assert answer.json()["sobjects"] == f"/services/data/v{version}/sobjects"
        assert "/id/" in answer.json()["identity"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/services/data/v30.0/limits", 410, "UNSUPPORTED_API_VERSION"),
        ("/services/data/v68.0/limits", 404, "NOT_FOUND"),
        ("/services/data/v59.1/limits", 404, "NOT_FOUND"),
        ("/services/data/vx/limits", 404, "NOT_FOUND"),
        ("/services/data/v59.0/nothing", 404, "NOT_FOUND"),
        ("/nothing", 404, "NOT_FOUND"),
        ("/services/data/v59.0/tooling/runTestsSynchronous", 501, "SANDBOX_NOT_IMPLEMENTED"),
        ("/services/data/v59.0/jobs/nothing", 501, "SANDBOX_NOT_IMPLEMENTED"),
    ],
)
def test_what_is_not_there_is_told_as_a_list(
    rest: RestClient, path: str, status: int, code: str
) -> None:
    answer = rest.get(path)

    assert answer.status_code == status
    assert answer.json()[0]["errorCode"] == code


def test_a_wrong_verb_is_told_which_are_right(rest: RestClient) -> None:
    refused = rest.call("PUT", "sobjects/Account/001000000000001AAA")

    assert refused.status_code == 405
    assert refused.json() == [
        {
            "message": "HTTP Method 'PUT' not allowed. Allowed are HEAD,GET,PATCH,DELETE",
            "errorCode": "METHOD_NOT_ALLOWED",
        }
    ]
    assert refused.headers["Allow"] == "HEAD,GET,PATCH,DELETE"


@pytest.mark.parametrize(
    ("verb", "path", "allowed"),
    [
        ("GET", "/services/oauth2/token", "POST"),
        ("GET", "/services/Soap/u/59.0", "POST"),
        ("DELETE", "/services/data", "HEAD,GET"),
        ("OPTIONS", "limits", "HEAD,GET"),
        ("TRACE", "limits", "HEAD,GET,POST,PUT,PATCH,DELETE"),
        ("PUT", "composite", "HEAD,GET,POST"),
    ],
)
def test_a_wrong_verb_is_told_so_everywhere(
    rest: RestClient, verb: str, path: str, allowed: str
) -> None:
    refused = rest.call(verb, path)

    assert refused.status_code == 405
    assert refused.json()[0]["message"] == (
        f"HTTP Method '{verb}' not allowed. Allowed are {allowed}"
    )
    assert refused.headers["Allow"] == allowed


def test_a_post_may_stand_for_a_patch(rest: RestClient) -> None:
    record_id = rest.create("Account", an_account())

    changed = rest.post(f"sobjects/Account/{record_id}?_HttpMethod=PATCH", {"Name": "New"})

    assert changed.status_code == 204
    assert rest.get(f"sobjects/Account/{record_id}").json()["Name"] == "New"


def test_a_body_of_another_media_type_is_refused(rest: RestClient) -> None:
    refused = rest.call("POST", "sobjects/Account", data={"Name": "A"})

    assert refused.status_code == 415
    assert refused.json()[0]["errorCode"] == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b'{"Name": NaN}'])
def test_a_body_that_is_no_json_object_is_refused(rest: RestClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    refused = rest.call("POST", "sobjects/Account", data=body, headers=headers)

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "JSON_PARSER_ERROR"


def test_a_long_uri_is_refused_with_414(rest: RestClient) -> None:
    refused = rest.get("query", params={"q": "x" * 17_000})

    assert refused.status_code == 414
    assert refused.json()[0]["errorCode"] == "URI_TOO_LONG"


def test_a_very_long_uri_is_refused_with_414_as_a_list(rest: RestClient) -> None:
    refused = rest.get("query", params={"q": "x" * 70_000})

    assert refused.status_code == 414
    assert refused.json()[0]["errorCode"] == "URI_TOO_LONG"


def test_long_headers_are_refused_with_431(rest: RestClient) -> None:
    refused = rest.get("limits", headers={"X-Long": "x" * 17_000})

    assert refused.status_code == 431
    assert refused.json()[0]["errorCode"] == "HEADERS_TOO_LARGE"


def test_chunked_bodies_are_read_on_a_connection_that_stays_open(org: LocalOrgServer) -> None:
    connection = connect(org)
    headers = bearer(org) | {"Content-Type": "application/json"}

    for number in range(3):
        body = json.dumps(an_account(External_Id__c=f"HD-{number}")).encode()
        pieces = (body[start : start + 7] for start in range(0, len(body), 7))
        connection.request(
            "POST", "/services/data/v59.0/sobjects/Account", pieces, headers, encode_chunked=True
        )
        sock = connection.sock
        answer = connection.getresponse()
        assert (answer.status, answer.version) == (201, 11)
        answer.read()
        assert connection.sock is sock
    connection.close()


@pytest.mark.parametrize(
    "request_text",
    [
        "POST /services/oauth2/token HTTP/1.1\r\nContent-Length: 99\r\n\r\nhalf",
        "POST /services/oauth2/token HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n0123456789",
        "POST /services/oauth2/token HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST /services/oauth2/token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab",
        "POST /services/oauth2/token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nab",
        "POST /services/oauth2/token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nab",
        "GET http://[::1 HTTP/1.1\r\n\r\n",
    ],
    ids=[
        "half a body",
        "odd length",
        "two lengths",
        "no chunk",
        "negative chunk",
        "half a chunk",
        "bad URL",
    ],
)
def test_a_request_that_is_framed_wrong_is_told_so(org: LocalOrgServer, request_text: str) -> None:
    port = int(org.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request_text.encode())
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])[0]["errorCode"] == "BAD_REQUEST"


def test_a_guard_beyond_the_calendar_is_refused(rest: RestClient) -> None:
    account = rest.create("Account", an_account())
    guard = {"If-Unmodified-Since": "Fri, 31 Dec 9999 23:59:59 -2359"}

    refused = rest.patch(f"sobjects/Account/{account}", {"Name": "Changed"}, headers=guard)

    assert refused.status_code == 400
    assert rest.get(f"sobjects/Account/{account}").json()["Name"] == "Aurora Devices"


def test_a_body_too_deep_for_a_composite_call_is_refused(rest: RestClient) -> None:
    deep = b'{"compositeRequest":[{"method":"POST","referenceId":"a","url":"/services/data/v59.0/'
    deep += b'sobjects/Account","body":{"Name":' + b"[" * 1_500 + b"]" * 1_500 + b"}}]}"

    refused = rest.call(
        "POST", "composite", data=deep, headers={"Content-Type": "application/json"}
    )

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "JSON_PARSER_ERROR"
    assert rest.count("Account") == 0


def test_a_refused_body_leaves_the_connection_usable(org: LocalOrgServer) -> None:
    connection = connect(org)

    connection.request("POST", "/services/data/v59.0/nothing", b"x" * 5000, bearer(org))
    first = connection.getresponse()
    first.read()
    connection.request("GET", "/services/data/v59.0/limits", headers=bearer(org))
    second = connection.getresponse()
    second.read()

    assert (first.status, second.status) == (404, 200)
    connection.close()


def test_head_answers_headers_only(org: LocalOrgServer) -> None:
    connection = connect(org)

    connection.request("HEAD", "/services/data")
    answer = connection.getresponse()

    assert answer.status == 200
    assert int(answer.headers["Content-Length"]) > 0
    assert answer.read() == b""
    connection.close()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "login.salesforce.com.evil.example",
        "evil.example:8080",
    ],
)
def test_a_name_that_is_not_the_orgs_is_refused(org: LocalOrgServer, host: str) -> None:
    connection = connect(org)

    for path in ("/_sandbox/clock", "/services/data"):
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 403
    connection.close()


def test_the_listeners_are_bound_to_loopback_only(org: LocalOrgServer) -> None:
    port = int(org.url.rpartition(":")[2])

    with socket.socket() as other:
        # Binding the same port of another loopback address succeeds only if nobody holds 0.0.0.0.
        other.bind(("127.0.0.2", port))


def test_a_client_that_does_not_trust_the_org_is_hung_up_and_others_go_on(
    org: LocalOrgServer,
) -> None:
    stranger = requests.Session()
    stranger.trust_env = False
    with stranger, pytest.raises(requests.exceptions.SSLError):
        stranger.get(f"{org.tls_url}/services/data", timeout=30)

    with a_session(org) as session:
        assert session.get(f"{org.tls_url}/services/data", timeout=30).status_code == 200


def test_a_silent_client_does_not_stop_the_tls_listener(org: LocalOrgServer) -> None:
    port = int(org.tls_url.rpartition(":")[2])

    with socket.create_connection(("127.0.0.1", port)), a_session(org) as session:
        assert session.get(f"{org.tls_url}/services/data", timeout=60).status_code == 200


@pytest.mark.parametrize(
    "name", ["localhost", "login.salesforce.com", "acme.my.salesforce.com", "127.0.0.1"]
)
def test_the_certificate_proves_salesforces_names(org: LocalOrgServer, name: str) -> None:
    port = int(org.tls_url.rpartition(":")[2])
    context = ssl.create_default_context(cafile=str(org.ca))

    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        assert secure.version() in {"TLSv1.2", "TLSv1.3"}


def test_a_bug_answers_500_and_shows_its_traceback(
    org: LocalOrgServer,
    rest: RestClient,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(org.org, "insert", fail)

    answer = rest.post("sobjects/Account", an_account())

    assert answer.status_code == 500
    assert answer.json()[0]["errorCode"] == "UNKNOWN_EXCEPTION"
    assert "ZeroDivisionError: a bug" in capsys.readouterr().err


def test_xml_answers_are_refused_by_name(rest: RestClient) -> None:
    refused = rest.get("limits", headers={"Accept": "application/xml"})

    assert refused.status_code == 501
    assert "XML" in refused.json()[0]["message"]
