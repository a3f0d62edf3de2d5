"""Every way to log in, through simple-salesforce as it is, against the local org."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import responses

from config.settings import Settings
from sandbox.server import LocalOrgServer
from sfsync.about_org import api_versions, org_time, running_user
from sfsync.client import connect, sobject
from sfsync.errors import SalesforceAuthFailed, SalesforceUnavailable
from sfsync.queries import query
from tests.control import add_fault, counted_calls, seed

INTEGRATION = "integration@manufaktura.example"


def login_of(org: LocalOrgServer, name: str) -> dict[str, object]:
    start = org.start_line
    return {
        "nothing given": {},
        "client secret": {
            "salesforce_client_id": start["client_id"],
            "salesforce_client_secret": start["client_secret"],
        },
        "certificate": {
            "salesforce_client_id": start["client_id"],
            "salesforce_username": INTEGRATION,
            "salesforce_private_key": start["private_key"],
        },
        "token": {"salesforce_access_token": org.token_for(INTEGRATION)},
    }[name]


@pytest.mark.parametrize("over", ["http", "https"])
@pytest.mark.parametrize("login", ["nothing given", "client secret", "certificate", "token"])
def test_each_login_acts_as_the_integration_user(
    org: LocalOrgServer, over: str, login: str
) -> None:
    address = (
        {"salesforce_url": org.url}
        if over == "http"
        else {"salesforce_url": org.tls_url, "salesforce_ca": org.ca}
    )

    sf = connect(Settings(**address, **login_of(org, login)))

    assert running_user(sf)["Username"] == INTEGRATION


def test_the_local_org_may_also_be_called_localhost(org: LocalOrgServer) -> None:
    sf = connect(Settings(salesforce_url=org.url.replace("127.0.0.1", "localhost")))

    assert running_user(sf)["Username"] == INTEGRATION


def test_simple_salesforce_itself_works_unpatched(org: LocalOrgServer, settings: Settings) -> None:
    sf = connect(settings)
    accounts = sobject(sf, "Account")

    created = accounts.create({"Name": "Ada", "External_Id__c": "HD-1"})
    status = accounts.upsert("External_Id__c/HD-1", {"Name": "Ada L."})

    assert status == 200
    assert accounts.get(created["id"])["Name"] == "Ada L."
    assert accounts.get_by_custom_id("External_Id__c", "HD-1")["Id"] == created["id"]
    assert sf.query("SELECT Id FROM Account")["totalSize"] == 1


def test_numbers_of_queries_are_exact(org: LocalOrgServer, settings: Settings) -> None:
    sf = connect(settings)
    seed(org, [{"attributes": {"type": "Account"}, "Name": "Ada", "Rating__c": 4.35}])

    (row,) = query(sf, "SELECT Rating__c FROM Account")

    assert row["Rating__c"] == Decimal("4.35")
    assert type(row["Rating__c"]) is Decimal


def test_a_wrong_secret_says_which_settings_to_correct(org: LocalOrgServer) -> None:
    wrong = Settings(
        salesforce_url=org.url,
        salesforce_client_id="sandbox-client",
        salesforce_client_secret="wrong",
    )

    with pytest.raises(SalesforceAuthFailed, match="SALESFORCE_CLIENT") as caught:
        connect(wrong)

    assert "wrong" not in str(caught.value).replace("refuses", "")


def test_a_key_of_another_certificate_is_refused(org: LocalOrgServer) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    settings = Settings(
        salesforce_url=org.url,
        salesforce_client_id="sandbox-client",
        salesforce_username=INTEGRATION,
        salesforce_private_key=pem.decode(),
    )

    with pytest.raises(SalesforceAuthFailed, match="SALESFORCE_PRIVATE_KEY"):
        connect(settings)


def test_a_key_that_is_no_key_is_a_setting_to_correct(org: LocalOrgServer) -> None:
    settings = Settings(
        salesforce_url=org.url,
        salesforce_client_id="sandbox-client",
        salesforce_username=INTEGRATION,
        salesforce_private_key="-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----",
    )

    with pytest.raises(SalesforceAuthFailed, match="SALESFORCE_PRIVATE_KEY"):
        connect(settings)


def test_an_org_that_is_down_is_unavailable_and_nothing_else() -> None:
    with pytest.raises(SalesforceUnavailable, match="make up"):
        connect(Settings(salesforce_url="http://127.0.0.1:9"), sleep=lambda _: None)


@responses.activate
@pytest.mark.parametrize("status", [500, 503])
def test_a_login_page_in_maintenance_is_unavailable(status: int) -> None:
    responses.post(
        "http://127.0.0.1:8080/services/oauth2/token", status=status, body="<html>later</html>"
    )

    with pytest.raises(SalesforceUnavailable):
        connect(Settings(), sleep=lambda _: None)


@responses.activate
def test_a_login_answer_without_an_address_is_refused_not_guessed() -> None:
    responses.post("http://127.0.0.1:8080/services/oauth2/token", json={"access_token": "x"})

    with pytest.raises(SalesforceAuthFailed, match="instance"):
        connect(Settings())


def test_a_certificate_that_nobody_vouches_for_is_refused(org: LocalOrgServer) -> None:
    with pytest.raises(SalesforceAuthFailed, match="SALESFORCE_CA"):
        connect(Settings(salesforce_url=org.tls_url))


def test_a_certificate_is_checked_after_the_login_too(org: LocalOrgServer) -> None:
    settings = Settings(
        salesforce_url=org.tls_url, salesforce_access_token=org.token_for(INTEGRATION)
    )

    with pytest.raises(SalesforceAuthFailed, match="SALESFORCE_CA"):
        query(connect(settings), "SELECT Id FROM Account")


def test_a_refused_login_is_told_by_its_oauth_code(org: LocalOrgServer) -> None:
    settings = Settings(
        salesforce_url=org.url,
        salesforce_client_id="unknown-app",
        salesforce_client_secret="x",
    )

    with pytest.raises(SalesforceAuthFailed) as caught:
        connect(settings)

    assert caught.value.code.startswith("invalid_client")


def test_the_orgs_clock_and_versions_cost_no_call(org: LocalOrgServer, settings: Settings) -> None:
    at = datetime(2025, 3, 11, 6, 0, tzinfo=UTC)
    org.org.clock.set(at, frozen=True)
    sf = connect(settings)

    assert org_time(sf) == at
    assert "63.0" in api_versions(sf)
    assert counted_calls(org) == 0
    assert sf.session.trust_env is False


def test_the_connection_is_made_with_the_version_of_the_settings(org: LocalOrgServer) -> None:
    sf = connect(Settings(salesforce_url=org.url, salesforce_api_version="60.0"))

    assert sf.sf_version == "60.0"
    assert Path(sf.base_url).name == "v60.0"


def test_a_login_during_an_outage_that_answers_json_is_an_outage_and_no_wrong_password(
    org: LocalOrgServer,
) -> None:
    add_fault(org, action="status", status=503, path="/services/oauth2/token")

    with pytest.raises(SalesforceUnavailable):
        connect(Settings(salesforce_url=org.url), sleep=lambda _: None)
