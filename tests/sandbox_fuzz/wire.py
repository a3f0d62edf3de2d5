"""Whole HTTP exchanges with the org's own handler, in this process and without a socket.

The bytes go through the same parsing, the same application and the same writing as on the wire, at
a hundred times the speed; and an error that the listener would swallow fails the test.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.api.app import create_app
from sandbox.listener import Listener
from sandbox.server import LocalOrgServer

ADMIN = "admin@manufaktura.example"


@dataclass(frozen=True)
class Reply:
    """One answer of the org."""

    status: int
    headers: dict[str, str]  #: names in lower case
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """A listener that is never started: connections are handed to it as bytes."""

    def __init__(self, server: LocalOrgServer) -> None:
        self._listener = Listener(0)
        self._listener.app = create_app(server.services)
        self._listener.server_close()

    def send_raw(self, data: bytes) -> bytes:
        """What the org writes to a client that sends this and then stops sending."""
        connection = _Connection(data)
        self._listener.finish_request(connection, ("127.0.0.1", 1))  # type: ignore[arg-type]
        return bytes(connection.answered)

    def call(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Reply:
        """One well-framed request; its one answer."""
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        head = "\r\n".join(lines).encode("utf-8", "surrogatepass")
        answered = self.send_raw(head + b"\r\nConnection: close\r\n\r\n" + body)
        replies = read_replies(answered)
        assert len(replies) == 1, f"{len(replies)} answers to one request"
        return replies[0]


class _Connection:
    """As much of a socket as the handler uses."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.answered = bytearray()

    def makefile(self, *_: Any, **__: Any) -> io.BytesIO:
        return io.BytesIO(self._data)

    def sendall(self, data: bytes) -> None:
        self.answered += data

    def settimeout(self, _timeout_s: float) -> None:
        """Bytes in memory never wait."""

    def shutdown(self, _how: int) -> None:
        """What the org drops ends here."""


def read_replies(data: bytes) -> list[Reply]:
    """All answers in what the org wrote. Fails when it is no HTTP."""
    replies = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        version, code, _ = first.split(" ", 2)
        assert version == "HTTP/1.1", first
        headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in rest)}
        if code == "100":
            continue
        body, data = _take_body(headers, data)
        is_packed = headers.get("content-encoding") == "gzip" and body
        replies.append(Reply(int(code), headers, gzip.decompress(body) if is_packed else body))
    return replies


def _take_body(headers: dict[str, str], data: bytes) -> tuple[bytes, bytes]:
    """The body at the start of `data`, and what follows it."""
    if headers.get("transfer-encoding") != "chunked":
        size = int(headers.get("content-length", 0))
        return data[:size], data[size:]
    pieces = []
    while True:
        line, _, data = data.partition(b"\r\n")
        size = int(line, 16)
        pieces.append(data[:size])
        assert data[size : size + 2] == b"\r\n", "a chunk that is longer than it says"
        data = data[size + 2 :]
        if not size:
            return b"".join(pieces), data
