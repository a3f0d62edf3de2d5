"""A scripted client: hundreds of requests of every kind, the same for the same seed.

It keeps what it was answered, so that two runs can be held against each other; the port and the
token, which are the listener's and not the org's, are taken out.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Self

import requests

NOON = "2026-03-01T12:00:00Z"
DATA = "/services/data/v59.0"
#: One seed for all of them; none names a time, a token or an Id.
FAULTS: list[dict[str, Any]] = [
    {"status": 503, "kind": "sobjects", "probability": 0.1},
    {"action": "UNABLE_TO_LOCK_ROW", "inner": True, "probability": 0.15},
    {"action": "REQUEST_LIMIT_EXCEEDED", "kind": "query", "call": [3, 9]},
    {"action": "drop_before", "method": "POST", "probability": 0.05},
    {"action": "drop_after", "method": "PATCH", "probability": 0.1},
    {"action": "truncated_body", "kind": "query", "probability": 0.1, "keep": 0.7},
    {"action": "truncated_body", "kind": "describe", "framing": "close", "probability": 0.5},
    {"action": "truncated_bulk_results", "probability": 0.3},
    {"action": "shuffled_bulk_results", "probability": 0.7},
    {"action": "late_visible_commits", "probability": 0.2, "delay_s": 900},
    {"action": "latency", "latency_s": 0.001, "path": "/limits"},
]


class Player:
    """One run against one org."""

    def __init__(self, url: str, token: str, seed: int) -> None:
        self._url, self._token = url, token
        self._die = random.Random(seed)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._ids: list[str] = []
        self.answers: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def plan(self, plan_seed: int) -> None:
        """Put the clock where `play` wants it, and the faults into force."""
        self._control("clock", {"now": NOON, "frozen": True})
        self._control("faults", {"seed": plan_seed, "faults": FAULTS})

    def play(self, steps: int) -> dict[str, Any]:
        """What the org says of the run: its log of faults and its log of requests."""
        self._control("bulk", {"inline": True})
        for _ in range(steps):
            self._die.choice(_STEPS)(self)
            self._control("clock", {"advance_s": self._die.randrange(200)})
        shown = {
            "fired": self._control("faults")["fired"],
            "requests": self._control("requests"),
        }
        self._control("faults", method="DELETE")
        return shown

    def _control(self, path: str, body: Any = None, method: str | None = None) -> Any:
        method = method or ("GET" if body is None else "POST")
        answer = self._session.request(
            method, f"{self._url}/_sandbox/{path}", json=body, timeout=60
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        try:
            answer = self._session.request(method, self._url + DATA + path, timeout=60, **options)
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            self.answers.append(f"{method} {path} cut")
            return None
        text = answer.text.replace(self._url, "URL").replace(self._token, "TOKEN")
        self.answers.append(f"{method} {path} {answer.status_code} {text}")
        try:
            return answer.json() if answer.ok and answer.content else None
        except requests.JSONDecodeError:
            return None

    def _account(self) -> dict[str, Any]:
        number = self._die.randrange(200)
        return {"Name": f"N{number:03d}", "External_Id__c": f"X{self._die.randrange(10**6)}"}

    def _some_id(self) -> str:
        return self._die.choice(self._ids) if self._ids else "001000000000001AAA"

    def create(self) -> None:
        made = self._ask("POST", "/sobjects/Account", json=self._account())
        if made:
            self._ids.append(made["id"])

    def update(self) -> None:
        self._ask("PATCH", f"/sobjects/Account/{self._some_id()}", json={"Phone": "1"})

    def upsert(self) -> None:
        key = f"/sobjects/Account/External_Id__c/U{self._die.randrange(20)}"
        self._ask("PATCH", key, json={"Name": "Upserted"})

    def delete(self) -> None:
        self._ask("DELETE", f"/sobjects/Account/{self._some_id()}")

    def read(self) -> None:
        self._ask("GET", f"/sobjects/Account/{self._some_id()}")

    def query(self) -> None:
        fields = self._die.choice(["FIELDS(STANDARD)", "Id, Name, (SELECT Id FROM Contacts)"])
        soql = f"SELECT {fields} FROM Account LIMIT 20"  # noqa: S608 - one of the two above
        self._ask("GET", "/query", params={"q": soql})
        self._ask(
            "GET", "/queryAll", params={"q": "SELECT COUNT(Id), Name FROM Account GROUP BY Name"}
        )

    def create_many(self) -> None:
        rows = [{"attributes": {"type": "Account"}, **self._account()} for _ in range(5)]
        made = self._ask("POST", "/composite/sobjects", json={"records": rows}) or []
        self._ids += [row["id"] for row in made if row["success"]]

    def compose(self) -> None:
        parts = [
            {
                "method": "POST",
                "url": f"{DATA}/sobjects/Account",
                "referenceId": "a",
                "body": self._account(),
            },
            {
                "method": "POST",
                "url": f"{DATA}/sobjects/Contact",
                "referenceId": "c",
                "body": {"LastName": "N", "AccountId": "@{a.id}"},
            },
        ]
        body = {"allOrNone": self._die.random() < 0.5, "compositeRequest": parts}
        self._ask("POST", "/composite", json=body)
        graphs = {"graphs": [{"graphId": "g", "compositeRequest": parts}]}
        self._ask("POST", "/composite/graph", json=graphs)

    def load(self) -> None:
        spec = {"object": "Account", "operation": "insert"}
        job = self._ask("POST", "/jobs/ingest", json=spec)
        if not job:
            return
        path, rows = f"/jobs/ingest/{job['id']}", "".join(f"B{n}\n" for n in range(30))
        self._ask(
            "PUT", f"{path}/batches", data=f"Name\n{rows}", headers={"Content-Type": "text/csv"}
        )
        self._ask("PATCH", path, json={"state": "UploadComplete"})
        for name in ("", "/successfulResults", "/failedResults", "/unprocessedrecords"):
            self._ask("GET", path + name)

    def extract(self) -> None:
        spec = {"operation": "query", "query": "SELECT Id, Name, SystemModstamp FROM Account"}
        job = self._ask("POST", "/jobs/query", json=spec)
        if job:
            self._ask("GET", f"/jobs/query/{job['id']}")
            self._ask("GET", f"/jobs/query/{job['id']}/results?maxRecords=20")

    def follow(self) -> None:
        span = "start=2026-03-01T11:00:00Z&end=2026-03-02T13:00:00Z"
        self._ask("GET", f"/sobjects/Account/updated?{span}")
        self._ask("GET", f"/sobjects/Account/deleted?{span}")

    def look_around(self) -> None:
        for path in ("/limits", "/sobjects", "/sobjects/Order/describe", "", "/nothing"):
            self._ask("GET", path)

    def err(self) -> None:
        self._ask("GET", "/query", params={"q": "SELECT Nothing FROM Account"})
        self._ask("POST", "/sobjects/Order", json={"Status": "none"})
        self._ask("PUT", "/limits")


_STEPS: tuple[Callable[[Player], None], ...] = (
    Player.create,
    Player.create,
    Player.update,
    Player.upsert,
    Player.delete,
    Player.read,
    Player.query,
    Player.create_many,
    Player.compose,
    Player.load,
    Player.extract,
    Player.follow,
    Player.look_around,
    Player.err,
)
