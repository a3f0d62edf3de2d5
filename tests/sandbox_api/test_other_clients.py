"""What clients of other makers ask for, each found by driving one of them (docs/clients.md)."""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import UTC, datetime

import pytest
import requests
from defusedxml.ElementTree import fromstring

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import RestClient
from tests.sandbox_api.test_bulk1 import CSV, JOB_XML, Bulk1, xml

ADMIN = "admin@manufaktura.example"
LOGIN = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<login xmlns="urn:{flavour}.soap.sforce.com"><username>admin@manufaktura.example</username>'
    "<password>sandbox-passwordSANDBOXTOKEN</password></login></e:Body></e:Envelope>"
)
CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}


def post_soap(rest: RestClient, path: str, body: bytes, **headers: str) -> requests.Response:
    sent = {"Content-Type": "text/xml", "SOAPAction": '""', **headers}
    return rest.call("POST", f"/services/Soap/{path}", data=body, headers=sent)


def introspect(rest: RestClient, **form: str) -> requests.Response:
    return rest.call("POST", "/services/oauth2/introspect", data=form)


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_compressed_body_is_unpacked(rest: RestClient, encoding: str, pack: object) -> None:
    assert callable(pack)
    envelope = pack(LOGIN.format(flavour="partner").encode())
    record = pack(json.dumps({"Name": "Packed"}).encode())

    login = post_soap(rest, "u/34.0", envelope, **{"Content-Encoding": encoding})
    created = rest.call(
        "POST",
        "sobjects/Account",
        data=record,
        headers={"Content-Encoding": encoding, "Content-Type": "application/json"},
    )

    assert (login.status_code, created.status_code) == (200, 201)
    assert "<sessionId>00D" in login.text
    assert rest.query("SELECT Name FROM Account")[0]["Name"] == "Packed"


def test_a_body_of_an_unknown_encoding_is_refused(rest: RestClient) -> None:
    refused = rest.post("sobjects/Account", {"Name": "A"}, headers={"Content-Encoding": "br"})

    assert (refused.status_code, refused.json()[0]["errorCode"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert rest.count("Account") == 0


@pytest.mark.parametrize(
    "body", [b"no gzip", gzip.compress(b"cut off", mtime=0)[:-9]], ids=["nonsense", "cut off"]
)
def test_a_damaged_body_is_refused_before_anything_happens(rest: RestClient, body: bytes) -> None:
    refused = rest.call(
        "POST",
        "sobjects/Account",
        data=body,
        headers={"Content-Encoding": "gzip", "Content-Type": "application/json"},
    )

    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(("letter", "flavour"), [("c", "enterprise"), ("u", "partner")])
def test_each_soap_api_logs_in_and_out(rest: RestClient, letter: str, flavour: str) -> None:
    login = post_soap(rest, f"{letter}/48.0", LOGIN.format(flavour=flavour).encode())
    token = login.text.partition("<sessionId>")[2].partition("<")[0]
    envelope = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><SessionHeader>'
        f"<sessionId>{token}</sessionId></SessionHeader></e:Header><e:Body><logout/></e:Body>"
        "</e:Envelope>"
    ).encode()
    own = {"Authorization": f"Bearer {token}"}

    before = rest.get("limits", headers=own).status_code
    logout = post_soap(rest, f"{letter}/48.0", envelope)
    again = post_soap(rest, f"{letter}/48.0", envelope)

    assert f'xmlns="urn:{flavour}.soap.sforce.com"' in login.text
    assert f"/services/Soap/{letter}/48.0/{rest.server.org.org_id}</serverUrl>" in login.text
    assert (before, logout.status_code, "<logoutResponse/>" in logout.text) == (200, 200, True)
    assert rest.get("limits", headers=own).status_code == 401
    assert "<sf:exceptionCode>INVALID_SESSION_ID</sf:exceptionCode>" in again.text


def test_a_login_tells_every_element_of_the_user(org: LocalOrgServer, rest: RestClient) -> None:
    login = post_soap(rest, "u/34.0", LOGIN.format(flavour="partner").encode())
    (info,) = fromstring(login.content).iter("{urn:partner.soap.sforce.com}userInfo")

    assert {child.tag.rpartition("}")[2]: child.text for child in info} == {
        "accessibilityMode": "false",
        "chatterExternal": "false",
        "currencySymbol": "EUR",
        "orgAttachmentFileSizeLimit": "5242880",
        "orgDefaultCurrencyIsoCode": None,
        "orgDefaultCurrencyLocale": "en_US",
        "orgDisallowHtmlAttachments": "false",
        "orgHasPersonAccounts": "false",
        "organizationId": org.org.org_id,
        "organizationMultiCurrency": "true",
        "organizationName": "Manufaktura",
        "profileId": rest.query("SELECT ProfileId FROM User WHERE Alias = 'admin'")[0]["ProfileId"],
        "roleId": None,
        "sessionSecondsValid": "7200",
        "userDefaultCurrencyIsoCode": "EUR",
        "userEmail": ADMIN,
        "userFullName": "Admin Manufaktura",
        "userId": org.org.find_user(ADMIN),
        "userLanguage": "en_US",
        "userLocale": "en_US",
        "userName": ADMIN,
        "userTimeZone": "Europe/Warsaw",
        "userType": "Standard",
        "userUiSkin": "Theme3",
    }


def test_a_live_token_is_introspected(org: LocalOrgServer, rest: RestClient) -> None:
    org.org.clock.set(datetime(2025, 3, 11, 6, tzinfo=UTC), frozen=True)
    token = rest.call(
        "POST",
        "/services/oauth2/token",
        data=CLIENT | {"grant_type": "password", "username": ADMIN, "password": "sandbox-password"},
    ).json()["access_token"]

    assert introspect(rest, token=token, **CLIENT).json() == {
        "active": True,
        "scope": "api",
        "client_id": "sandbox-client",
        "username": ADMIN,
        "sub": f"{org.url}/id/{org.org.org_id}/{org.org.find_user(ADMIN)}",
        "token_type": "access_token",
        "exp": 1741672800 + 3650 * 86_400,
        "iat": 1741672800,
        "nbf": 1741672800,
    }


def test_a_dead_token_and_a_stranger_learn_nothing(rest: RestClient) -> None:
    stranger = introspect(rest, token=rest.server.access_token, client_id="sandbox-client")

    assert introspect(rest, token="00Dx!gone", **CLIENT).json() == {"active": False}
    assert (stranger.status_code, stranger.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("version", "name"), [("48.0", "DailyBulkApiRequests"), ("49.0", "DailyBulkApiBatches")]
)
def test_the_allowance_of_batches_has_its_versions_name(
    rest: RestClient, version: str, name: str
) -> None:
    limits = rest.get(f"/services/data/v{version}/limits").json()

    assert limits[name] == {"Max": 15_000, "Remaining": 15_000}
    assert len([key for key in limits if key.startswith("DailyBulkApi")]) == 1


def test_records_are_counted_by_object(rest: RestClient) -> None:
    rest.create("Account", {"Name": "A"})

    asked = rest.get("limits/recordCount?sObjects=account,Contact,Nothing__c").json()
    everything = rest.get("limits/recordCount").json()["sObjects"]

    counts = [{"count": 1, "name": "Account"}, {"count": 0, "name": "Contact"}]
    assert asked == {"sObjects": counts}
    assert all(each in everything for each in counts)
    assert {"count": 4, "name": "User"} in everything


def test_batches_of_a_csv_job_are_told_in_xml_whatever_the_request_is(rest: RestClient) -> None:
    job = Bulk1(rest, operation="query", object="Account", contentType="CSV")
    batch = job.send("SELECT Id FROM Account", CSV)
    job.wait(batch)
    path = f"job/{job.id}"

    about_job = job.call("GET", path, media_type="application/json")
    about_batches = [
        job.call("GET", f"{path}/{more}", media_type="application/json")
        for more in ("batch", f"batch/{batch}", f"batch/{batch}/result")
    ]

    assert about_job.headers["Content-Type"] == "application/json"
    assert (about_job.json()["id"], about_job.json()["contentType"]) == (job.id, "CSV")
    assert {each.headers["Content-Type"] for each in about_batches} == {"application/xml"}
    assert xml(about_batches[1])["id"] == batch


def test_outcomes_of_a_csv_batch_are_of_a_type_without_charset(rest: RestClient) -> None:
    job = Bulk1(rest, operation="insert", object="Account", contentType="CSV")
    batch = job.send("Name\nA\n", CSV)
    job.wait(batch)

    assert job.result(batch).headers["Content-Type"] == "text/csv"


def test_a_json_job_is_closed_in_xml_too(rest: RestClient) -> None:
    job = Bulk1(rest, operation="query", object="Account", contentType="JSON")
    closing = JOB_XML.format("<state>Closed</state>")

    closed = job.call("POST", f"job/{job.id}", closing, "application/xml")

    assert (closed.status_code, closed.json()["state"]) == (200, "Closed")


@pytest.mark.parametrize("part", ["listviews", "describe/layouts", "describe/compactLayouts"])
def test_a_part_of_an_object_that_is_missing_is_no_record(rest: RestClient, part: str) -> None:
    refused = rest.get(f"sobjects/Account/{part}")

    assert refused.status_code == 501
    assert refused.json() == [
        {
            "message": f"SANDBOX_NOT_IMPLEMENTED: resource sobjects/Account/{part}",
            "errorCode": "SANDBOX_NOT_IMPLEMENTED",
        }
    ]


def test_anonymous_code_does_not_compile(rest: RestClient) -> None:
    token = rest.server.access_token
    code = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><SessionHeader>'
        f"<sessionId>{token}</sessionId></SessionHeader></e:Header><e:Body><executeAnonymous>"
        "<String>insert new Account(Name = 'A');</String></executeAnonymous></e:Body></e:Envelope>"
    )
    problem = "SANDBOX_NOT_IMPLEMENTED: Apex; the local org compiles and runs no code"

    by_rest = rest.get("tooling/executeAnonymous", params={"anonymousBody": "x"})
    by_soap = post_soap(rest, "s/67.0/00D000000000001", code.encode())

    assert (by_rest.status_code, by_soap.status_code) == (200, 200)
    assert by_rest.json() == {
        "line": 1,
        "column": 1,
        "compiled": False,
        "success": False,
        "compileProblem": problem,
        "exceptionStackTrace": None,
        "exceptionMessage": None,
    }
    assert f"<compiled>false</compiled><success>false</success><compileProblem>{problem}<" in (
        by_soap.text
    )
    assert rest.count("Account") == 0
