"""The stage of a benchmark: a local org with a market in it, and the meter of its API calls.

Owns the data that both sides work on. Prices follow a fixed pattern, so that every run decides the
same orders the same way.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from demo.processes import LocalOrg, base_environment, product_environment, run_local_org

#: A day of proposals, and the Tuesday 07:00 after the last day of every order.
DURING_THE_CALL = "2025-03-05T09:00:00+01:00"
LAST_DAY = "2025-03-10"
MORNING = "2025-03-11T07:00:00+01:00"
BUSINESS_DATE = "2025-03-11"
TIMEOUT_S = 120


@dataclass(frozen=True)
class Stage:
    """A running org and a folder of our own, both gone at the end."""

    org: LocalOrg
    folder: Path

    @property
    def ours(self) -> dict[str, str]:
        """The environment of our programs."""
        return product_environment(self.org, self.folder)

    @property
    def rivals(self) -> dict[str, str]:
        """The environment of a rival: address and token of the org."""
        return base_environment() | {
            "ORG_URL": self.org.url,
            "ORG_TOKEN": self.org.start["access_token"],
        }

    def control(self, method: str, path: str, body: object = None) -> Any:
        """One call of the org's control plane."""
        session = requests.Session()
        session.trust_env = False
        url = f"{self.org.url}/_sandbox/{path}"
        answer = session.request(method, url, json=body, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def set_clock(self, now: str) -> None:
        """Move the org's clock; it runs on from there."""
        self.control("POST", "clock", {"now": now, "frozen": False})

    def clear_calls(self) -> None:
        """Begin to count API calls anew."""
        self.control("DELETE", "requests")

    def count_calls(self) -> int:
        """API calls that the org served since, as it would bill them."""
        return int(self.control("GET", "requests")["total"])

    def open_market(self, orders: int, proposals: int) -> None:
        """An empty org with that many orders, all due, each with that many proposals."""
        self.control("POST", "reset")
        self.set_clock(DURING_THE_CALL)
        self.control("POST", "seed", {"records": list(market_records(orders, proposals))})
        self.set_clock(MORNING)
        self.clear_calls()


@contextmanager
def open_stage() -> Iterator[Stage]:
    """A stage in a temporary folder, on free ports of this machine."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with run_local_org(folder) as org:
            yield Stage(org, folder)


def market_records(orders: int, proposals: int) -> Iterator[dict[str, Any]]:
    """Rows of a seed plan: one designer, as many manufacturers as proposals, and the orders."""
    yield account("hd", "Acme Robotics", "Hardware_Designer")
    for maker in range(proposals):
        yield account(f"m{maker}", f"Works {maker}", "Manufacturer")
    for order in range(orders):
        yield {
            "attributes": {"type": "Order", "referenceId": f"o{order}"},
            "AccountId": "@hd",
            "Name": f"Desk lamp {order}",
            "External_Id__c": f"RFP-{order}",
            "EffectiveDate": LAST_DAY,
            "Status": "AWAITING PROPOSALS",
        }
        for maker in range(proposals):
            yield {
                "attributes": {"type": "Order_Proposal__c", "referenceId": f"p{order}-{maker}"},
                "Order__c": f"@o{order}",
                "Manufacturer__c": f"@m{maker}",
                "Price__c": 1000 + (order * 7 + maker * 13) % 97,
            }


def account(reference: str, name: str, kind: str) -> dict[str, Any]:
    """One account of a seed plan, with an external ID like its reference."""
    return {
        "attributes": {"type": "Account", "referenceId": reference},
        "Name": name,
        "External_Id__c": reference.upper(),
        "RecordType": {"DeveloperName": kind},
    }
