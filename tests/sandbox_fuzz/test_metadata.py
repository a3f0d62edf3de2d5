"""Damaged metadata through SOAP and REST deploys, the gate, and the start of an org."""

from __future__ import annotations

import base64
import random
import re
import shutil
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from sandbox.metadata.archive import LARGEST_FILE
from sandbox.metadata.gate import check_folder
from sandbox.metadata.loader import MetadataError, load_schema
from sandbox.org.org import Org, SchemaError
from sandbox.server import LocalOrgServer
from tests.sandbox_fuzz.campaign import run_quota, run_round
from tests.sandbox_fuzz.packages import (
    DOCTYPES,
    a_package,
    bomb,
    damage_document,
    link_zip,
    lying_zip,
)
from tests.sandbox_fuzz.target import SALESFORCE, Target, check_reply
from tests.sandbox_metadata.deploy_target import VISIT
from tests.sandbox_metadata.mdapi import an_object, with_manifest, zip_of

_REST = "/services/data/v62.0/metadata/deployRequest"
_SOAP = "/services/Soap/m/62.0"


class DeployFuzzer:
    """Validates packages against the org with the project's metadata, by both APIs in turn."""

    def __init__(self, server: LocalOrgServer, chance: random.Random) -> None:
        self._chance = chance
        self._target = Target(server)
        self._by_rest = True

    def make_input(self) -> bytes:
        return a_package(self._chance)

    def try_input(self, given: bytes) -> str:
        before = self._target.server.org.schema
        self._by_rest = not self._by_rest
        status = deploy_by_rest(self._target, given) if self._by_rest else self._by_soap(given)
        assert self._target.server.org.schema is before
        return status

    def finish(self) -> None:
        self._target.finish()

    def _by_soap(self, given: bytes) -> str:
        body = (
            f"<deploy><ZipFile>{base64.b64encode(given).decode()}</ZipFile><DeployOptions>"
            "<checkOnly>true</checkOnly></DeployOptions></deploy>"
        )
        queued = self._soap(body)
        deploy_id = queued.partition("<id>")[2].partition("</id>")[0]
        shown = self._soap(
            f"<checkDeployStatus><asyncProcessId>{deploy_id}</asyncProcessId>"
            "<includeDetails>true</includeDetails></checkDeployStatus>"
        )
        return re.findall(r"<status>(\w+)</status>", shown)[-1]

    def _soap(self, body: str) -> str:
        envelope = (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><s:Session '
            f'xmlns:s="urn:x"><s:sessionId>{self._target.tokens[0]}</s:sessionId></s:Session>'
            f"</e:Header><e:Body>{body}</e:Body></e:Envelope>"
        )
        headers = [("Content-Type", "text/xml"), ("SOAPAction", '""')]
        reply = self._target.wire.call("POST", _SOAP, headers, envelope.encode())
        assert check_reply(reply) == "200", reply
        return reply.body.decode()


def deploy_by_rest(target: Target, data: bytes) -> str:
    """How a validation of this zip ends: Succeeded, or Failed for a reason in words."""
    options = b'{"deployOptions":{"checkOnly":true}}'
    body = (
        b'--b\r\nContent-Disposition: form-data; name="json"\r\n\r\n'
        + options
        + b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="d.zip"\r\n\r\n'
        + data
        + b"\r\n--b--\r\n"
    )
    auth = ("Authorization", f"Bearer {target.tokens[0]}")
    headers = [auth, ("Content-Type", "multipart/form-data; boundary=b")]
    queued = target.wire.call("POST", _REST, headers, body)
    assert check_reply(queued) == "201", queued
    url = f"{_REST}/{queued.json()['id']}?includeDetails=true"
    shown = target.wire.call("GET", url, [auth])
    check_reply(shown)
    result = shown.json()["deployResult"]
    failures = result["details"]["componentFailures"]
    assert result["success"] or (failures and all(f["problem"] for f in failures)), result
    return str(result["status"])


class FolderFuzzer:
    """Damages one file of the project, checks the folder, and starts an org on it."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._chance = chance
        self._files = sorted(folder.rglob("*-meta.xml"))
        self._folder = folder

    def make_input(self) -> tuple[Path, bytes]:
        file = self._chance.choice(self._files)
        return file, damage_document(file.read_text(), self._chance)

    def try_input(self, given: tuple[Path, bytes]) -> str:
        file, damaged = given
        sound = file.read_bytes()
        file.write_bytes(damaged)
        try:
            problems = check_folder(self._folder)
            with suppress(MetadataError, SchemaError):
                Org(load_schema([self._folder])).close()
                return "starts"
        finally:
            file.write_bytes(sound)
        assert problems, "the org does not start on a folder that passed the gate"
        return "refused"

    def finish(self) -> None:
        assert check_folder(self._folder) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(SALESFORCE, tmp_path / "salesforce")
    return tmp_path / "salesforce"


def test_a_few_damaged_packages_are_judged(server: LocalOrgServer) -> None:
    taken = run_round(partial(DeployFuzzer, server), seed=1, inputs=40)

    assert {"Succeeded", "Failed"} <= set(taken) <= {"Succeeded", "SucceededPartial", "Failed"}


def test_a_few_damaged_folders_start_or_are_refused(folder: Path) -> None:
    taken = run_round(partial(FolderFuzzer, folder), seed=1, inputs=6)

    assert set(taken) <= {"starts", "refused"}


@pytest.mark.slow
def test_damaged_packages_are_judged(server: LocalOrgServer) -> None:
    taken = run_quota("metadata files and zips", partial(DeployFuzzer, server))

    assert {"Succeeded", "Failed"} <= set(taken) <= {"Succeeded", "SucceededPartial", "Failed"}


@pytest.mark.slow
def test_damaged_folders_start_or_are_refused(folder: Path) -> None:
    taken = run_quota("metadata folders", partial(FolderFuzzer, folder))

    assert {"starts", "refused"} == set(taken)


@pytest.mark.parametrize("doctype", DOCTYPES)
def test_a_deploy_with_a_doctype_is_refused(server: LocalOrgServer, doctype: str) -> None:
    document = an_object(VISIT).replace("?>", "?>" + doctype)
    files = with_manifest({"objects/Visit__c.object": document})

    assert deploy_by_rest(Target(server), zip_of(files)) == "Failed"


@pytest.mark.parametrize(
    "data",
    [bomb(LARGEST_FILE + 1), lying_zip(1), lying_zip(2**32 - 1), link_zip("/etc/passwd")],
    ids=["bomb", "small lie", "large lie", "link"],
)
def test_a_deploy_of_a_hostile_zip_is_refused(server: LocalOrgServer, data: bytes) -> None:
    assert deploy_by_rest(Target(server), data) == "Failed"
