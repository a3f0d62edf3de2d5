"""Addresses of calls of the data API: routes filled in with what the org has, mostly.

The routes come from the application, so that a new one is attacked from its first day.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from urllib.parse import quote

from sandbox.api.app import FAMILIES
from tests.sandbox_fuzz.junk import a_text
from tests.sandbox_fuzz.target import Target

PATTERNS = sorted({route.pattern for family in FAMILIES for route in family.ROUTES})
VERBS = ("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS")
SOBJECTS = ("Account", "Order", "Order_Proposal__c", "Case", "Selection_Run__c", "User", "Task")
FIELDS = (
    "Id",
    "Name",
    "External_Id__c",
    "AccountId",
    "Status",
    "EffectiveDate",
    "Price__c",
    "OwnerId",
    "RecordTypeId",
    "ParentId",
    "Description",
    "AnnualRevenue",
    "Order__c",
    "Manufacturer__c",
    "IsDeleted",
    "Qualification_Status__c",
)
QUERIES = (
    "SELECT Id, Name FROM Account",
    "SELECT FIELDS(ALL) FROM Order LIMIT 200",
    "SELECT Id, Account.Name, (SELECT Id FROM Order_Proposals__r) FROM Order",
    "SELECT Status, COUNT(Id) FROM Order GROUP BY Status",
)


class Addresses:
    """Verbs, paths and query strings that know the org's records, jobs and cursors."""

    def __init__(self, chance: random.Random, target: Target) -> None:
        self._chance = chance
        self.ids = list(target.ids.values())
        self.jobs: list[str] = ["7500000000000AAA"]
        self.locators: list[str] = [f"{target.open_cursor()}-1", "01g0000000000AAA-2000"]
        self.deploys: list[str] = ["0Af000000000001AAA"]
        self.kind = SOBJECTS[0]  #: what the call at hand is about

    def method(self, pattern: str) -> str:
        chance = self._chance
        if chance.random() < 0.15:
            return chance.choice(VERBS)
        served = [
            verb
            for family in FAMILIES
            for route in family.ROUTES
            if route.pattern == pattern
            for verb in route.views
        ]
        return chance.choice(served)

    def version(self) -> str:
        if self._chance.random() < 0.95:
            return "59.0"
        return self._chance.choice(["31.0", "67.0", "30.0", "999.0", "59.1", "x", "5٩.0", "-1.0"])

    def fill(self, pattern: str) -> str:
        parts = []
        for part in pattern.split("/"):
            parts.append(self._argument(part[1:-1]) if part.startswith("{") else part)
        return "/".join(parts)

    def _argument(self, name: str) -> str:
        chance = self._chance
        if chance.random() < 0.12:
            return quote(a_text(chance), safe=chance.choice(["", "/%"]), errors="replace")
        known: Mapping[str, Callable[[], str]] = {
            "sobject": lambda: self.kind,
            "record_id": self.record_id,
            "ext_field": lambda: chance.choice(["External_Id__c", "Id", "Name"]),
            "ext_value": lambda: chance.choice(["HD-1", "O-1", "P-1", "A%2F1", "new"]),
            "locator": lambda: chance.choice(self.locators) + chance.choice(["", "", "²", "9" * 9]),
            "job_id": lambda: chance.choice(self.jobs),
            "deploy_id": lambda: chance.choice(self.deploys),
        }
        return known.get(name, lambda: quote(a_text(chance), safe="", errors="replace"))()

    def record_id(self, prefix: str = "") -> str:
        fit = [one for one in self.ids if one.startswith(prefix)]
        return self._chance.choice(fit)[: self._chance.choice([18, 18, 18, 18, 15, 17])]

    def fill_whole(self, pattern: str) -> str:
        """The path below the version, with its query string."""
        return f"{self.fill(pattern)}?{self.query(pattern)}"

    def query(self, pattern: str) -> str:
        chance = self._chance
        pairs: list[tuple[str, str]] = []
        if pattern in {"query", "queryAll", "tooling/query"}:
            name = chance.choice(["q", "q", "q", "explain"])
            pairs.append((name, chance.choice(QUERIES)))
        wanted = {
            "fields": lambda: ",".join(chance.sample(FIELDS, 3)),
            "ids": lambda: ",".join(self.record_id() for _ in range(chance.randint(1, 4))),
            "allOrNone": lambda: chance.choice(["true", "false"]),
            "start": lambda: chance.choice(["2026-11-20T00:00:00Z", "2026-11-20T00:00:00+01:00"]),
            "end": lambda: chance.choice(["2026-11-28T00:00:00Z", "2026-11-27"]),
            "columns": lambda: "true",
            "maxRecords": lambda: chance.choice(["1", "100000", "0"]),
            "locator": lambda: chance.choice(["MQ", "null", "-1"]),
            "_HttpMethod": lambda: chance.choice(["PATCH", "get", "x"]),
            "includeDetails": lambda: "true",
            "concurrencyMode": lambda: "parallel",
            "jobType": lambda: "V2Ingest",
            "queryLocator": lambda: chance.choice(["0", "1", "x"]),
        }
        for name in chance.sample(list(wanted), chance.choice([0, 0, 1, 2])):
            pairs.append((name, wanted[name]()))
        if "updated" in pattern or "deleted" in pattern:
            pairs += [("start", "2026-11-27T00:00:00Z"), ("end", "2026-11-28T00:00:00Z")]
        shown = [
            (name, a_text(chance) if chance.random() < 0.2 else value) for name, value in pairs
        ]
        text = "&".join(
            f"{name}={quote(value, safe='', errors='replace')}" for name, value in shown
        )
        return text + chance.choice(["", "", "", "", "&%ED%A0%80=%ff", "&&=", "&q"])
