"""What the programs of simple-salesforce share: the org's start line, a client, a report."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

LINE: dict[str, Any] = json.loads(os.environ["ORG"])
BY_TOKEN = {
    "username": LINE["username"],
    "password": LINE["password"],
    "security_token": LINE["security_token"],
}


def log_in() -> Salesforce:
    """The client as its own documentation starts it: by SOAP, at login.salesforce.com."""
    return Salesforce(**BY_TOKEN)


def refusal(call: Callable[[], Any]) -> list[Any]:
    """The exception's name, its status and its first error code; empty when nothing was refused."""
    try:
        call()
    except SalesforceError as error:
        content = error.content
        code = content[0].get("errorCode") if isinstance(content, list) else None
        return [type(error).__name__, error.status, code]
    return []


def report(facts: dict[str, Any]) -> None:
    """Print what was seen, for the test that started this program."""
    print(json.dumps(facts, default=str))
