from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import coverage
from tests.sandbox_api.clients import RestClient

FILE = Path(coverage.__file__).with_name("COVERAGE.md")


def test_the_file_is_what_the_code_says() -> None:
    assert FILE.read_text() == coverage.render_coverage(), (
        "write it anew: .venv/bin/python -m sandbox coverage > sandbox/COVERAGE.md"
    )


@pytest.mark.parametrize("feature", sorted(set(coverage.SOQL) - coverage.MISSING_SOQL))
def test_a_soql_feature_that_is_claimed_works(rest: RestClient, feature: str) -> None:
    answer = rest.get("query", params={"q": coverage.SOQL[feature]})

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("feature", sorted(coverage.MISSING_SOQL))
def test_a_soql_feature_that_is_missing_is_refused(rest: RestClient, feature: str) -> None:
    answer = rest.get("query", params={"q": coverage.SOQL[feature]})

    assert answer.status_code in {400, 501}


@pytest.mark.parametrize("resource", coverage.MISSING_RESOURCES)
def test_a_resource_that_is_missing_says_so(rest: RestClient, resource: str) -> None:
    verb, path = resource.replace("NN.0", "59.0").split()
    if path.endswith("="):
        path += "SELECT"

    answer = rest.call(verb, path, json={} if verb == "POST" else None)

    assert answer.status_code in {404, 501}
    assert answer.json()[0]["errorCode"] in {"NOT_FOUND", "SANDBOX_NOT_IMPLEMENTED"}


@pytest.mark.parametrize("resource", sorted(coverage.served_resources()))
def test_a_resource_that_is_claimed_answers(rest: RestClient, resource: str) -> None:
    verb, path = resource.replace("NN.0", "59.0").split()
    names = {"{sobject}": "Account", "{ext_field}": "External_Id__c", "{record_id}": "0"}
    for name, value in names.items():
        path = path.replace(name, value)

    answer = rest.call(verb, path, json={} if verb in {"POST", "PATCH"} else None)

    assert answer.status_code not in {405, 500, 501}
