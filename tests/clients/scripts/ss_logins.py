"""Every way in which simple-salesforce logs in, and what it does when a session ends."""

from __future__ import annotations

import tempfile
from typing import Any

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from tests.clients.scripts.shared import BY_TOKEN, LINE, log_in, refusal, report

CLIENT = {"consumer_key": LINE["client_id"], "consumer_secret": LINE["client_secret"]}
USER = {"username": LINE["username"]}
ORG_ID = LINE["access_token"].partition("!")[0]


def variants(key_file: str) -> dict[str, dict[str, Any]]:
    signed = {"consumer_key": LINE["client_id"]}
    return {
        "soap": BY_TOKEN,
        "soap of an organization": USER | {"password": LINE["password"], "organizationId": ORG_ID},
        "password grant": USER | {"password": LINE["password"]} | CLIENT,
        "assertion from a file": USER | signed | {"privatekey_file": key_file},
        "assertion": USER | signed | {"privatekey": LINE["private_key"]},
        "client credentials": CLIENT | {"domain": "acme.my"},
        "session": {"session_id": LINE["access_token"], "instance_url": LINE["tls_url"]},
    }


def describe_session(sf: Salesforce) -> list[str]:
    return [sf.base_url, sf.oauth2("userinfo")["preferred_username"]]


def revoke(token: str) -> int:
    url = f"{LINE['tls_url']}/services/oauth2/revoke"
    return requests.post(url, data={"token": token}, timeout=60).status_code


def refuse_login() -> list[str]:
    try:
        Salesforce(**BY_TOKEN | {"password": "wrong"})
    except SalesforceAuthenticationFailed as error:
        return [error.code, error.content]
    return []


def end_of_session() -> dict[str, Any]:
    sf = log_in()
    first = sf.session_id
    status = revoke(first)
    total = sf.query("SELECT COUNT() FROM Account")["totalSize"]
    by_token = Salesforce(session_id=first, instance_url=LINE["tls_url"])
    return {
        "revoked": status,
        "revoked again": revoke(first),
        "after a login": [total, sf.session_id != first],
        "with a token only": refusal(lambda: by_token.query("SELECT Id FROM Account")),
    }


def main() -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as key:
        key.write(LINE["private_key"])
        key.flush()
        sessions = {
            name: describe_session(Salesforce(**given))
            for name, given in variants(key.name).items()
        }
    report({"sessions": sessions, "wrong password": refuse_login(), "end": end_of_session()})


if __name__ == "__main__":
    main()
