"""simple-salesforce's bulk clients, unpatched, over HTTPS and over HTTP."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceOperationError

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import simple_client

WAIT_S = 0.05


@pytest.fixture(params=[True, False], ids=["https", "http"])
def sf(org: LocalOrgServer, request: pytest.FixtureRequest) -> Iterator[Salesforce]:
    client = simple_client(
        org,
        secure=request.param,
        consumer_key="sandbox-client",
        consumer_secret="sandbox-secret",
        domain="manufaktura.my",
    )
    with client.session:
        yield client


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_records_go_in_change_and_go_out(sf: Salesforce) -> None:
    records = [{"Name": f"N{n}", "External_Id__c": f"E{n}"} for n in range(450)]
    (inserted,) = sf.bulk2.Account.insert(records=records, wait=WAIT_S)
    (upserted,) = sf.bulk2.Account.upsert(
        records=[{"Name": "New", "External_Id__c": f"E{n}"} for n in range(449, 452)],
        external_id_field="External_Id__c",
        wait=WAIT_S,
    )

    assert (inserted["numberRecordsProcessed"], inserted["numberRecordsFailed"]) == (450, 0)
    good = rows(sf.bulk2.Account.get_successful_records(upserted["job_id"]))
    assert [row["sf__Created"] for row in good] == ["false", "true", "true"]
    assert rows(sf.bulk2.Account.get_failed_records(upserted["job_id"])) == []
    assert rows(sf.bulk2.Account.get_unprocessed_records(upserted["job_id"])) == []
    pages = list(
        sf.bulk2.Account.query("SELECT Id, Name FROM Account", max_records=200, wait=WAIT_S)
    )
    read = [row for page in pages for row in rows(page)]
    assert (len(pages), len(read), len({row["Id"] for row in read})) == (3, 452, 452)
    (deleted,) = sf.bulk2.Account.delete(records=[{"Id": row["Id"]} for row in read], wait=WAIT_S)
    assert deleted["numberRecordsFailed"] == 0
    assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == 0


def test_a_table_is_downloaded_into_a_folder(sf: Salesforce, tmp_path: Path) -> None:
    sf.Account.create({"Name": "Aurora"})

    (saved,) = sf.bulk2.Account.download(
        "SELECT Name FROM Account", path=str(tmp_path), wait=WAIT_S
    )

    assert saved["number_of_records"] == 1
    assert Path(saved["file"]).read_text() == '"Name"\n"Aurora"\n'


def test_a_job_that_cannot_be_read_raises_with_the_orgs_words(sf: Salesforce) -> None:
    with pytest.raises(SalesforceOperationError, match="Field name not found : Nmae"):
        sf.bulk2.Account.insert(records=[{"Nmae": "A"}], wait=WAIT_S)


def test_a_refused_query_carries_the_orgs_code(sf: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        list(sf.bulk2.Account.query("SELECT COUNT() FROM Account", wait=WAIT_S))

    assert caught.value.content[0]["errorCode"] == "FEATURENOTENABLED"
