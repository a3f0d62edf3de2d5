"""jsforce as a process of its own, over HTTP and HTTPS, against an org that is another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.node_tools import find_jsforce
from tests.clients.served import ServedOrg, run_client, serve_org
from tests.conftest import ROOT
from tests.sandbox_api.clients import RestClient
from tests.sandbox_metadata.mdapi import convert_source, zip_of

pytestmark = pytest.mark.slow
ADMIN = "admin@manufaktura.example"
SCRIPTS = Path(__file__).parent / "scripts"


Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def run() -> Run:
    """Runs one of the scripts and gives its report; a skip is found out once for all tests."""
    jsforce = find_jsforce()

    def run_script(
        org: ServedOrg, script: str, *arguments: str, scheme: str = "http"
    ) -> dict[str, Any]:
        command = [jsforce.node, str(SCRIPTS / f"{script}.cjs"), *arguments]
        return run_client(org, command, NODE_PATH=str(jsforce.modules), SCHEME=scheme)

    return run_script


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_login_reaches_the_org_and_a_lost_session_is_renewed(
    served: ServedOrg, run: Run, scheme: str
) -> None:
    url = {"http": served.url, "https": served.tls_url}[scheme]

    assert run(served, "js_logins", scheme=scheme) == {
        "soap": [url, ADMIN, True, "005"],
        "password grant": [url, ADMIN, True],
        "client credentials": [url, "integration@manufaktura.example", True],
        "token": [url, ADMIN, True],
        "wrong password": [
            "Error",
            "INVALID_LOGIN: Invalid username, password, security token; or user locked out.",
        ],
        "refresh": [0, [True]],
        "login again": 0,
        "token only": ["INVALID_SESSION_ID", "Session expired or invalid"],
        "logout of oauth": "INVALID_SESSION_ID",
        "logout of soap": "INVALID_SESSION_ID",
        "getUserInfo": [ADMIN, "Manufaktura", "Europe/Warsaw", True],
    }


def test_records_queries_and_descriptions_are_those_of_an_org(
    served: ServedOrg, rest: RestClient, run: Run
) -> None:
    seen = run(served, "js_records")

    assert seen == RECORDS
    found = rest.query(
        "SELECT Name, Phone, External_Id__c FROM Account "
        "WHERE External_Id__c != null ORDER BY External_Id__c"
    )
    assert [(row["Name"], row["Phone"], row["External_Id__c"]) for row in found] == [
        ("F", "+48 1", "HD-1"),
        ("Deneb", None, "HD-2"),
        ("E", None, "HD-3"),
        ("Soap 2", None, "S-1"),
    ]
    assert rest.count("Account") == 254


RECORDS = {
    "create one": [True, []],
    "create many": [[True, None], [False, "REQUIRED_FIELD_MISSING"], [True, None]],
    "create more than a call takes": [250, True],
    "retrieve one": "Aurora",
    "retrieve many": ["C", "B"],
    "update one": True,
    "update many": [[True, None], [False, "REQUIRED_FIELD_MISSING"]],
    "upsert one": [True, False, True, True],
    "upsert many": [True, False],
    "destroy one": True,
    "destroy many": [[True, None], [False, "ENTITY_IS_DELETED"]],
    "query": [2, True, ["Deneb", "E"]],
    "query in pages": [200, 53],
    "query with autoFetch": 253,
    "find": ["Deneb", "E", "F"],
    "with deleted": 2,
    "updated": [253, True],
    "describe": ["a00", "currency"],
    "describeGlobal": True,
    "limits": 100_000,
    "usage": 100_000,
    "identity": ADMIN,
    "tooling": 0,
    "anonymous code": [
        False,
        False,
        "SANDBOX_NOT_IMPLEMENTED: Apex; the local org compiles and runs no code",
    ],
    "apex": "NOT_FOUND",
    "search": ["Deneb", "E"],
    "soap: create": [[True, None], [False, "REQUIRED_FIELD_MISSING"]],
    "soap: update": True,
    "soap: upsert": False,
    "soap: delete": True,
    "soap: undelete": True,
    "soap: time": False,
    "recent": "SANDBOX_NOT_IMPLEMENTED",
    "required": ["REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]"],
    "no such field": "INVALID_FIELD",
}


def test_both_bulk_apis_load_and_extract(served: ServedOrg, rest: RestClient, run: Run) -> None:
    without_name = "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"

    assert run(served, "js_bulk") == {
        "first api: insert": [[True, []], [True, []], [True, []], [False, [without_name]]],
        "first api: upsert": [True, True],
        "first api: query": ["N1", "N2", "Nix", "Nova"],
        "first api: job": ["Open", "CSV", "Aborted"],
        "first api: delete": [True],
        "second api: load": [5, [without_name], 0],
        "second api: steps": ["Open", "JobComplete", 1, "true", "NOT_FOUND"],
        "second api: abort": "Aborted",
        "second api: query": [8, 8],
        "second api: refused": "FEATURENOTENABLED",
    }
    left = rest.query("SELECT Name FROM Account WHERE NOT Name LIKE 'N_' ORDER BY Name")
    assert [row["Name"] for row in left] == ["Last", "Nova"]


def test_metadata_goes_in_and_comes_out(tmp_path: Path, run: Run) -> None:
    archive = tmp_path / "project.zip"
    source = ROOT / "salesforce" / "force-app" / "main" / "default"
    archive.write_bytes(zip_of(convert_source(source)))
    folder = source / "customPermissions"
    permissions = sorted(path.name.partition(".")[0] for path in folder.iterdir())
    files = [f"customPermissions/{name}.customPermission" for name in permissions]

    with serve_org(tmp_path) as bare:
        seen = run(bare, "js_metadata", str(archive))

    assert seen == {
        "before": False,
        "validated": ["Succeeded", True, True, 0],
        "after validation": False,
        "deployed": ["Succeeded", True, False, 0],
        "after": True,
        "deployed by rest": ["Succeeded", True, False, 0],
        "listed": permissions,
        "described": True,
        "retrieved": ["Succeeded", files],
        "read by name": "sf:SANDBOX_NOT_IMPLEMENTED",
    }
