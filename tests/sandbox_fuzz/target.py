"""The org under attack, what of it must survive, and what every answer must be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from defusedxml.ElementTree import fromstring

from sandbox.editions import allow
from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import seed_tender
from tests.sandbox_fuzz.wire import ADMIN, Reply, Wire

SALESFORCE = Path(__file__).parent.parent.parent / "salesforce"
USERS = (ADMIN, "integration@manufaktura.example", "loader@manufaktura.example")
#: Words that only a bug writes into an answer.
BUG_WORDS = (b"UNKNOWN_EXCEPTION", b"InternalServerError", b"Traceback (most")


@contextmanager
def serving() -> Iterator[LocalOrgServer]:
    """The org of a campaign, with no daily limit to speak of."""
    with LocalOrgServer([SALESFORCE], allowance=allow(None, daily_calls=10**9)) as server:
        yield server


class Target:
    """A freshly filled org and a record that no input knows of."""

    def __init__(self, server: LocalOrgServer) -> None:
        server.reset()
        self.server = server
        self.wire = Wire(server)
        self.ids = seed_tender(server)
        self.tokens = [server.token_for(user) for user in USERS]
        self.admin = server.org.actor(str(server.org.find_user(ADMIN)))
        self._sentinel = self._save("Sentinel")
        self._before = self._read(self._sentinel)

    def open_cursor(self) -> str:
        """The key of a query result that the administrator may page through, a row a page."""
        rows = self.server.org.query(self.admin, "SELECT Id, Name FROM Account").records
        return self.server.services.locators.open(self.admin.user_id, len(rows), rows, 1)

    def call(
        self, method: str, path: str, body: bytes = b"", media: str = "application/json"
    ) -> Reply:
        """A sound request of the administrator, as either bulk API and the data API take it."""
        token = self.tokens[0]
        headers = [
            ("Authorization", f"Bearer {token}"),
            ("X-SFDC-Session", token),
            ("Content-Type", media),
        ]
        return self.wire.call(method, path, headers, body)

    def finish(self) -> None:
        """Fails unless the org still answers, holds what it held, and takes records."""
        server = self.server
        server.services.faults.clear()
        server.services.bulk.worker.wait()
        assert self._read(self._sentinel) == self._before
        added = self._save("Afterwards")
        answer = self.wire.call(
            "GET",
            f"/services/data/v59.0/sobjects/Account/{added}?fields=Name",
            [("Authorization", f"Bearer {server.token_for(ADMIN)}")],
        )
        assert answer.json()["Name"] == "Afterwards"
        rows = server.org.store.connection.execute("PRAGMA integrity_check").fetchall()
        assert [tuple(row) for row in rows] == [("ok",)]

    def _save(self, name: str) -> str:
        return self.server.org.insert(self.admin, "Account", {"Name": name})

    def _read(self, record_id: str) -> dict[str, object]:
        return dict(self.server.org.retrieve(self.admin, "Account", record_id))


def check_reply(reply: Reply, *, is_head: bool = False, is_soap: bool = False) -> str:
    """How the org took the request, as its status; fails for what no client should ever see."""
    assert not any(word in reply.body for word in BUG_WORDS), reply
    if reply.status >= 500:
        # A SOAP fault is an HTTP 500, by the book (SOAP 1.1, section 6.2).
        is_fault = is_soap and reply.status == 500 and b"<faultcode>sf:" in reply.body
        is_named_gap = reply.status == 501 and (b"SANDBOX_NOT_IMPLEMENTED" in reply.body or is_head)
        assert is_fault or is_named_gap, reply
    kind = reply.headers.get("content-type", "")
    if kind.startswith("application/json") and not is_head and reply.status != 304:
        reply.json()
    elif "xml" in kind and not is_head:
        fromstring(reply.body)
    return str(reply.status)


def check_error_list(reply: Reply) -> None:
    """Fails unless a refusal of the data API is Salesforce's list of errors."""
    if reply.status < 400 or not reply.body:
        return
    errors = reply.json()
    if isinstance(errors, dict) and errors.get("hasErrors") is True:
        return  # a tree reports per record; REST API guide, "sObject Tree"
    assert isinstance(errors, list), reply
    assert errors, reply
    assert all(isinstance(e["message"], str) and isinstance(e["errorCode"], str) for e in errors)
