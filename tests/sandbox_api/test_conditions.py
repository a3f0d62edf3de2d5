"""Conditional requests: who has the newest, and who would overwrite it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import RestClient
from tests.sandbox_api.soap_calls import soap_deploy
from tests.sandbox_metadata.mdapi import an_object, with_manifest, zip_of

LONG_AGO = "Tue, 11 Mar 2025 06:00:00 GMT"
NAMES = ("sobjects", "sobjects/Account/describe")


@pytest.fixture
def account(rest: RestClient) -> str:
    return f"sobjects/Account/{rest.create('Account', {'Name': 'A'})}"


def test_an_account_has_an_etag_that_changes_with_it(rest: RestClient, account: str) -> None:
    first = rest.get(account)
    again = rest.get(f"{account}?fields=Name")
    rest.patch(account, {"Phone": "1"})
    changed = rest.get(account)

    assert first.headers["ETag"] == again.headers["ETag"] != changed.headers["ETag"]
    known = {"If-None-Match": f'"other", W/{changed.headers["ETag"]}'}
    unchanged = rest.get(account, headers=known)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["ETag"] == changed.headers["ETag"]
    assert rest.get(account, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_an_update_that_means_another_state_of_the_record_is_refused(
    rest: RestClient, account: str
) -> None:
    tag = rest.get(account).headers["ETag"]

    good = rest.patch(account, {"Name": "B"}, headers={"If-Match": tag})
    late = rest.patch(account, {"Name": "C"}, headers={"If-Match": tag})
    read = rest.get(account, headers={"If-Match": tag})
    known = rest.get(account).headers["ETag"]
    same = rest.patch(account, {"Name": "D"}, headers={"If-None-Match": known})

    assert [answer.status_code for answer in (good, late, read, same)] == [204, 412, 412, 412]
    assert late.json()[0]["errorCode"] == "PRECONDITION_FAILED"
    assert rest.get(account).json()["Name"] == "B"


def test_other_objects_have_no_etag_and_say_so(rest: RestClient) -> None:
    contact = f"sobjects/Contact/{rest.create('Contact', {'LastName': 'L'})}"

    refused = rest.patch(contact, {"LastName": "M"}, headers={"If-Match": '"x"'})

    assert "ETag" not in rest.get(contact).headers
    assert (refused.status_code, refused.json()[0]["message"]) == (
        501,
        "SANDBOX_NOT_IMPLEMENTED: request header if-match (only Account records have ETags)",
    )
    assert rest.get(contact).json()["LastName"] == "L"


@pytest.mark.parametrize("name", ["If-Unmodified-Since", "If-Match"])
def test_a_guarded_delete_is_refused_since_salesforce_guards_none(
    rest: RestClient, account: str, name: str
) -> None:
    refused = rest.delete(account, headers={name: LONG_AGO})

    assert refused.status_code == 501
    assert refused.json()[0]["message"] == (
        f"SANDBOX_NOT_IMPLEMENTED: request header {name.lower()} on DELETE"
    )
    assert rest.get(account).status_code == 200


@pytest.mark.parametrize("path", NAMES)
def test_a_description_is_told_once_per_schema(rest: RestClient, path: str) -> None:
    first = rest.get(path)
    headers = {"If-Modified-Since": first.headers["Last-Modified"]}

    unchanged = rest.get(path, headers=headers)

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert rest.get(path, headers={"If-Modified-Since": LONG_AGO}).status_code == 200


def test_a_deploy_makes_descriptions_new() -> None:
    with LocalOrgServer() as server, RestClient(server, "admin@manufaktura.example") as rest:
        day_before = rest.get("sobjects").headers["Last-Modified"]
        server.org.clock.set(datetime.now(UTC) + timedelta(days=1))
        label = "<label>V</label><pluralLabel>Vs</pluralLabel>"
        rest_of = (
            "<nameField><label>N</label><type>Text</type></nameField>"
            "<deploymentStatus>Deployed</deploymentStatus><sharingModel>ReadWrite</sharingModel>"
        )
        files = {"objects/V__c.object": an_object(label + rest_of)}
        done = soap_deploy(server, zip_of(with_manifest(files)))

        changed = rest.get("sobjects", headers={"If-Modified-Since": day_before})

    assert "Succeeded" in [child.text for child in done]
    assert changed.status_code == 200
    assert changed.headers["Last-Modified"] != day_before


def test_a_record_is_created_under_the_name_of_its_id(rest: RestClient) -> None:
    made = rest.post("sobjects/Account/Id", {"Name": "A"})

    assert (made.status_code, made.json()["success"]) == (201, True)
    assert rest.get(f"sobjects/Account/{made.json()['id']}").json()["Name"] == "A"


def test_identities_of_others_are_not_told(org: LocalOrgServer, rest: RestClient) -> None:
    own_org, own = org.org.org_id, org.org.find_user("admin@manufaktura.example")

    assert rest.get(f"/id/{own_org[:15]}/{own[:15]}").json()["user_id"] == own
    for path, why in (
        (f"/id/00D000000000001AAA/{own}", "Wrong_Org"),
        (f"/id/{own_org}/005000000000001AAA", "Bad_Id"),
    ):
        refused = rest.get(path)
        assert (refused.status_code, refused.text) == (403, why)
