from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account, seed_tender
from tests.sandbox_api.bulk import load, open_job, result, set_state, upload, wait
from tests.sandbox_api.clients import RestClient

#: Text that the org keeps as it is: no spaces around it, no word for nothing.
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30
).filter(lambda text: text != "#N/A")


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()[0]["errorCode"]


def test_a_new_job_is_described_as_documented(rest: RestClient) -> None:
    job = rest.post("jobs/ingest", {"object": "account", "operation": "insert"}).json()

    assert (
        job
        | {
            "operation": "insert",
            "object": "Account",
            "state": "Open",
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": 59.0,
            "contentUrl": f"services/data/v59.0/jobs/ingest/{job['id']}/batches",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        == job
    )
    assert job["id"].startswith("750")
    assert "jobType" not in job
    shown = rest.get(f"jobs/ingest/{job['id']}").json()
    assert (shown["jobType"], shown["numberRecordsProcessed"], shown["retries"]) == (
        "V2Ingest",
        0,
        0,
    )


def test_good_and_bad_rows_end_in_their_own_files(rest: RestClient) -> None:
    job = load(rest, "Name,External_Id__c,Phone\nA,HD-1,1\n,HD-2,2\nC,HD-3,3\n")

    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (
        "JobComplete",
        3,
        1,
    )
    good = result(rest, job, "successfulResults")
    assert [row["Name"] for row in good] == ["A", "C"]
    assert {row["sf__Created"] for row in good} == {"true"}
    (bad,) = result(rest, job, "failedResults")
    assert bad == {
        "sf__Id": "",
        "sf__Error": "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --",
        "Name": "",
        "External_Id__c": "HD-2",
        "Phone": "2",
    }
    assert result(rest, job, "UNPROCESSEDRECORDS") == []
    assert {row["Id"] for row in rest.query("SELECT Id FROM Account")} == {
        row["sf__Id"] for row in good
    }


def test_an_empty_cell_changes_nothing_and_na_empties(rest: RestClient) -> None:
    kept = rest.create("Account", an_account(External_Id__c="A", Phone="1", Fax="2"))

    job = load(rest, f"Id,Phone,Fax\n{kept},,#N/A\n", operation="update")

    assert job["numberRecordsFailed"] == 0
    (row,) = rest.query("SELECT Phone, Fax FROM Account")
    assert (row["Phone"], row["Fax"]) == ("1", None)


def test_upsert_updates_creates_and_refuses_a_key_given_twice(rest: RestClient) -> None:
    rest.create("Account", an_account(Name="Old", External_Id__c="A"))
    data = "External_Id__c,Name\nA,New\nB,Born\nC,One\nC,Two\n,Keyless\n"

    job = load(rest, data, operation="upsert", externalIdFieldName="external_id__C")

    assert job["externalIdFieldName"] == "External_Id__c"
    assert [(r["Name"], r["sf__Created"]) for r in result(rest, job, "successfulResults")] == [
        ("New", "false"),
        ("Born", "true"),
    ]
    codes = [r["sf__Error"].partition(":")[0] for r in result(rest, job, "failedResults")]
    assert codes == ["DUPLICATE_VALUE", "DUPLICATE_VALUE", "MISSING_ARGUMENT"]
    assert {r["Name"] for r in rest.query("SELECT Name FROM Account")} == {"New", "Born"}


def test_a_parent_is_named_by_its_external_id(org: LocalOrgServer, rest: RestClient) -> None:
    seed_tender(org, proposals=1)
    data = (
        "External_Id__c,Order__r.External_Id__c,Manufacturer__r.External_Id__c,Price__c\n"
        "P-9,O-1,MS-0,12.50\nP-8,nobody,MS-0,1\n"
    )

    job = load(rest, data, object="Order_Proposal__c")

    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (2, 1)
    assert "nobody not found" in result(rest, job, "failedResults")[0]["sf__Error"]
    (row,) = rest.query(
        "SELECT Price__c, Order__r.External_Id__c FROM Order_Proposal__c "
        "WHERE External_Id__c = 'P-9'"
    )
    assert (row["Price__c"], row["Order__r"]["External_Id__c"]) == (12.5, "O-1")


def test_delete_bins_and_hard_delete_erases(rest: RestClient) -> None:
    binned, erased, again = (rest.create("Account", {"Name": name}) for name in "ABC")
    rest.delete(f"sobjects/Account/{again}")

    soft = load(rest, f"Id\n{binned}\n{again}\n", operation="delete")
    hard = load(rest, f"Id\n{erased}\n{again}\n", operation="hardDelete")

    assert (soft["numberRecordsFailed"], hard["numberRecordsFailed"]) == (1, 0)
    assert "ENTITY_IS_DELETED" in result(rest, soft, "failedResults")[0]["sf__Error"]
    left = rest.get("queryAll", params={"q": "SELECT Id, IsDeleted FROM Account"}).json()
    assert [(row["Id"], row["IsDeleted"]) for row in left["records"]] == [(binned, True)]


@pytest.mark.parametrize(
    ("name", "delimiter", "ending"),
    [
        ("COMMA", ",", "LF"),
        ("SEMICOLON", ";", "CRLF"),
        ("TAB", "\t", "LF"),
        ("PIPE", "|", "CRLF"),
        ("CARET", "^", "LF"),
        ("BACKQUOTE", "`", "LF"),
    ],
)
def test_every_delimiter_and_line_ending_goes_both_ways(
    rest: RestClient, name: str, delimiter: str, ending: str
) -> None:
    end = "\r\n" if ending == "CRLF" else "\n"
    data = f'Name{delimiter}Phone{end}"a{delimiter}""b""\nc"{delimiter}1{end}'

    job = load(rest, data, columnDelimiter=name, lineEnding=ending)

    answer = rest.get(f"jobs/ingest/{job['id']}/successfulResults")
    text = io.StringIO(answer.content.decode(), newline="")
    (row,) = csv.DictReader(text, delimiter=delimiter)
    assert row["Name"] == f'a{delimiter}"b"\nc'
    assert answer.content.endswith(f'"1"{end}'.encode())
    assert rest.query("SELECT Name FROM Account")[0]["Name"] == f'a{delimiter}"b"\nc'


def test_a_chunked_body_with_a_mark_at_its_start_is_taken(rest: RestClient) -> None:
    job_id = open_job(rest)
    pieces = iter([b"\xef\xbb\xbfName\n", b"Zo\xc3", b"\xab\n"])
    headers = {"Content-Type": "text/csv"}

    sent = rest.call("PUT", f"jobs/ingest/{job_id}/batches", data=pieces, headers=headers)
    set_state(rest, job_id, "UploadComplete")

    assert (sent.status_code, sent.content) == (201, b"")
    assert wait(rest, job_id)["state"] == "JobComplete"
    assert rest.query("SELECT Name FROM Account")[0]["Name"] == "Zoë"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("Name,Nmae\nA,B\n", "InvalidBatch : Field name not found : Nmae"),
        ("Name,Owner.Foo\nA,B\n", "InvalidBatch : Field name not found : Owner.Foo"),
        ("Name\r\nA\r\n", "ClientInputError : LineEnding is invalid on user data."),
        ("\n", "InvalidBatch : The upload has no header row"),
        ("Name,name\nA,B\n", "InvalidBatch : Duplicate column"),
    ],
)
def test_a_table_that_cannot_be_read_fails_the_job(
    rest: RestClient, data: str, message: str
) -> None:
    job = load(rest, data)

    assert job["state"] == "Failed"
    assert job["errorMessage"].startswith(message)
    assert (job["numberRecordsProcessed"], rest.count("Account")) == (0, 0)
    assert result(rest, job, "successfulResults") == []
    answer = rest.get(f"jobs/ingest/{job['id']}/failedResults")
    assert answer.text == '"sf__Id","sf__Error"\n'


def test_rows_after_the_place_where_a_table_breaks_stay_unprocessed(rest: RestClient) -> None:
    rows = "".join(f"N{number}\n" for number in range(300))

    job = load(rest, f'Name\n{rows}"broken\n')

    assert (job["state"], job["numberRecordsProcessed"]) == ("Failed", 200)
    left = [row["Name"] for row in result(rest, job, "unprocessedRecords")]
    assert left == [f"N{number}" for number in range(200, 300)]
    assert rest.count("Account") == 200


def test_a_row_of_another_width_or_type_fails_alone(rest: RestClient) -> None:
    job = load(rest, "Name,NumberOfEmployees\nA,1\nB\nC,many\nD,2\n")

    assert job["numberRecordsFailed"] == 2
    narrow, wrong = (row["sf__Error"] for row in result(rest, job, "failedResults"))
    assert narrow.startswith("INVALID_ROW:The row has 1 values, the header 2 columns")
    assert wrong.startswith("INVALID_TYPE_ON_FIELD_IN_RECORD:")
    assert rest.count("Account") == 2


def test_checkboxes_take_the_spellings_of_tables(rest: RestClient) -> None:
    load(rest, "Name,Payouts_Ready__c\nA,yes\nB,0\nC,TRUE\nD,\nE,#N/A\n")

    rows = rest.query("SELECT Payouts_Ready__c FROM Account ORDER BY Name")
    assert [row["Payouts_Ready__c"] for row in rows] == [True, False, True, False, False]


@pytest.mark.parametrize(
    "body",
    [
        {"object": "Account"},
        {"operation": "insert"},
        {"object": "Nothing", "operation": "insert"},
        {"object": "Account", "operation": "merge"},
        {"object": "Account", "operation": "upsert"},
        {"object": "Account", "operation": "upsert", "externalIdFieldName": "Phone"},
        {"object": "Account", "operation": "insert", "columnDelimiter": "SPACE"},
        {"object": "Account", "operation": "insert", "lineEnding": "CR"},
        {"object": "Account", "operation": "insert", "contentType": "JSON"},
    ],
)
def test_a_request_that_makes_no_job_is_refused(rest: RestClient, body: dict[str, str]) -> None:
    answer = rest.post("jobs/ingest", body)

    assert refusal(answer) == (400, "INVALIDJOB")
    assert "fields" not in answer.json()[0]
    assert rest.get("jobs/ingest").json()["records"] == []


def test_a_misspelt_key_is_refused(rest: RestClient) -> None:
    answer = rest.post("jobs/ingest", {"object": "Account", "operation": "insert", "extId": "X"})

    assert refusal(answer) == (400, "JSON_PARSER_ERROR")


def test_states_allow_only_their_own_calls(rest: RestClient) -> None:
    job_id = open_job(rest)

    assert refusal(set_state(rest, job_id, "UploadComplete")) == (400, "INVALIDJOBSTATE")
    assert refusal(set_state(rest, job_id, "JobComplete")) == (400, "INVALIDJOBSTATE")
    assert refusal(rest.get(f"jobs/ingest/{job_id}/failedResults")) == (400, "INVALIDJOBSTATE")
    assert refusal(rest.delete(f"jobs/ingest/{job_id}")) == (400, "INVALIDJOBSTATE")
    assert upload(rest, job_id, "Name\nA\n").status_code == 201
    assert refusal(upload(rest, job_id, "Name\nB\n")) == (400, "INVALIDJOBSTATE")
    assert set_state(rest, job_id, "UploadComplete").status_code == 200
    wait(rest, job_id)
    assert refusal(set_state(rest, job_id, "UploadComplete")) == (400, "INVALIDJOBSTATE")
    assert refusal(set_state(rest, job_id, "Aborted")) == (400, "INVALIDJOBSTATE")
    assert rest.delete(f"jobs/ingest/{job_id}").status_code == 204
    assert refusal(rest.get(f"jobs/ingest/{job_id}")) == (404, "NOT_FOUND")
    assert rest.count("Account") == 1


def test_an_aborted_job_keeps_its_rows_unprocessed(rest: RestClient) -> None:
    job_id = open_job(rest)
    upload(rest, job_id, "Name\nA\nB\n")

    aborted = set_state(rest, job_id, "Aborted").json()

    assert aborted["state"] == "Aborted"
    assert [r["Name"] for r in result(rest, aborted, "unprocessedRecords")] == ["A", "B"]
    assert refusal(upload(rest, job_id, "Name\n")) == (400, "INVALIDJOBSTATE")
    assert rest.count("Account") == 0


def test_rows_of_a_chunk_share_one_stamp_and_jobs_cost_one_call_each_time(
    rest: RestClient,
) -> None:
    load(rest, "Name\n" + "".join(f"N{number}\n" for number in range(200)))

    stamps = {row["SystemModstamp"] for row in rest.query("SELECT SystemModstamp FROM Account")}
    counted = rest.control("GET", "requests")
    bulk_calls = [entry for entry in counted["log"] if entry["kind"] == "bulk2"]
    assert len(stamps) == 1
    assert counted["by_kind"]["bulk2"] == len(bulk_calls) >= 4


def test_jobs_survive_a_restart(local_org_server: LocalOrgServer, tmp_path: Path) -> None:
    schema = local_org_server.org.schema
    with (
        LocalOrgServer(schema=schema, data=tmp_path) as first,
        RestClient(first, "admin@manufaktura.example") as rest,
    ):
        done = load(rest, "Name\nA\n")
        waiting = open_job(rest)
        upload(rest, waiting, "Name\nB\n")
    with (
        LocalOrgServer(schema=schema, data=tmp_path) as second,
        RestClient(second, "admin@manufaktura.example") as rest,
    ):
        assert result(rest, done, "successfulResults")[0]["Name"] == "A"
        set_state(rest, waiting, "UploadComplete")
        assert wait(rest, waiting)["numberRecordsProcessed"] == 1
        assert open_job(rest) not in {done["id"], waiting}


@settings(
    max_examples=10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(names=st.lists(NAMES, min_size=1, max_size=20))
def test_what_goes_in_by_table_comes_out_by_table(rest: RestClient, names: list[str]) -> None:
    rest.control("POST", "reset")
    lines = io.StringIO(newline="")
    csv.writer(lines, lineterminator="\n").writerows([["Name"], *([name] for name in names)])

    job = load(rest, lines.getvalue())

    assert job["numberRecordsFailed"] == 0, result(rest, job, "failedResults")
    assert [row["Name"] for row in result(rest, job, "successfulResults")] == names
