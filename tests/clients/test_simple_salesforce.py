"""simple-salesforce as a process of its own: unpatched, over HTTPS, its logins by the proxy."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.clients.served import ServedOrg, by_login_proxy, run_client, serve_org
from tests.conftest import ROOT
from tests.sandbox_api.clients import RestClient
from tests.sandbox_metadata.mdapi import convert_source, zip_of

pytestmark = pytest.mark.slow
ADMIN = "admin@manufaktura.example"


def run(served: ServedOrg, script: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", f"tests.clients.scripts.{script}", *arguments]
    return run_client(served, command, **by_login_proxy(served))


def test_every_login_reaches_the_org_and_a_lost_session_is_renewed(
    served: ServedOrg, rest: RestClient
) -> None:
    seen = run(served, "ss_logins")

    base = f"{served.tls_url}/services/data/v59.0/"
    by_client = seen["sessions"].pop("client credentials")
    assert by_client == [base, "integration@manufaktura.example"]
    assert set(seen["sessions"]) == {
        "soap",
        "soap of an organization",
        "password grant",
        "assertion from a file",
        "assertion",
        "session",
    }
    assert all(session == [base, ADMIN] for session in seen["sessions"].values())
    code, message = seen["wrong password"]
    assert code == "INVALID_LOGIN"
    assert "Invalid username, password, security token; or user locked out." in message
    assert seen["end"] == {
        "revoked": 200,
        "revoked again": 400,
        "after a login": [0, True],
        "with a token only": ["SalesforceExpiredSession", 401, "INVALID_SESSION_ID"],
    }
    kinds = Counter(entry["kind"] for entry in rest.control("GET", "requests")["log"])
    assert (kinds["soap_login"], kinds["token"], kinds["revoke"]) == (5, 4, 2)


def test_records_queries_and_descriptions_are_those_of_an_org(
    served: ServedOrg, rest: RestClient
) -> None:
    seen = run(served, "ss_records")

    assert seen["records"] == {
        "create": [True, []],
        "get": "Aurora",
        "by external id": True,
        "update": 204,
        "upsert old": 200,
        "upsert new": 201,
        "delete": 204,
        "deleted": ["SalesforceResourceNotFound", 404, "ENTITY_IS_DELETED"],
    }
    assert seen["changes"] == {"deleted": [True], "updated": 1}
    assert seen["collections"] == {
        "create": [True, "REQUIRED_FIELD_MISSING"],
        "composite": [201, 201, 200, "Holder"],
        "delete": True,
    }
    total = 22 * 200 - 1 - 2
    assert seen["queries"] == {
        "query": [total, 2000, False],
        "query_more by url": 2000,
        "query_more by id": 2000,
        "query_all": total,
        "query_all_iter": [total, "N0000", "N0199", 200],
        "with deleted": 3,
    }
    assert rest.count("Account") == total + 2
    assert [row["Name"] for row in rest.query("SELECT Name FROM Account WHERE Name < 'N0'")] == [
        "Holder"
    ]
    assert (
        rest.query("SELECT External_Id__c FROM Account WHERE Name = 'Slash'")[0]["External_Id__c"]
        == "A/1"
    )
    assert rest.query("SELECT Account.Name FROM Contact")[0]["Account"]["Name"] == "Holder"


def test_descriptions_and_refusals_are_understood(served: ServedOrg) -> None:
    seen = run(served, "ss_records")

    assert seen["describe"] == {
        "global": True,
        "describe": ["a00", "Order Proposal"],
        "metadata": "Account",
        "is_sandbox": True,
        "limits": 100_000,
        "api_usage": 100_000,
        "tooling": 0,
        "search": 22,
        "quick_search": 1,
        "identity": "005",
    }
    assert seen["refusals"] == {
        "required": ["SalesforceMalformedRequest", 400, "REQUIRED_FIELD_MISSING"],
        "query": ["SalesforceMalformedRequest", 400, "INVALID_FIELD"],
        "unknown": ["SalesforceResourceNotFound", 404, "NOT_FOUND"],
        "apex": ["SalesforceResourceNotFound", 404, "NOT_FOUND"],
    }
    assert seen["anonymous"].startswith("SANDBOX_NOT_IMPLEMENTED: Apex")


def test_both_bulk_apis_load_and_extract(served: ServedOrg, rest: RestClient) -> None:
    seen = run(served, "ss_bulk")

    assert seen["first api"] == {
        "insert": [True, True, False],
        "error": "REQUIRED_FIELD_MISSING",
        "upsert": [[True, False], [True, True]],
        "update": [True],
        "detailed": "+48 2",
        "query": ["A", "B", "C"],
        "delete": [True],
        "query_all": 3,
        "hard delete": [True],
    }
    assert seen["second api"] == {
        "insert": [[450, 1]],
        "files": [449, 1, 0],
        "error": "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --",
        "upsert": ["false", "true"],
        "update": [[1, 0]],
        "pages": [200, 200, 50],
        "query_all": 450,
        "downloaded": 450,
        "delete": [[449, 0]],
        "hard delete": [[1, 0]],
        "aborted": "Aborted",
        "refused": ["SalesforceMalformedRequest", 400, "FEATURENOTENABLED"],
    }
    left = rest.query("SELECT Name FROM Account ORDER BY Name")
    assert [row["Name"] for row in left] == ["C"]


def test_metadata_goes_in_and_comes_out(tmp_path: Path) -> None:
    archive = tmp_path / "project.zip"
    source = ROOT / "salesforce" / "force-app" / "main" / "default"
    archive.write_bytes(zip_of(convert_source(source)))

    with serve_org(tmp_path) as bare:
        seen = run(bare, "ss_metadata", str(archive))

    rules = source / "objects" / "Order_Proposal__c" / "validationRules"
    names = sorted(path.name.partition(".")[0] for path in rules.iterdir())
    assert seen == {
        "before": False,
        "validated": ["Queued", "Succeeded", "0", 0],
        "after validation": False,
        "deployed": ["Queued", "Succeeded", "0", 0],
        "after": True,
        "retrieved": ["Succeeded", "", "objects/Order_Proposal__c.object", "package.xml"],
        "listed": [f"Order_Proposal__c.{name}" for name in names],
        "described": True,
        "read": "SANDBOX_NOT_IMPLEMENTED: SANDBOX_NOT_IMPLEMENTED: SOAP readMetadata()",
    }
