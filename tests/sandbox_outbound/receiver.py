"""A receiver of outbound messages, as a customer would write one: an HTTP server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
OUTBOUND = "http://soap.sforce.com/2005/09/outbound"
SF = "urn:sobject.enterprise.soap.sforce.com"


def ack(said: str = "true") -> bytes:
    return (
        f'<soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Body>'
        f'<notificationsResponse xmlns="{OUTBOUND}"><Ack>{said}</Ack></notificationsResponse>'
        "</soapenv:Body></soapenv:Envelope>"
    ).encode()


FAULT = (
    f'<soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Body><soapenv:Fault>'
    "<faultcode>soapenv:Server</faultcode><faultstring>too busy</faultstring>"
    "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
).encode()


@dataclass(frozen=True)
class Answer:
    """What the receiver says; `hangs` keeps the sender waiting until the test is over."""

    body: bytes = ack()
    status: int = 200
    hangs: bool = False


@dataclass(frozen=True)
class Received:
    """One request, parsed by another XML library than the one that wrote it."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def envelope(self) -> etree._Element:
        return etree.fromstring(self.body)

    def text(self, name: str) -> str | None:
        """The text of an element of the message itself."""
        return self.envelope.findtext(f".//{{{OUTBOUND}}}notifications/{{{OUTBOUND}}}{name}")

    @property
    def ids(self) -> list[str]:
        """The Ids of its notifications, in order."""
        found = self.envelope.iterfind(f".//{{{OUTBOUND}}}Notification/{{{OUTBOUND}}}Id")
        return [str(element.text) for element in found]

    @property
    def records(self) -> list[dict[str, str]]:
        """The fields of each notification's record, in order."""
        return [
            {etree.QName(field).localname: field.text or "" for field in sobject}
            for sobject in self.envelope.iterfind(f".//{{{OUTBOUND}}}sObject")
        ]


@dataclass
class Receiver:
    """What has arrived, and what the next messages are answered with (Ack true when nothing is)."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    is_over: threading.Event = field(default_factory=threading.Event)

    def take(self, message: Received) -> Answer:
        with self.arrived:
            self.received.append(message)
            self.arrived.notify_all()
            return self.answers.pop(0) if self.answers else Answer()

    def wait_for(self, count: int) -> None:
        """Return when that many messages have arrived; the limit only bounds a failing test."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.received) >= count, timeout=60)


@contextmanager
def a_receiver() -> Iterator[Receiver]:
    """A receiver that listens on a free loopback port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = receiver.take(Received(self.path, dict(self.headers), body))
            if answer.hangs:
                receiver.is_over.wait()
                return
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Tests say what arrived."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/webhooks/salesforce"
        # Half a second of polling, the default, would be waited out after every test.
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.is_over.set()
            server.shutdown()
            thread.join()
