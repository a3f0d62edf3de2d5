"""What people do and see in Salesforce, through the REST API."""

from __future__ import annotations

from typing import Any

import requests

from sandbox.server import LocalOrgServer

API = "/services/data/v63.0"


def log_in(org: LocalOrgServer, username: str) -> requests.Session:
    """A session of one of the local org's people."""
    session = requests.Session()
    session.trust_env = False
    start = org.start_line
    answer = session.post(
        org.url + "/services/oauth2/token",
        data={
            "grant_type": "password",
            "client_id": start["client_id"],
            "client_secret": start["client_secret"],
            "username": username,
            "password": start["password"] + start["security_token"],
        },
        timeout=30,
    )
    assert answer.ok, answer.text
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return session


def query(org: LocalOrgServer, soql: str) -> list[dict[str, Any]]:
    """Rows as the admin sees them, without Salesforce's wrapping."""
    with log_in(org, "admin@manufaktura.example") as session:
        answer = session.get(org.url + f"{API}/query", params={"q": soql}, timeout=30)
    assert answer.ok, answer.text
    return [unwrap(row) for row in answer.json()["records"]]


def unwrap(row: dict[str, Any]) -> dict[str, Any]:
    """A record without its attributes."""
    return {
        name: unwrap(value) if isinstance(value, dict) else value
        for name, value in row.items()
        if name != "attributes"
    }


def edit_order(
    org: LocalOrgServer, external_id: str, values: dict[str, Any], *, as_loader: bool = False
) -> None:
    """A person saves an order."""
    who = "loader" if as_loader else "admin"
    with log_in(org, f"{who}@manufaktura.example") as session:
        url = f"{org.url}{API}/sobjects/Order/External_Id__c/{external_id}"
        answer = session.patch(url, json=values, timeout=30)
    assert answer.ok, answer.text
