"""Bytes that are hardly HTTP: into the handler by the thousand, and a few over real sockets."""

from __future__ import annotations

import random
import socket
from functools import partial
from urllib.parse import urlsplit

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_fuzz.campaign import run_quota, run_round
from tests.sandbox_fuzz.junk import a_text, damage_bytes
from tests.sandbox_fuzz.target import BUG_WORDS, Target

_LINES = (
    b"GET /services/data HTTP/1.1",
    b"POST /services/oauth2/token HTTP/1.1",
    b"POST /services/data/v59.0/composite HTTP/1.0",
    b"GET http://localhost/services/data/v59.0/limits HTTP/1.1",
    b"GET //services///data HTTP/1.1",
    b"GET * HTTP/1.1",
    b"CONNECT a.force.com:443 HTTP/1.1",
    b"GET /\xff\xfe%zz%00 HTTP/1.1",
    b"GET /services/data?" + b"a" * 70_000 + b" HTTP/1.1",
    b"GET /services/data",
    b"GET  /services/data  HTTP/1.1",
    b"GET /services/data HTTP/9.9",
    b"GET /services/data HTTP/x",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"",
    b"TRACE / HTTP/1.1",
    b"HEAD /services/data HTTP/1.1",
    b"\xf0\x9f\x99\x82 / HTTP/1.1",
    b"GET http://[::1 HTTP/1.1",
    b"GET /id/00D/005 HTTP/1.1",
)
_FRAMES = (
    b"Content-Length: 3\r\n\r\nabc",
    b"Content-Length: 0\r\n\r\n",
    b"Content-Length: 99\r\n\r\nshort",
    b"Content-Length: -1\r\n\r\nabc",
    b"Content-Length: 1_0\r\n\r\n0123456789",
    b"Content-Length: \xb2\r\n\r\nabc",
    b"Content-Length: 99999999999999999999\r\n\r\nabc",
    b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\nabc",
    b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nabc",
    b"Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n3;ext=\xff\r\nabcd\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"Connection: keep-alive\r\n\r\n",
    b"\r\n",
)
_HEADERS = (
    b"Host: localhost\r\n",
    b"Host: localhost\r\nHost: evil.example\r\n",
    b"Host: \xff\r\n",
    b"Host: [::1\r\n",
    b"Host: localhost:x\r\n",
    b"X: " + b"y" * 70_000 + b"\r\n",
    b"A: b\r\n" * 150,
    b"no colon\r\n",
    b" folded: x\r\n y\r\n",
    b": empty\r\n",
    b"Authorization: Bearer \xff\r\n",
    b"Authorization: Basic \xff\xff\r\n",
    b"Content-Type: multipart/form-data; boundary=\xff\r\n",
    b"Content-Type: application/x-www-form-urlencoded; charset=nope\r\n",
    b"Cookie: \x01=\x02\r\n",
)


def some_bytes(chance: random.Random) -> bytes:
    """One to three requests on one connection, framed well or badly, and perhaps damaged."""
    made = b""
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        made += chance.choice(_LINES) + chance.choice([b"\r\n"] * 9 + [b"\n"])
        made += chance.choice([_HEADERS[0]] * 6 + [b""])
        made += b"".join(chance.sample(_HEADERS, chance.choice([0, 0, 1, 2])))
        made += chance.choice(_FRAMES)
    roll = chance.random()
    if roll < 0.3:
        return damage_bytes(made, chance)
    if roll < 0.35:
        return a_text(chance).encode("utf-8", "surrogatepass") + made
    return made


class WireFuzzer:
    """Hands bytes to the handler and reads what it wrote back."""

    def __init__(self, server: LocalOrgServer, chance: random.Random) -> None:
        self._chance = chance
        self._target = Target(server)

    def make_input(self) -> bytes:
        return some_bytes(self._chance)

    def try_input(self, given: bytes) -> str:
        return judge(self._target.wire.send_raw(given))

    def finish(self) -> None:
        self._target.finish()


def judge(answered: bytes) -> str:
    """The first status of an answer; fails unless it is HTTP of a sound server."""
    if not answered:
        return "hung up"
    assert answered.startswith(b"HTTP/1.1 "), answered[:200]
    assert not any(word in answered for word in BUG_WORDS), answered
    assert b"HTTP/1.1 500" not in answered, answered
    return answered[9:12].decode()


def test_a_few_odd_bytes_are_answered(server: LocalOrgServer) -> None:
    taken = run_round(partial(WireFuzzer, server), seed=1, inputs=200)

    assert {"200", "400", "hung up"} <= set(taken)


@pytest.mark.slow
def test_odd_bytes_are_answered(server: LocalOrgServer) -> None:
    taken = run_quota("bytes on the wire", partial(WireFuzzer, server))

    assert {"200", "400", "404", "414", "431", "hung up"} <= set(taken)


class SocketFuzzer:
    """The same bytes over a real connection, whole or in two pieces, and cut off by the client."""

    def __init__(self, server: LocalOrgServer, chance: random.Random) -> None:
        self._chance = chance
        self._target = Target(server)
        self._address = ("127.0.0.1", urlsplit(server.url).port)

    def make_input(self) -> bytes:
        return some_bytes(self._chance)

    def try_input(self, given: bytes) -> str:
        with socket.create_connection(self._address, timeout=60) as connection:
            try:
                connection.sendall(given)
                connection.shutdown(socket.SHUT_WR)
                answered = b"".join(iter(partial(connection.recv, 65_536), b""))
            except TimeoutError:
                raise
            except OSError:
                # The org answered and closed while more was on its way to it.
                return "hung up"
        return judge(answered)

    def finish(self) -> None:
        self._target.finish()


def test_odd_bytes_are_answered_on_a_real_socket(server: LocalOrgServer) -> None:
    taken = run_round(partial(SocketFuzzer, server), seed=1, inputs=150)

    assert {"200", "400"} <= set(taken)


def test_clients_that_stop_in_the_middle_keep_nobody_waiting(server: LocalOrgServer) -> None:
    port = urlsplit(server.url).port
    silent = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(40)]
    try:
        for number, connection in enumerate(silent):
            connection.sendall(b"POST /services/oauth2/token HTTP/1.1\r\nContent-Le"[:number])
        target = Target(server)
        target.finish()
        with socket.create_connection(("127.0.0.1", port), timeout=60) as live:
            live.sendall(b"GET /services/data HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert live.recv(12) == b"HTTP/1.1 200"
    finally:
        for connection in silent:
            connection.close()
