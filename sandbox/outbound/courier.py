"""Carrying one message to its receiver by HTTP.

Owns the promise that nothing leaves this machine: an address that is not loopback is refused here
too, whoever asks. No proxy is used and no redirect followed; an answer that is too slow or too long
is no answer.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

from sandbox.loopback import why_not_loopback

#: How long Salesforce waits for a receiver.
TIMEOUT_S = 10.0
#: An acknowledgement has some 400 bytes.
_LONGEST_ANSWER = 64 * 1024
_HEADERS = {
    "Content-Type": "text/xml; charset=utf-8",
    "SOAPAction": '""',
    "Accept": "text/xml",
    "User-Agent": "local-org-outbound-message",
    "Connection": "close",
}
_CONNECTIONS: dict[str, type[http.client.HTTPConnection]] = {
    "http": http.client.HTTPConnection,
    "https": http.client.HTTPSConnection,
}


class DeliveryError(Exception):
    """The message did not arrive, or nobody can know whether; the sender tries again later."""


class Courier:
    """Posts one message at a time."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None

    def post(self, url: str, body: bytes) -> bytes:
        """The body of a 2xx answer. Raises DeliveryError; the receiver may have got the message."""
        reason = why_not_loopback(url)
        if reason is not None:
            raise DeliveryError(reason)
        try:
            with closing(self._connect(urlsplit(url))) as connection, self._watch() as is_late:
                try:
                    return _exchange(connection, urlsplit(url), body)
                except (OSError, http.client.HTTPException):
                    if is_late.is_set():
                        raise TimeoutError from None
                    raise
        except TimeoutError as error:
            raise DeliveryError(f"no answer within {self._timeout_s:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise DeliveryError(f"{type(error).__name__}: {error}") from error
        finally:
            self._socket = None

    def abort(self) -> None:
        """End the exchange that is under way, from another thread."""
        _shut(self._socket)

    def _connect(self, parts: SplitResult) -> http.client.HTTPConnection:
        connection = _CONNECTIONS[parts.scheme](
            parts.hostname or "", parts.port, timeout=self._timeout_s
        )
        connection.connect()
        self._socket = connection.sock
        return connection

    @contextmanager
    def _watch(self) -> Iterator[threading.Event]:
        """End the exchange after the timeout: the socket's own starts anew with every byte."""
        is_late, under_way = threading.Event(), self._socket

        def cut_off() -> None:
            is_late.set()
            _shut(under_way)

        timer = threading.Timer(self._timeout_s, cut_off)
        timer.daemon = True
        timer.start()
        try:
            yield is_late
        finally:
            timer.cancel()


def _shut(under_way: socket.socket | None) -> None:
    if under_way is not None:
        try:
            under_way.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended by itself


def _exchange(connection: http.client.HTTPConnection, parts: SplitResult, body: bytes) -> bytes:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", path, body, _HEADERS)
    response = connection.getresponse()
    answer = response.read(_LONGEST_ANSWER + 1)
    if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
        raise DeliveryError(f"the receiver answered HTTP {response.status}")
    if len(answer) > _LONGEST_ANSWER:
        raise DeliveryError(f"the answer is longer than {_LONGEST_ANSWER} bytes")
    return answer
