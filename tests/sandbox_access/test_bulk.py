"""Bulk jobs see and do what their user may, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from sandbox.org.errors import OrgError
from sandbox.server import LocalOrgServer
from tests.sandbox_access.builders import DEAL, an_org_with, ops_of
from tests.sandbox_api.bulk import load, result
from tests.sandbox_api.clients import RestClient
from tests.sandbox_org.builders import a_deal, the_user

INTEGRATION = "integration@manufaktura.example"


@pytest.fixture
def rest(org: LocalOrgServer) -> Iterator[RestClient]:
    with RestClient(org, INTEGRATION) as client:
        yield client


def test_an_export_refuses_the_fields_and_objects_that_a_query_refuses() -> None:
    org = an_org_with(DEAL)
    a_deal(org)
    hidden = ["SELECT Budget__c FROM Deal__c", "SELECT Id FROM Proposal__c"]

    for soql in hidden:
        for read in (org.query, org.export, org.check_export):
            with pytest.raises(OrgError) as refused:
                read(ops_of(org), soql)
            assert refused.value.items[0].code in {"INVALID_FIELD", "INVALID_TYPE"}
    assert org.check_export(ops_of(org), "SELECT Id FROM Deal__c") == "Deal__c"
    org.close()


def test_an_export_with_deleted_rows_gives_none_whose_time_in_the_bin_is_over() -> None:
    org = an_org_with(DEAL)
    admin, deal = the_user(org), a_deal(org)
    org.delete(admin, "Deal__c", deal)
    soql = "SELECT Id FROM Deal__c"

    with org.export(admin, soql, include_deleted=True) as export:
        assert export.columns_of(10) == [(deal,)]
    org.clock.set(org.clock.now() + timedelta(days=16))
    with org.export(admin, soql, include_deleted=True) as export:
        assert export.columns_of(10) is None
    org.close()


def test_an_export_gives_a_late_commit_once_it_is_due() -> None:
    org = an_org_with(DEAL)
    admin, soql = the_user(org), "SELECT Id FROM Deal__c"
    with org.store.late.delaying(600):
        deal = a_deal(org)

    with org.export(admin, soql) as export:
        assert export.columns_of(10) is None
    org.clock.set(org.clock.now() + timedelta(seconds=601))
    with org.export(admin, soql) as export:
        assert export.columns_of(10) == [(deal,)]
    org.close()


def test_no_job_is_opened_for_an_object_or_a_query_that_the_user_may_not_see(
    rest: RestClient,
) -> None:
    ingest = rest.post("jobs/ingest", {"object": "Contact", "operation": "insert"})
    query = rest.post("jobs/query", {"operation": "query", "query": "SELECT Id FROM Contact"})
    field = rest.post("jobs/query", {"operation": "query", "query": "SELECT Phone FROM Account"})

    assert (ingest.status_code, ingest.json()[0]["errorCode"]) == (400, "INVALIDJOB")
    assert (query.status_code, query.json()[0]["errorCode"]) == (400, "INVALID_TYPE")
    assert (field.status_code, field.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


def test_rows_with_a_field_that_the_user_may_not_write_are_refused(rest: RestClient) -> None:
    job = load(rest, "Name,Rating__c\nAda,5\n")

    (row,) = result(rest, job, "failedResults")
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (1, 1)
    assert row["sf__Error"].startswith("INVALID_FIELD_FOR_INSERT_UPDATE:")
    assert rest.query("SELECT Id FROM Account") == []
