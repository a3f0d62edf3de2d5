"""Bytes on the connection: framing, compression, and clients that go away."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.request_bodies import LARGEST_BODY
from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import an_account
from tests.sandbox_api.bulk import NO_GZIP, extract, load, rows_of
from tests.sandbox_api.clients import RestClient

JSON = {"Content-Type": "application/json"}
CREATE = "/services/data/v59.0/sobjects/Account"
LIMITS = "/services/data/v59.0/limits"


class Wire:
    """One connection, spoken to in bytes."""

    def __init__(self, org: LocalOrgServer) -> None:
        self.org = org
        self.socket = socket.create_connection(("127.0.0.1", int(org.url.split(":")[2])), 30)
        self.file = self.socket.makefile("rb")

    def head(self, method: str, path: str, *lines: str) -> bytes:
        token = f"Authorization: Bearer {self.org.access_token}"
        first = (f"{method} {path} HTTP/1.1", "Host: localhost", token, *lines)
        return "\r\n".join([*first, "", ""]).encode()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def status(self) -> int:
        """Reads one answer whole."""
        status = int(self.file.readline().split()[1])
        headers: dict[bytes, bytes] = {}
        while (line := self.file.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        self.body = self.file.read(int(headers.get(b"content-length", 0)))
        return status

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def wire(org: LocalOrgServer) -> Iterator[Wire]:
    connection = Wire(org)
    yield connection
    connection.close()


def test_requests_sent_before_the_answers_are_answered_in_turn(wire: Wire) -> None:
    body = json.dumps(an_account()).encode()
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    create = wire.head("POST", CREATE, *lines) + body
    wire.send(wire.head("GET", LIMITS) + create + create + wire.head("GET", "/services/data"))

    assert [wire.status() for _ in range(4)] == [200, 201, 400, 200]


def test_a_body_is_asked_for_once_when_the_client_waits_for_it(wire: Wire) -> None:
    body = json.dumps(an_account()).encode()
    lines = ("Expect: 100-continue", "Content-Type: application/json")
    wire.send(wire.head("POST", CREATE, *lines, f"Content-Length: {len(body)}"))

    assert wire.status() == 100
    wire.send(body)
    assert wire.status() == 201


def test_a_body_that_is_too_large_is_refused_before_it_is_asked_for(wire: Wire) -> None:
    size = LARGEST_BODY + 1
    wire.send(wire.head("POST", CREATE, "Expect: 100-continue", f"Content-Length: {size}"))

    assert wire.status() == 400
    assert json.loads(wire.body)[0]["message"].startswith(f"A body of {size} bytes is not served")


@pytest.mark.parametrize("length", ["-1", "many", "1_0", "9" * 30])
def test_a_length_that_is_none_is_refused(wire: Wire, length: str) -> None:
    wire.send(wire.head("POST", CREATE, f"Content-Length: {length}"))

    assert wire.status() == 400


def test_chunks_may_carry_extensions_and_trailers(wire: Wire, rest: RestClient) -> None:
    body = json.dumps(an_account()).encode()
    first = b"%x;name=value\r\n%b\r\n" % (5, body[:5])
    rest_of_it = b"%X\r\n%b\r\n0\r\nX-Sum: 1\r\n\r\n" % (len(body) - 5, body[5:])
    lines = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    wire.send(wire.head("POST", CREATE, *lines) + first + rest_of_it + wire.head("GET", LIMITS))

    assert [wire.status(), wire.status()] == [201, 200]
    assert rest.count("Account") == 1


@pytest.mark.parametrize("chunks", [b"x\r\n", b"\r\n", b"3\r\nabcdef\r\n0\r\n\r\n", b"-1\r\n"])
def test_chunks_that_are_none_are_refused(wire: Wire, chunks: bytes) -> None:
    wire.send(wire.head("POST", CREATE, "Transfer-Encoding: chunked") + chunks)

    assert wire.status() == 400


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("Content-Length: 30", b'{"Name": "A"}'),
        ("Transfer-Encoding: chunked", b'd\r\n{"Name": "A"}\r\n'),
        ("Transfer-Encoding: chunked", b'ff\r\n{"Name": "A"}'),
    ],
)
def test_a_client_that_goes_away_in_its_body_has_sent_nothing(
    wire: Wire, rest: RestClient, line: str, part: bytes
) -> None:
    wire.send(wire.head("POST", CREATE, "Content-Type: application/json", line) + part)
    wire.socket.shutdown(socket.SHUT_WR)

    assert wire.status() == 400
    assert rest.count("Account") == 0
    assert [entry["method"] for entry in rest.control("GET", "requests")["log"]] == ["GET"]


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", zlib.compress)],
)
def test_a_compressed_body_is_read(rest: RestClient, encoding: str, pack: Any) -> None:
    body = pack(json.dumps(an_account()).encode())

    created = rest.call("POST", CREATE, data=body, headers=JSON | {"Content-Encoding": encoding})

    assert created.status_code == 201
    assert rest.query("SELECT Name FROM Account")[0]["Name"] == "Aurora Devices"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{}", "not what its Content-Encoding says"),
        (gzip.compress(b"{}", mtime=0)[:-9], "ends too early"),
        (gzip.compress(b" " * (LARGEST_BODY + 1), mtime=0), "unpacks to over"),
    ],
)
def test_a_body_that_does_not_unpack_is_refused(rest: RestClient, body: bytes, why: str) -> None:
    headers = JSON | {"Content-Encoding": "gzip"}

    refused = rest.call("POST", CREATE, data=body, headers=headers)

    assert refused.status_code == 400
    assert why in refused.json()[0]["message"]


def test_an_encoding_that_nobody_knows_is_refused_by_name(rest: RestClient) -> None:
    refused = rest.call("POST", CREATE, data=b"x", headers=JSON | {"Content-Encoding": "br"})

    assert refused.status_code == 415
    assert refused.json() == [
        {
            "message": "Content-Encoding br is not served; gzip and deflate are.",
            "errorCode": "UNSUPPORTED_MEDIA_TYPE",
        }
    ]


def test_answers_are_compressed_for_clients_that_take_gzip(rest: RestClient) -> None:
    packed = rest.get("sobjects", headers={"Accept-Encoding": "gzip, deflate"})
    plain = rest.get("sobjects", headers={"Accept-Encoding": "identity"})
    unwanted = rest.get("sobjects", headers={"Accept-Encoding": "gzip;q=0, *;q=0.5"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert int(packed.headers["Content-Length"]) < len(plain.content) // 2
    for answer in (plain, unwanted):
        assert "Content-Encoding" not in answer.headers
        assert answer.content == packed.content


def test_a_small_answer_stays_plain(rest: RestClient) -> None:
    answer = rest.get("limits")

    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Content-Length"] == str(len(answer.content))


@pytest.mark.parametrize("secure", [False, True])
def test_a_large_table_is_compressed_in_chunks(org: LocalOrgServer, secure: bool) -> None:
    text = "x" * 200
    with RestClient(org, "admin@manufaktura.example", secure=secure) as rest:
        load(rest, "Name,Description\n" + "".join(f"N{n},{text}{n}\n" for n in range(6000)))
        job = extract(rest, "SELECT Name, Description FROM Account")

        answer = rest.get(f"jobs/query/{job['id']}/results")
        plain = rest.get(f"jobs/query/{job['id']}/results", headers=NO_GZIP)

        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert int(plain.headers["Content-Length"]) == len(plain.content) > 1024 * 1024
        assert answer.content == plain.content
        assert len(rows_of(rest, job)) == 6000


@pytest.mark.parametrize("path", ["sobjects", "limits", "sobjects/Account/describe"])
def test_head_answers_as_get_does_without_its_body(rest: RestClient, path: str) -> None:
    got = rest.get(path, headers=NO_GZIP)

    head = rest.call("HEAD", path, headers=NO_GZIP)

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.headers["Content-Type"] == got.headers["Content-Type"]


@pytest.mark.parametrize(
    "path",
    [
        "query/?q=SELECT+Id+FROM+User",
        "limits/",
        "sobjects/",
        "sobjects/Account/",
        "sobjects/Account/describe/",
        "jobs/ingest/",
        "/services/oauth2/userinfo/",
    ],
)
def test_a_slash_at_the_end_changes_nothing(rest: RestClient, path: str) -> None:
    without = path.replace("/?", "?").removesuffix("/")

    assert rest.get(path).status_code == rest.get(without).status_code == 200
