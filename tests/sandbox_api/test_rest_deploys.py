"""Deploys over REST."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import RestClient
from tests.sandbox_api.soap_calls import ADMIN
from tests.sandbox_metadata.deploy_target import VISITS
from tests.sandbox_metadata.mdapi import with_manifest, zip_of


@pytest.fixture
def bare() -> Iterator[LocalOrgServer]:
    """An org without any metadata of ours."""
    with LocalOrgServer() as server:
        yield server


@pytest.fixture
def admin(bare: LocalOrgServer) -> Iterator[RestClient]:
    with RestClient(bare, ADMIN) as client:
        yield client


def rest_deploy(
    client: RestClient, data: bytes, part: str = "entity_content", **options: bool
) -> requests.Response:
    wish = json.dumps({"deployOptions": options})
    return client.call(
        "POST",
        "metadata/deployRequest",
        files={
            part: (None, wish, "application/json"),
            "file": ("package.zip", data, "application/zip"),
        },
    )


@pytest.mark.parametrize("part", ["json", "entity_content"])
def test_a_deploy_over_rest(bare: LocalOrgServer, admin: RestClient, part: str) -> None:
    started = rest_deploy(admin, zip_of(with_manifest(VISITS)), part, rollbackOnError=True)
    deploy_id = started.json()["id"]
    brief = admin.get(f"metadata/deployRequest/{deploy_id}").json()["deployResult"]
    full = admin.get(
        f"metadata/deployRequest/{deploy_id}", params={"includeDetails": "true"}
    ).json()["deployResult"]

    assert started.status_code == 201
    assert started.json()["deployOptions"] == {"rollbackOnError": True}
    assert (brief["status"], brief["done"], brief["details"]) == ("Succeeded", True, None)
    assert len(full["details"]["componentSuccesses"]) == 4
    assert full["details"]["componentFailures"] == []
    assert admin.get("sobjects/Visit__c/describe").json()["fields"][-1]["name"] == "OwnerId"
    assert admin.create("Visit__c", {"Name": "Gdynia", "Score__c": 1.5})


def test_a_validation_over_rest_changes_nothing(admin: RestClient) -> None:
    started = rest_deploy(admin, zip_of(with_manifest(VISITS)), checkOnly=True)

    result = admin.get(f"metadata/deployRequest/{started.json()['id']}").json()["deployResult"]
    assert (result["status"], result["checkOnly"]) == ("Succeeded", True)
    assert admin.get("sobjects/Visit__c/describe").status_code == 404


def test_a_finished_deploy_cannot_be_cancelled(admin: RestClient) -> None:
    deploy_id = rest_deploy(admin, zip_of(with_manifest(VISITS))).json()["id"]

    refused = admin.patch(
        f"metadata/deployRequest/{deploy_id}", {"deployResult": {"status": "Canceling"}}
    )

    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "INVALID_ID_FIELD")
    assert admin.get("sobjects/Visit__c/describe").status_code == 200


def test_a_body_without_a_zip_is_refused(admin: RestClient) -> None:
    no_file = admin.call(
        "POST", "metadata/deployRequest", files={"json": (None, "{}", "application/json")}
    )
    no_multipart = admin.post("metadata/deployRequest", {"deployOptions": {}})

    assert (no_file.status_code, no_file.json()[0]["errorCode"]) == (400, "INVALID_INPUT")
    assert no_multipart.status_code == 415
