"""What people do in Salesforce during the rehearsal, through the same REST API as its screens.

Plays ops and the passing of time; the product never imports it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import requests

API = "/services/data/v62.0"
TIMEOUT_S = 30


class Person:
    """Somebody logged in to the org."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"

    def query(self, soql: str) -> list[dict[str, Any]]:
        """All rows of a query."""
        answer = self.get(f"{API}/query", {"q": soql})
        rows: list[dict[str, Any]] = answer["records"]
        while not answer["done"]:
            answer = self.get(answer["nextRecordsUrl"], {})
            rows += answer["records"]
        return rows

    def get(self, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        """One GET that must succeed."""
        answer = self.session.get(self.url + path, params=parameters, timeout=TIMEOUT_S)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body

    def update(self, sobject: str, records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Save records, 200 a call, and answer the refusals with the record's Id beside."""
        refused = []
        for chunk in chunks(records, 200):
            body = [{"attributes": {"type": sobject}, **record} for record in chunk]
            answer = self.session.patch(
                f"{self.url}{API}/composite/sobjects",
                json={"allOrNone": False, "records": body},
                timeout=TIMEOUT_S,
            )
            answer.raise_for_status()
            for record, result in zip(chunk, answer.json(), strict=True):
                if not result["success"]:
                    refused.append({"Id": record["Id"], "message": result["errors"][0]["message"]})
        return refused

    def create(self, sobject: str, values: dict[str, Any]) -> str:
        """A new record's Id."""
        answer = self.session.post(
            f"{self.url}{API}/sobjects/{sobject}", json=values, timeout=TIMEOUT_S
        )
        answer.raise_for_status()
        return str(answer.json()["id"])


def chunks(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Lists of at most `size` rows."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        yield chunk


def log_in(start: dict[str, str], username: str) -> Person:
    """One of the local org's people; all share the local org's password."""
    session = requests.Session()
    session.trust_env = False
    answer = session.post(
        start["url"] + "/services/oauth2/token",
        data={
            "grant_type": "password",
            "client_id": start["client_id"],
            "client_secret": start["client_secret"],
            "username": username,
            "password": start["password"] + start["security_token"],
        },
        timeout=TIMEOUT_S,
    )
    answer.raise_for_status()
    return Person(start["url"], answer.json()["access_token"])


def set_clock(url: str, now: str) -> None:
    """Move the org's clock; it runs on from there."""
    control(url, "POST", "/_sandbox/clock", {"now": now, "frozen": False})


def count_requests(url: str) -> dict[str, Any]:
    """API calls that an org would have counted so far, in all and by kind."""
    return control(url, "GET", "/_sandbox/requests", None)


def control(url: str, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    """One call of the local org's control plane."""
    session = requests.Session()
    session.trust_env = False
    answer = session.request(method, url + path, json=body, timeout=TIMEOUT_S)
    answer.raise_for_status()
    result: dict[str, Any] = answer.json() if answer.content else {}
    return result
