from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceExpiredSession
from simple_salesforce.login import SalesforceLogin

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import a_session, simple_client

TOKEN_SHAPE = r"00D\w{12,15}![\w.]+"


@pytest.fixture
def session(org: LocalOrgServer) -> requests.Session:
    with a_session(org) as session:
        yield session


def ask(org: LocalOrgServer, session: requests.Session, **form: str) -> requests.Response:
    return session.post(f"{org.url}/services/oauth2/token", data=form, timeout=30)


def assertion(org: LocalOrgServer, key: str | None = None, **claims: Any) -> str:
    base = {
        "iss": "sandbox-client",
        "sub": "ops@manufaktura.example",
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 180,
    }
    pem = key or str(org.start_line["private_key"])
    header = {"alg": "RS256"}
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()) for p in (header, base | claims)]
    signed = b".".join(part.rstrip(b"=") for part in parts)
    private = serialization.load_pem_private_key(pem.encode(), None)
    signature = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(
        signed, private
    )
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def ask_with_assertion(
    org: LocalOrgServer, session: requests.Session, token: str
) -> requests.Response:
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    return ask(org, session, grant_type=grant, assertion=token)


def test_client_credentials_log_the_integration_user_in(
    org: LocalOrgServer, session: requests.Session
) -> None:
    given = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}

    in_body = ask(org, session, grant_type="client_credentials", **given).json()
    in_header = session.post(
        f"{org.tls_url}/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=("sandbox-client", "sandbox-secret"),
        timeout=30,
    ).json()

    assert set(in_body) == {
        "access_token",
        "signature",
        "scope",
        "instance_url",
        "id",
        "token_type",
        "issued_at",
    }
    assert (in_body["instance_url"], in_header["instance_url"]) == (org.url, org.tls_url)
    who = session.get(
        f"{org.url}/services/oauth2/userinfo",
        headers={"Authorization": f"Bearer {in_header['access_token']}"},
        timeout=30,
    ).json()
    assert who["preferred_username"] == "integration@manufaktura.example"
    assert who["organization_id"] == org.org.org_id
    assert who["zoneinfo"] == "Europe/Warsaw"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials"}, "invalid_client_id"),
        (
            {
                "grant_type": "client_credentials",
                "client_id": "sandbox-client",
                "client_secret": "wrong",
            },
            "invalid_client",
        ),
        ({"grant_type": "device"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
        (
            {
                "grant_type": "password",
                "client_id": "sandbox-client",
                "client_secret": "sandbox-secret",
                "username": "admin@manufaktura.example",
                "password": "wrong",
            },
            "invalid_grant",
        ),
        (
            {
                "grant_type": "refresh_token",
                "client_id": "sandbox-client",
                "refresh_token": "unknown",
            },
            "invalid_grant",
        ),
    ],
)
def test_a_refused_grant_answers_400_with_an_oauth_error(
    org: LocalOrgServer, session: requests.Session, form: dict[str, str], error: str
) -> None:
    refused = ask(org, session, **form)

    assert refused.status_code == 400
    assert refused.json()["error"] == error
    assert refused.json()["error_description"]


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"exp": "180"},
        {"exp": 10**13},
        {"aud": "https://test.salesforce.com"},
        {"aud": "OWN"},
        {"aud": "OWN/"},
    ],
)
def test_an_assertion_logs_its_subject_in(
    org: LocalOrgServer, session: requests.Session, claims: dict[str, Any]
) -> None:
    if "aud" in claims:
        claims = claims | {"aud": claims["aud"].replace("OWN", org.url)}
    if claims.get("exp") == "180":
        claims = claims | {"exp": str(int(time.time()) + 180)}

    granted = ask_with_assertion(org, session, assertion(org, **claims))

    assert granted.status_code == 200, granted.text
    assert granted.json()["id"].endswith(str(org.org.find_user("ops@manufaktura.example")))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "somebody"},
        {"aud": "https://example.com"},
        {"exp": 10},
        {"exp": "soon"},
        {"sub": "nobody@manufaktura.example"},
    ],
)
def test_a_wrong_claim_is_refused(
    org: LocalOrgServer, session: requests.Session, claims: dict[str, Any]
) -> None:
    refused = ask_with_assertion(org, session, assertion(org, **claims))

    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_grant"


def test_a_user_who_left_cannot_log_in(org: LocalOrgServer, session: requests.Session) -> None:
    user_id = str(org.org.find_user("ops@manufaktura.example"))
    admin = org.org.actor(str(org.org.find_user("admin@manufaktura.example")))
    org.org.update(admin, "User", user_id, {"IsActive": False})

    refused = ask_with_assertion(org, session, assertion(org))

    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_grant"


def test_an_assertion_signed_with_another_key_is_refused(
    org: LocalOrgServer, session: requests.Session
) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

    assert ask_with_assertion(org, session, assertion(org, other.decode())).status_code == 400
    assert ask_with_assertion(org, session, "not.a.token").status_code == 400


def test_an_unsigned_assertion_is_refused(org: LocalOrgServer, session: requests.Session) -> None:
    claims = assertion(org).split(".")[1]
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()

    assert ask_with_assertion(org, session, f"{none}.{claims}.").status_code == 400


def test_a_login_may_stand_in_the_address(org: LocalOrgServer, session: requests.Session) -> None:
    given = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}

    answer = session.post(
        f"{org.url}/services/oauth2/token",
        params={"grant_type": "client_credentials", **given},
        timeout=30,
    )

    assert answer.status_code == 200
    assert answer.json()["instance_url"] == org.url


def test_a_refresh_token_gives_a_new_access_token(
    org: LocalOrgServer, session: requests.Session
) -> None:
    granted = ask(
        org,
        session,
        grant_type="refresh_token",
        client_id="sandbox-client",
        refresh_token=str(org.start_line["refresh_token"]),
    ).json()

    assert granted["access_token"] != org.access_token
    assert "refresh_token" not in granted


def test_a_refresh_token_is_no_access_token(org: LocalOrgServer, session: requests.Session) -> None:
    headers = {"Authorization": f"Bearer {org.start_line['refresh_token']}"}

    refused = session.get(f"{org.url}/services/data/v59.0/limits", headers=headers, timeout=30)

    assert refused.status_code == 401


def test_a_revoked_token_ends_its_session(org: LocalOrgServer, session: requests.Session) -> None:
    token = org.token_for("ops@manufaktura.example")
    headers = {"Authorization": f"Bearer {token}"}

    revoked = session.post(f"{org.url}/services/oauth2/revoke", data={"token": token}, timeout=30)

    refused = session.get(f"{org.url}/services/data/v59.0/limits", headers=headers, timeout=30)
    assert revoked.status_code == 200
    assert refused.status_code == 401
    assert refused.json() == [
        {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
    ]


def test_identity_urls_want_a_token(org: LocalOrgServer, session: requests.Session) -> None:
    user_id = org.org.find_user("admin@manufaktura.example")
    url = f"{org.url}/id/{org.org.org_id}/{user_id}"

    shown = session.get(url, params={"oauth_token": org.access_token}, timeout=30)
    bad = session.get(url, params={"oauth_token": "x"}, timeout=30)
    missing = session.get(url, timeout=30)

    assert shown.json()["username"] == "admin@manufaktura.example"
    assert shown.json()["user_id"] == user_id
    assert (bad.status_code, bad.text) == (403, "Bad_OAuth_Token")
    assert (missing.status_code, missing.text) == (403, "Missing_OAuth_Token")


@pytest.mark.parametrize("secure", [True, False])
def test_simple_salesforce_logs_in_with_client_credentials(
    org: LocalOrgServer, secure: bool
) -> None:
    sf = simple_client(
        org,
        secure=secure,
        consumer_key="sandbox-client",
        consumer_secret="sandbox-secret",
        domain="manufaktura.my",
    )

    with sf.session:
        assert sf.sf_instance == (org.tls_url if secure else org.url).split("//")[1]
        assert sf.limits()["DailyApiRequests"]["Max"] == 100_000
        assert sf.api_usage["api-usage"].total == 100_000


@pytest.mark.parametrize("secure", [True, False])
def test_simple_salesforce_logs_in_with_a_signed_assertion(
    org: LocalOrgServer, secure: bool
) -> None:
    sf = simple_client(
        org,
        secure=secure,
        username="integration@manufaktura.example",
        consumer_key="sandbox-client",
        privatekey=org.start_line["private_key"],
        domain="test",
    )

    with sf.session:
        assert sf.limits()["DailyApiRequests"]["Remaining"] == 99_999


@pytest.mark.parametrize("secure", [True, False])
def test_simple_salesforce_logs_in_with_username_password_and_token(
    org: LocalOrgServer, secure: bool
) -> None:
    sf = simple_client(
        org,
        secure=secure,
        username=org.start_line["username"],
        password=org.start_line["password"],
        security_token=org.start_line["security_token"],
    )

    with sf.session:
        assert sf.limits()["DailyApiRequests"]["Remaining"] == 99_999


def test_simple_salesforce_logs_in_by_the_password_grant(org: LocalOrgServer) -> None:
    sf = simple_client(
        org,
        username="ops@manufaktura.example",
        password="sandbox-password",
        consumer_key="sandbox-client",
        consumer_secret="sandbox-secret",
    )

    with sf.session:
        assert sf.limits()["DailyApiRequests"]["Remaining"] == 99_999


def test_a_soap_login_over_plain_http_answers_the_plain_address(
    org: LocalOrgServer, session: requests.Session
) -> None:
    token, instance = SalesforceLogin(
        username="admin@manufaktura.example",
        password="sandbox-password",
        security_token="SANDBOXTOKEN",
        session=session,
        scratch_url=org.url,
    )

    assert instance == org.url.removeprefix("http://")
    assert token.startswith(f"{org.org.org_id}!")


def test_a_wrong_password_is_a_soap_fault_that_the_client_understands(
    org: LocalOrgServer,
) -> None:
    with pytest.raises(SalesforceAuthenticationFailed) as caught:
        simple_client(org, username="admin@manufaktura.example", password="x", security_token="y")

    assert caught.value.code == "INVALID_LOGIN"


def test_soap_refuses_entity_expansion(org: LocalOrgServer, session: requests.Session) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'

    refused = session.post(f"{org.url}/services/Soap/u/59.0", data=bomb, timeout=30)

    assert refused.status_code == 500
    assert "<sf:exceptionCode>INVALID_SOAP_HEADER</sf:exceptionCode>" in refused.text


def test_soap_beyond_login_is_refused_by_name(
    org: LocalOrgServer, session: requests.Session
) -> None:
    body = '<e xmlns:x="y"><Body><x:describeTabs/></Body></e>'

    refused = session.post(f"{org.url}/services/Soap/u/59.0", data=body, timeout=30)

    assert refused.status_code == 500
    assert "SANDBOX_NOT_IMPLEMENTED: SOAP describeTabs()" in refused.text


def test_simple_salesforce_sees_an_unknown_token_as_an_expired_session(
    org: LocalOrgServer,
) -> None:
    session = a_session(org)
    from simple_salesforce.api import Salesforce

    sf = Salesforce(session_id="00Dxx!unknown", instance_url=org.tls_url, session=session)

    with session, pytest.raises(SalesforceExpiredSession):
        sf.limits()
