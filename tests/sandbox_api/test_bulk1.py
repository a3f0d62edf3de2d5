"""The first Bulk API by raw HTTP, as clients speak it that are not simple-salesforce."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests
from defusedxml.ElementTree import fromstring

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import RestClient

NS = "{http://www.force.com/2009/06/asyncapi/dataload}"
JOB_XML = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload">{}</jobInfo>'
)
CSV, XML, JSON = "text/csv", "application/xml", "application/json"
PATIENCE_S = 60.0


class Bulk1:
    """One job, with the session in the header that this API has for it."""

    def __init__(self, rest: RestClient, **job: str) -> None:
        self.rest = rest
        self.headers = {"X-SFDC-Session": rest.session.headers["Authorization"].split()[1]}
        fields = "".join(f"<{name}>{value}</{name}>" for name, value in job.items())
        self.answer = self.call("POST", "job", JOB_XML.format(fields), XML)
        self.id = xml(self.answer).get("id", "")

    def call(
        self, method: str, path: str, data: str | None = None, media_type: str | None = None
    ) -> requests.Response:
        headers: dict[str, Any] = {**self.headers, "Authorization": None}
        if media_type:
            headers["Content-Type"] = f"{media_type}; charset=UTF-8"
        body = None if data is None else data.encode()
        return self.rest.call(method, f"/services/async/59.0/{path}", data=body, headers=headers)

    def send(self, data: str, media_type: str) -> str:
        answer = self.call("POST", f"job/{self.id}/batch", data, media_type)
        assert answer.status_code == 201, answer.text
        return xml(answer)["id"]

    def wait(self, batch_id: str) -> dict[str, str]:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            info = xml(self.call("GET", f"job/{self.id}/batch/{batch_id}"))
            if info["state"] not in {"Queued", "InProgress"}:
                return info
            time.sleep(0.01)
        raise AssertionError(f"batch {batch_id} did not end: {info}")

    def result(self, batch_id: str, more: str = "") -> requests.Response:
        return self.call("GET", f"job/{self.id}/batch/{batch_id}/result{more}")


def xml(answer: requests.Response) -> dict[str, str]:
    return {child.tag.removeprefix(NS): child.text or "" for child in fromstring(answer.content)}


def test_xml_about_a_query_that_is_nonsense_can_be_read(rest: RestClient) -> None:
    job = Bulk1(rest, operation="query", object="Account", contentType="CSV")

    batch = job.send("Account \x00 TRUE \x1a", CSV)

    info = job.wait(batch)
    assert info["state"] == "Failed"
    assert "Account  TRUE" in info["stateMessage"]


def test_a_csv_job_speaks_xml_about_itself(rest: RestClient) -> None:
    job = Bulk1(rest, operation="insert", object="account", contentType="CSV")

    assert job.answer.status_code == 201
    assert job.answer.headers["Content-Type"] == "application/xml"
    info = xml(job.answer)
    assert (
        info
        | {
            "operation": "insert",
            "object": "Account",
            "state": "Open",
            "contentType": "CSV",
            "concurrencyMode": "Parallel",
            "apiVersion": "59.0",
            "numberBatchesTotal": "0",
        }
        == info
    )
    assert info["createdDate"].endswith(".000Z")


def test_a_csv_batch_is_answered_row_by_row(rest: RestClient) -> None:
    job = Bulk1(rest, operation="insert", object="Account", contentType="CSV")
    data = "Name,Phone\r\nA,1\r\n,2\r\n"
    batch = job.send(data, CSV)

    info = job.wait(batch)
    closed = job.call("POST", f"job/{job.id}", JOB_XML.format("<state>Closed</state>"), XML)

    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (
        "Completed",
        "2",
        "1",
    )
    (record,) = rest.query("SELECT Id FROM Account")
    assert job.result(batch).text == (
        '"Id","Success","Created","Error"\n'
        f'"{record["Id"]}","true","true",""\n'
        '"","false","false","REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"\n'
    )
    request = job.call("GET", f"job/{job.id}/batch/{batch}/request")
    assert request.content == data.encode()
    assert xml(closed)["state"] == "Closed"
    assert xml(closed)["numberBatchesCompleted"] == "1"
    late = job.call("POST", f"job/{job.id}/batch", data, CSV)
    assert (late.status_code, xml(late)["exceptionCode"]) == (400, "InvalidJobState")
    listed = fromstring(job.call("GET", f"job/{job.id}/batch").content)
    assert [child.find(f"{NS}id").text for child in listed] == [batch]


def test_an_xml_batch_names_parents_and_empties_fields(rest: RestClient) -> None:
    parent = rest.create("Account", {"Name": "P", "External_Id__c": "P-1"})
    rest.create("Account", {"Name": "C", "External_Id__c": "C-1", "Phone": "1"})
    job = Bulk1(
        rest,
        operation="upsert",
        object="Account",
        externalIdFieldName="External_Id__c",
        contentType="XML",
    )
    batch = job.send(
        '<sObjects xmlns="http://www.force.com/2009/06/asyncapi/dataload" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><sObject>'
        '<External_Id__c>C-1</External_Id__c><Phone xsi:nil="true"/>'
        "<Parent><sObject><External_Id__c>P-1</External_Id__c></sObject></Parent>"
        "</sObject></sObjects>",
        XML,
    )

    assert job.wait(batch)["state"] == "Completed"
    (result,) = fromstring(job.result(batch).content)
    shown = {child.tag.removeprefix(NS): child.text for child in result}
    (row,) = rest.query("SELECT Id, Phone, ParentId FROM Account WHERE External_Id__c = 'C-1'")
    assert shown == {"id": row["Id"], "success": "true", "created": "false"}
    assert (row["Phone"], row["ParentId"]) == (None, parent)


CSV_ROWS = '"Name","Owner.Username"\n"A","admin@manufaktura.example"\n'
XML_ROWS = (
    '<records xsi:type="sObject"><type>Account</type><Name>A</Name>'
    '<Owner xsi:type="sObject"><type>User</type>'
    "<Username>admin@manufaktura.example</Username></Owner></records></queryResult>"
)


@pytest.mark.parametrize(
    ("content_type", "media_type", "expected"), [("CSV", CSV, CSV_ROWS), ("XML", XML, XML_ROWS)]
)
def test_a_query_is_answered_in_the_format_of_its_job(
    rest: RestClient, content_type: str, media_type: str, expected: str
) -> None:
    rest.create("Account", {"Name": "A"})
    job = Bulk1(rest, operation="query", object="Account", contentType=content_type)
    job.headers["Sforce-Enable-PKChunking"] = "chunkSize=1000"
    batch = job.send("SELECT Name, Owner.Username FROM Account", media_type)

    assert job.wait(batch)["numberRecordsProcessed"] == "1"
    (listed,) = fromstring(job.result(batch).content)
    rows = job.result(batch, f"/{listed.text}")
    assert rows.headers["Content-Type"].startswith(media_type)
    assert rows.text.endswith(expected)


@pytest.mark.parametrize(
    ("data", "media_type", "message"),
    [
        ("Nmae\nA\n", CSV, "InvalidBatch : Field name not found : Nmae"),
        ("Name\n", CSV, "InvalidBatch : Records not found"),
    ],
)
def test_a_batch_that_cannot_be_read_fails_with_its_reason(
    rest: RestClient, data: str, media_type: str, message: str
) -> None:
    job = Bulk1(rest, operation="insert", object="Account", contentType="CSV")
    batch = job.send(data, media_type)

    info = job.wait(batch)
    refused = job.result(batch)

    assert (info["state"], info["stateMessage"]) == ("Failed", message)
    assert (refused.status_code, xml(refused)["exceptionCode"]) == (400, "InvalidBatch")
    assert rest.count("Account") == 0


def test_a_refused_query_fails_its_batch(rest: RestClient) -> None:
    job = Bulk1(rest, operation="query", object="Account", contentType="CSV")

    info = job.wait(job.send("SELECT COUNT() FROM Account", CSV))

    assert info["state"] == "Failed"
    assert info["stateMessage"].startswith("FeatureNotEnabled : ")


@pytest.mark.parametrize(
    ("job", "code"),
    [
        ({"operation": "merge", "object": "Account"}, "InvalidJob"),
        ({"operation": "insert", "object": "Nothing"}, "InvalidJob"),
        ({"operation": "upsert", "object": "Account"}, "InvalidJob"),
        ({"operation": "insert", "object": "Account", "contentType": "ZIP_CSV"}, "InvalidJob"),
    ],
)
def test_a_request_that_makes_no_job_is_refused(
    rest: RestClient, job: dict[str, str], code: str
) -> None:
    answer = Bulk1(rest, **job).answer

    assert (answer.status_code, xml(answer)["exceptionCode"]) == (400, code)


def test_a_stranger_an_unknown_job_and_a_body_that_explodes_are_refused(rest: RestClient) -> None:
    job = Bulk1(rest, operation="insert", object="Account", contentType="CSV")
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]><jobInfo><object>&a;</object></jobInfo>'

    unknown = job.call("GET", "job/750000000000000")
    exploding = job.call("POST", "job", bomb, XML)
    job.headers["X-SFDC-Session"] = "00D!nobody"
    stranger = job.call("GET", f"job/{job.id}")

    assert [(a.status_code, xml(a)["exceptionCode"]) for a in (unknown, exploding, stranger)] == [
        (400, "InvalidJob"),
        (400, "InvalidJob"),
        (400, "InvalidSessionId"),
    ]


def test_batches_of_an_aborted_job_are_not_processed(org: LocalOrgServer, rest: RestClient) -> None:
    job = Bulk1(rest, operation="insert", object="Account", contentType="CSV")
    gate = threading.Event()
    org.services.bulk.worker.submit(lambda: gate.wait(PATIENCE_S) and None)
    batch = job.send("Name\nA\n", CSV)

    job.call("POST", f"job/{job.id}", JOB_XML.format("<state>Aborted</state>"), XML)
    gate.set()

    assert job.wait(batch)["state"] == "NotProcessed"
    assert rest.count("Account") == 0


def test_each_call_counts_as_one(rest: RestClient) -> None:
    job = Bulk1(rest, operation="insert", object="Account", contentType="CSV")
    job.call("GET", f"job/{job.id}")

    assert rest.control("GET", "requests")["by_kind"] == {"bulk1": 2}
