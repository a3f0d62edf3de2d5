"""The Metadata API as clients use it: simple-salesforce, SOAP envelopes, REST."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simple_salesforce.api import Salesforce

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import RestClient, a_session, simple_client
from tests.sandbox_api.soap_calls import ADMIN, M, deploy_body, fault_of, soap, soap_deploy
from tests.sandbox_metadata.deploy_target import BAD_FORMULA, OUR_SOURCE, SCORE, VISIT, VISITS
from tests.sandbox_metadata.mdapi import an_object, convert_source, with_manifest, zip_of


@pytest.fixture
def bare() -> Iterator[LocalOrgServer]:
    """An org without any metadata of ours."""
    with LocalOrgServer() as server:
        yield server


@pytest.fixture
def admin(bare: LocalOrgServer) -> Iterator[RestClient]:
    with RestClient(bare, ADMIN) as client:
        yield client


@pytest.fixture
def sf(bare: LocalOrgServer) -> Iterator[Salesforce]:
    """simple-salesforce, unpatched, over HTTPS."""
    client = simple_client(
        bare,
        username=ADMIN,
        password="sandbox-password",
        security_token="SANDBOXTOKEN",
    )
    # The part of it that speaks through zeep has a session of its own.
    through_zeep = client.mdapi._client.transport.session
    through_zeep.trust_env, through_zeep.verify = False, str(bare.ca)
    with client.session, through_zeep:
        yield client


def test_simple_salesforce_deploys_our_project_into_an_empty_org(
    bare: LocalOrgServer, sf: Salesforce, tmp_path: Path, org: LocalOrgServer
) -> None:
    package = tmp_path / "package.zip"
    package.write_bytes(zip_of(convert_source(OUR_SOURCE)))

    started = sf.deploy(str(package), sandbox=False)
    status = sf.checkDeployStatus(started["asyncId"])

    assert started["asyncId"].startswith("0Af")
    assert started["state"] == "Queued"
    assert status["state"] == "Succeeded"
    assert status["deployment_detail"]["errors"] == []
    counts = status["deployment_detail"]
    assert counts["total_count"] == counts["deployed_count"]
    assert int(counts["total_count"]) > 100
    names = {s["name"] for s in sf.describe()["sobjects"]}
    with RestClient(org, ADMIN) as other:
        theirs = {s["name"] for s in other.get("sobjects").json()["sobjects"]}
        assert names == theirs
        for name in sorted(names):
            mine = json.dumps(_without_ids(getattr(sf, name).describe()))
            assert mine == json.dumps(
                _without_ids(other.get(f"sobjects/{name}/describe").json())
            ), name


def _without_ids(described: dict[str, Any]) -> dict[str, Any]:
    for info in described["recordTypeInfos"]:
        info.pop("recordTypeId", None)
        info.pop("urls", None)
    return described


def test_simple_salesforce_validates_without_changing_anything(
    bare: LocalOrgServer, sf: Salesforce, tmp_path: Path
) -> None:
    package = tmp_path / "package.zip"
    package.write_bytes(zip_of(with_manifest(VISITS)))

    started = sf.deploy(str(package), sandbox=True, checkOnly=True)

    assert sf.checkDeployStatus(started["asyncId"])["state"] == "Succeeded"
    assert "Visit__c" not in bare.org.schema.objects


def test_simple_salesforce_shows_the_error_of_each_component(
    bare: LocalOrgServer, sf: Salesforce, tmp_path: Path
) -> None:
    package = tmp_path / "package.zip"
    files = {"objects/Visit__c.object": an_object(VISIT + SCORE + BAD_FORMULA)}
    package.write_bytes(zip_of(with_manifest(files)))

    status = sf.checkDeployStatus(sf.deploy(str(package), sandbox=False)["asyncId"])

    assert status["state"] == "Failed"
    (error,) = status["deployment_detail"]["errors"]
    assert (error["type"], error["file"], error["status"]) == (
        "ValidationRule",
        "objects/Visit__c.object",
        "Error",
    )
    assert "Skore__c" in error["message"]
    assert "Visit__c" not in bare.org.schema.objects


def test_simple_salesforce_describes_and_lists_metadata(sf: Salesforce, bare: Any) -> None:
    soap_deploy(bare, zip_of(with_manifest(VISITS)))

    described = sf.mdapi.describe_metadata()
    query = sf.mdapi._client.get_type("ns0:ListMetadataQuery")(type="ValidationRule")
    listed = sf.mdapi.list_metadata([query])

    types = {entry.xmlName: entry for entry in described.metadataObjects}
    assert types["CustomObject"].directoryName == "objects"
    assert "ValidationRule" in types["CustomObject"].childXmlNames
    assert [entry.fullName for entry in listed] == ["Visit__c.Score_Low"]


def test_single_components_are_not_created_without_a_file(sf: Salesforce) -> None:
    with pytest.raises(Exception, match="SANDBOX_NOT_IMPLEMENTED: SOAP readMetadata"):
        sf.mdapi.CustomObject.read(["Account"])


def test_a_deploy_result_has_the_facts_of_each_component(bare: LocalOrgServer) -> None:
    result = soap_deploy(bare, zip_of(with_manifest(VISITS)))

    facts = {child.tag.removeprefix(M): child.text for child in result if not len(child)}
    assert facts["status"] == "Succeeded"
    assert (facts["done"], facts["success"], facts["checkOnly"]) == ("true", "true", "false")
    assert (facts["numberComponentsTotal"], facts["numberComponentsDeployed"]) == ("3", "3")
    assert (facts["numberComponentErrors"], facts["numberTestsTotal"]) == ("0", "0")
    shown = [
        tuple(message.findtext(f"{M}{name}") for name in ("componentType", "fullName", "created"))
        for message in result.findall(f"{M}details/{M}componentSuccesses")
    ]
    assert shown == [
        ("CustomObject", "Visit__c", "true"),
        ("CustomField", "Visit__c.Score__c", "true"),
        ("ValidationRule", "Visit__c.Score_Low", "true"),
        ("", "package.xml", "false"),
    ]


def test_a_failure_names_file_component_and_line(bare: LocalOrgServer) -> None:
    files = {"objects/Visit__c.object": an_object(VISIT + SCORE + BAD_FORMULA)}

    result = soap_deploy(bare, zip_of(with_manifest(files)))

    (failure,) = result.findall(f"{M}details/{M}componentFailures")
    shown = {child.tag.removeprefix(M): child.text for child in failure}
    assert shown.pop("createdDate")
    assert "Field Skore__c does not exist" in str(shown.pop("problem"))
    assert shown == {
        "changed": "false",
        "columnNumber": "1",
        "componentType": "ValidationRule",
        "created": "false",
        "deleted": "false",
        "fileName": "objects/Visit__c.object",
        "fullName": "Visit__c.Score_Low",
        "lineNumber": "12",
        "problemType": "Error",
        "success": "false",
        "warning": "false",
    }


@pytest.mark.parametrize("path", ["", "/", "/00D000000000001", "/deployRequest/0Af000000000001"])
def test_every_address_that_clients_use_answers(bare: LocalOrgServer, path: str) -> None:
    answer = soap(
        bare, "<describeMetadata><asOfVersion>62.0</asOfVersion></describeMetadata>", path=path
    )

    assert answer.tag == f"{M}describeMetadataResponse"


def test_a_bad_session_is_refused_and_a_good_one_is_counted(bare: LocalOrgServer) -> None:
    body = "<describeMetadata/>"

    assert fault_of(soap(bare, body, token="00D!nobody")) == "sf:INVALID_SESSION_ID"
    assert bare.services.counters.used == 0
    soap(bare, body)
    assert bare.services.counters.used == 1
    assert bare.services.counters.as_json()["by_kind"] == {"metadata": 1}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<deleteMetadata/>", "sf:SANDBOX_NOT_IMPLEMENTED"),
        ("<deploy><ZipFile>%%%</ZipFile><DeployOptions/></deploy>", "sf:INVALID_SOAP_BODY"),
        ("<deploy><ZipFile></ZipFile></deploy>", "sf:INVALID_SOAP_BODY"),
        (
            "<checkDeployStatus><asyncProcessId>0Af</asyncProcessId></checkDeployStatus>",
            "sf:INVALID_CROSS_REFERENCE_KEY",
        ),
        ("<checkRetrieveStatus/>", "sf:INVALID_CROSS_REFERENCE_KEY"),
        ("<retrieve/>", "sf:INVALID_SOAP_BODY"),
    ],
)
def test_a_bad_call_is_a_fault(bare: LocalOrgServer, body: str, code: str) -> None:
    assert fault_of(soap(bare, body)) == code


def test_an_envelope_with_entities_is_refused(bare: LocalOrgServer) -> None:
    with a_session(bare) as session:
        answer = session.post(
            f"{bare.url}/services/Soap/m/62.0",
            data='<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
            timeout=30,
        )

    assert answer.status_code == 500
    assert "INVALID_SOAP_HEADER" in answer.text


def test_a_user_without_the_right_is_refused(bare: LocalOrgServer) -> None:
    body = deploy_body(zip_of(with_manifest(VISITS)))

    refused = soap(bare, body, username="ops@manufaktura.example")

    assert fault_of(refused) == "sf:INSUFFICIENT_ACCESS"
    assert "Visit__c" not in bare.org.schema.objects


def test_a_zip_bomb_fails_its_deploy_and_the_org_lives_on(bare: LocalOrgServer) -> None:
    bomb = zip_of({"package.xml": bytes(32 * 1024 * 1024)})

    result = soap_deploy(bare, bomb)

    assert result.findtext(f"{M}status") == "Failed"
    problem = result.findtext(f"{M}details/{M}componentFailures/{M}problem")
    assert "too large" in str(problem)
    with RestClient(bare, ADMIN) as rest:
        assert rest.create("Account", {"Name": "Aurora"})


@pytest.mark.parametrize("element", ["retrieveRequest", "request"])
def test_a_retrieve_gives_back_what_was_deployed(bare: LocalOrgServer, element: str) -> None:
    soap_deploy(bare, zip_of(with_manifest(VISITS)))
    types = "<types><members>Visit__c</members><members>Gone__c</members><name>CustomObject</name>"

    queued = soap(
        bare,
        f"<retrieve><{element}><apiVersion>62.0</apiVersion><unpackaged>"
        f"{types}</types><version>62.0</version></unpackaged></{element}></retrieve>",
    )
    retrieve_id = queued.findtext(f"{M}result/{M}id")
    result = soap(
        bare,
        f"<checkRetrieveStatus><asyncProcessId>{retrieve_id}</asyncProcessId>"
        "<includeZip>true</includeZip></checkRetrieveStatus>",
    )[0]

    assert result.findtext(f"{M}status") == "Succeeded"
    assert "Gone__c" in str(result.findtext(f"{M}messages/{M}problem"))
    content = base64.b64decode(str(result.findtext(f"{M}zipFile")))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sorted(archive.namelist()) == [
            "unpackaged/objects/Visit__c.object",
            "unpackaged/package.xml",
        ]
    again = soap_deploy(bare, content)
    assert {e.text for e in again.iter(f"{M}changed")} == {"false", "true"}
    assert [
        e.findtext(f"{M}fullName")
        for e in again.iter(f"{M}componentSuccesses")
        if e.findtext(f"{M}changed") == "true"
    ] == ["package.xml"]


def test_a_deploy_survives_a_restart_of_the_server(tmp_path: Path) -> None:
    with LocalOrgServer(data=tmp_path) as server:
        soap_deploy(server, zip_of(with_manifest(VISITS)))
        with RestClient(server, ADMIN) as rest:
            visit = rest.create("Visit__c", {"Name": "Gdynia"})

    with LocalOrgServer(data=tmp_path) as server, RestClient(server, ADMIN) as rest:
        assert rest.get(f"sobjects/Visit__c/{visit}").json()["Name"] == "Gdynia"
