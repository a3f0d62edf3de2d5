"""Answers that end too early, by framing that gives the cut away or hides it."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
import requests

from sandbox.api.fault_effects import keep_rows
from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account
from tests.sandbox_api.bulk import extract, load, result, rows_of, table
from tests.sandbox_api.clients import RestClient

CUT = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def cut(rest: RestClient, action: str = "truncated_body", **fault: Any) -> None:
    rest.control("POST", "faults", {"action": action, "times": 1} | fault)


def raw_get(org: LocalOrgServer, path: str, method: str = "GET") -> tuple[dict[str, str], bytes]:
    """Headers and all bytes after them until the org closes the connection."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {org.access_token}"
    )
    with socket.create_connection(("127.0.0.1", int(org.url.rpartition(":")[2])), 30) as client:
        client.sendall(f"{head}\r\n\r\n".encode())
        data = b""
        while piece := client.recv(65_536):
            data += piece
    lines, _, body = data.partition(b"\r\n\r\n")
    pairs = (line.split(": ", 1) for line in lines.decode().split("\r\n")[1:])
    return {name.lower(): value for name, value in pairs}, body


@pytest.fixture
def page(rest: RestClient) -> bytes:
    """A page of JSON as it should be."""
    return rest.get("/services/data").content


def test_a_cut_under_the_whole_length_gives_itself_away(
    org: LocalOrgServer, rest: RestClient, page: bytes
) -> None:
    cut(rest, keep=0.25)

    headers, body = raw_get(org, "/services/data")

    assert headers["content-length"] == str(len(page))
    assert body == page[: len(page) // 4]


def test_a_cut_in_chunks_gives_itself_away_by_the_missing_last_one(
    org: LocalOrgServer, rest: RestClient, page: bytes
) -> None:
    cut(rest, framing="chunked", times=2)
    kept = page[: len(page) // 2]

    headers, body = raw_get(org, "/services/data")

    assert headers["transfer-encoding"] == "chunked"
    assert "content-length" not in headers
    assert body == b"%x\r\n%b\r\n" % (len(kept), kept)
    with pytest.raises(CUT):
        rest.get("/services/data")


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_an_answer_without_a_body_has_nothing_to_cut(
    org: LocalOrgServer, rest: RestClient, page: bytes, framing: str
) -> None:
    account = rest.create("Account", an_account())
    cut(rest, framing=framing, times=2)

    head, nothing = raw_get(org, "/services/data", "HEAD")
    gone, no_content = raw_get(org, f"/services/data/v59.0/sobjects/Account/{account}", "DELETE")

    assert (head["content-length"], nothing) == (str(len(page)), b"")
    assert no_content == b""
    assert not {"content-length", "transfer-encoding"} & gone.keys()
    assert rest.count("Account") == 0


def test_a_cut_that_ends_with_its_connection_looks_whole(
    org: LocalOrgServer, rest: RestClient, page: bytes
) -> None:
    cut(rest, framing="close", times=2)

    headers, body = raw_get(org, "/services/data")
    answer = rest.get("/services/data")

    assert "content-length" not in headers
    assert headers["connection"] == "close"
    assert body == answer.content == page[: len(page) // 2]
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.text)


def test_a_cut_that_hides_it_by_its_length_keeps_the_connection(
    rest: RestClient, page: bytes
) -> None:
    cut(rest, framing="short", keep=0.9)

    answer = rest.get("/services/data")

    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.content == page[: int(len(page) * 0.9)]
    assert rest.get("/services/data").content == page


@pytest.mark.parametrize("framing", ["length", "chunked", "close", "short"])
def test_a_cut_may_leave_nothing(rest: RestClient, framing: str) -> None:
    cut(rest, keep=0, framing=framing)

    try:
        assert rest.get("/services/data").content == b""
    except CUT:
        assert framing in {"length", "chunked"}
    assert rest.get("/services/data").status_code == 200


@pytest.mark.parametrize("secure", [False, True])
def test_the_work_of_a_cut_answer_is_done(org: LocalOrgServer, secure: bool) -> None:
    with RestClient(org, "admin@manufaktura.example", secure=secure) as rest:
        cut(rest, method="POST")

        with pytest.raises(CUT):
            rest.post("sobjects/Account", an_account())

        assert rest.count("Account") == 1
        (fired,) = rest.control("GET", "faults")["fired"]
        assert (fired["action"], fired["method"]) == ("truncated_body", "POST")


NAMES = [f"N{number:02d}" for number in range(50)]
ROWS = "Name\n" + "".join(f"{name}\n" for name in NAMES)


def test_a_result_file_may_end_after_some_row_and_only_its_headers_tell(rest: RestClient) -> None:
    load(rest, ROWS)
    job = extract(rest, "SELECT Name FROM Account ORDER BY Name")
    cut(rest, "truncated_bulk_results", keep=0.5)

    short = rest.get(f"jobs/query/{job['id']}/results")
    names = [row["Name"] for row in table(short)]

    assert 0 < len(names) < 50
    assert names == NAMES[: len(names)]
    assert short.headers["Sforce-NumberOfRecords"] == "50"
    assert [row["Name"] for row in rows_of(rest, job)] == NAMES


def test_outcomes_of_an_ingest_may_end_after_some_row(rest: RestClient) -> None:
    job = load(rest, ROWS)
    cut(rest, "truncated_bulk_results", keep=0.1, path="successfulResults")

    outcomes = result(rest, job, "successfulResults")

    assert 0 < len(outcomes) < 50
    assert job["numberRecordsProcessed"] == 50
    assert len(result(rest, job, "successfulResults")) == 50


@pytest.mark.parametrize(
    ("keep", "rows"),
    [
        (0.0, b"a\n"),
        (0.5, b"a\n1\n"),
        (0.9, b'a\n1\n"x\ny"\n'),
        (1.0, b'a\n1\n"x\ny"\n3\n'),
    ],
)
def test_rows_are_kept_whole_also_when_a_value_holds_a_line_end(keep: float, rows: bytes) -> None:
    assert keep_rows(b'a\n1\n"x\ny"\n3\n', keep) == rows
