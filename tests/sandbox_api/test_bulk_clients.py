"""simple-salesforce's bulk clients, unpatched, over HTTPS and over HTTP."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceOperationError,
)

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import simple_client

WAIT_S = 0.05


@pytest.fixture(params=[True, False], ids=["https", "http"])
def sf(org: LocalOrgServer, request: pytest.FixtureRequest) -> Iterator[Salesforce]:
    client = simple_client(
        org,
        secure=request.param,
        username="admin@manufaktura.example",
        password="sandbox-password",
        security_token="SANDBOXTOKEN",
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


def test_the_first_api_takes_and_gives_json(sf: Salesforce) -> None:
    inserted = sf.bulk.Account.insert(
        [{"Name": "A", "External_Id__c": "A"}, {"Phone": "1"}, {"Name": "C", "Phone": None}]
    )
    upserted = sf.bulk.Account.upsert([{"Name": "New", "External_Id__c": "A"}], "External_Id__c")
    first = inserted[0]["id"]
    updated = sf.bulk.Account.update([{"Id": first, "Phone": "2"}], include_detailed_results=True)

    assert [row["success"] for row in inserted] == [True, False, True]
    assert inserted[1]["errors"] == [
        {
            "statusCode": "REQUIRED_FIELD_MISSING",
            "message": "Required fields are missing: [Name]",
            "fields": ["Name"],
        }
    ]
    assert upserted == [{"success": True, "created": False, "id": first, "errors": []}]
    assert (updated[0]["success"], updated[0]["Phone"]) == (True, "2")
    (row,) = sf.bulk.Account.query(
        f"SELECT Name, CreatedDate, Owner.Name FROM Account WHERE Id = '{first}'",  # noqa: S608
        wait=WAIT_S,
    )
    assert row["attributes"]["url"].endswith(f"/sobjects/Account/{first}")
    assert (row["Name"], row["Owner"]["attributes"]["type"]) == ("New", "User")
    created = sf.Account.get(first)["CreatedDate"]
    assert row["CreatedDate"] == datetime.fromisoformat(created).timestamp() * 1000
    assert [r["success"] for r in sf.bulk.Account.delete([{"Id": first}])] == [True]
    assert len(sf.bulk.Account.query_all("SELECT Id FROM Account", wait=WAIT_S)) == 2


def test_the_first_api_fails_a_batch_by_the_orgs_words(sf: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest) as unreadable:
        sf.bulk.Account.insert([{"Nmae": "A"}])
    with pytest.raises(SalesforceGeneralError, match="FeatureNotEnabled"):
        sf.bulk.Account.query("SELECT COUNT() FROM Account", wait=WAIT_S)

    assert unreadable.value.content == {
        "exceptionCode": "InvalidBatch",
        "exceptionMessage": "InvalidBatch : Field name not found : Nmae",
    }


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
