"""What the tests of outbound messages do again and again, through the control plane and REST."""

from __future__ import annotations

from typing import Any

from tests.sandbox_api.builders import an_account, an_order
from tests.sandbox_api.clients import RestClient


def deliver(rest: RestClient) -> list[dict[str, Any]]:
    """One round; what became of each message."""
    return list(rest.control("POST", "outbound/deliver")["sent"])


def queue(rest: RestClient) -> list[dict[str, Any]]:
    return list(rest.control("GET", "outbound")["queue"])


def advance(rest: RestClient, seconds: float) -> None:
    rest.control("POST", "clock", {"advance_s": seconds})


def a_quiet_account(rest: RestClient) -> str:
    """An account; accounts send nothing."""
    return rest.create("Account", an_account(External_Id__c=None))


def some_orders(rest: RestClient, count: int, *, all_or_none: bool = False) -> list[str]:
    """Orders created by collections calls of 200 at most; their Ids."""
    account = a_quiet_account(rest)
    ids: list[str] = []
    for start in range(0, count, 200):
        records = [
            an_order(account, External_Id__c=f"O-{number}") | {"attributes": {"type": "Order"}}
            for number in range(start, min(count, start + 200))
        ]
        body = {"allOrNone": all_or_none, "records": records}
        ids += [row["id"] for row in rest.post("composite/sobjects", body).json()]
    return ids


def one_order(rest: RestClient, **values: Any) -> str:
    return rest.create("Order", an_order(a_quiet_account(rest), **values))
