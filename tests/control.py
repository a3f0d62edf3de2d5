"""Drives the local org through its control plane, as any outside test would."""

from __future__ import annotations

from typing import Any

import requests

from sandbox.server import LocalOrgServer


def control(org: LocalOrgServer, method: str, what: str, body: object = None) -> Any:
    """One control call; fails the test when the org does not accept it."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(method, f"{org.url}/_sandbox/{what}", json=body, timeout=30)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def add_fault(org: LocalOrgServer, **spec: object) -> None:
    """Puts one fault into force."""
    control(org, "POST", "faults", spec)


def counted_calls(org: LocalOrgServer) -> int:
    """What the org counted against its daily limit since the reset."""
    return int(control(org, "GET", "requests")["total"])


def seed(org: LocalOrgServer, records: list[dict[str, object]], *, checks: bool = True) -> dict:
    """Stores records as the loader; their Ids by referenceId."""
    plan = {"records": records, "checks": checks}
    return dict(control(org, "POST", "seed", plan)["ids"])
