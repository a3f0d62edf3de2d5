"""Calls of every route of the data API: sound ones, which are then damaged.

Owns what a sound body looks like, by route. The routes themselves come from the application, so
that a new one is attacked from its first day.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sandbox.api.app import FAMILIES
from tests.sandbox_fuzz.junk import a_text, a_value, damage_bytes, damage_json, write_json
from tests.sandbox_fuzz.rest_headers import some_headers
from tests.sandbox_fuzz.target import Target

PATTERNS = sorted({route.pattern for family in FAMILIES for route in family.ROUTES})
#: Where records are written; chosen more often than the rest.
WRITING = (
    "sobjects/{sobject}",
    "sobjects/{sobject}/{record_id}",
    "sobjects/{sobject}/{ext_field}/{ext_value}",
    "composite",
    "composite/sobjects",
    "composite/tree/{sobject}",
)
VERBS = ("GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS")
SOBJECTS = ("Account", "Order", "Order_Proposal__c", "Case", "Selection_Run__c", "User", "Task")
#: What a new record must say.
NEEDED = {
    "Order": ("AccountId", "EffectiveDate", "Status"),
    "Order_Proposal__c": ("Order__c", "Manufacturer__c", "Price__c"),
    "Case": ("Subject",),
    "Task": ("Subject",),
}
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
_REF = "@{{{}.id}}"


@dataclass(frozen=True)
class RestCall:
    """One request before framing."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    pattern: str


class RestCalls:
    """Makes calls that know the org's records, jobs and cursors."""

    def __init__(self, chance: random.Random, target: Target) -> None:
        self._chance = chance
        self._tokens = target.tokens
        self.ids = list(target.ids.values())
        self.jobs: list[str] = ["7500000000000AAA"]
        self.locators: list[str] = [f"{target.open_cursor()}-1", "01g0000000000AAA-2000"]
        self.deploys: list[str] = ["0Af000000000001AAA"]
        self._kind = SOBJECTS[0]  #: what the call at hand is about

    def make(self) -> RestCall:
        chance = self._chance
        pattern = chance.choice(PATTERNS if chance.random() < 0.7 else WRITING)
        self._kind = chance.choice(SOBJECTS)
        method = self._method(pattern)
        path = "/services/data/v" + self._version() + "/" + self._fill(pattern)
        if chance.random() < 0.03:
            path = chance.choice(["/services/data/", "/services/", "/id/", "//", ""]) + a_text(
                chance
            )
            path = quote(path, safe="/%", errors="replace")
        query = self._query(pattern)
        target = (path + ("?" + query if query else ""))[: chance.choice([15_000, 15_000, 20_000])]
        body = b"" if method in {"GET", "HEAD"} else self._body(pattern)
        return RestCall(
            method, target, tuple(some_headers(chance, self._tokens, body)), body, pattern
        )

    def _method(self, pattern: str) -> str:
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

    def _version(self) -> str:
        if self._chance.random() < 0.95:
            return "59.0"
        return self._chance.choice(["31.0", "67.0", "30.0", "999.0", "59.1", "x", "5٩.0", "-1.0"])

    def _fill(self, pattern: str) -> str:
        parts = []
        for part in pattern.split("/"):
            parts.append(self._argument(part[1:-1]) if part.startswith("{") else part)
        return "/".join(parts)

    def _argument(self, name: str) -> str:
        chance = self._chance
        if chance.random() < 0.12:
            return quote(a_text(chance), safe=chance.choice(["", "/%"]), errors="replace")
        known: Mapping[str, Callable[[], str]] = {
            "sobject": lambda: self._kind,
            "record_id": self._id,
            "ext_field": lambda: chance.choice(["External_Id__c", "Id", "Name"]),
            "ext_value": lambda: chance.choice(["HD-1", "O-1", "P-1", "A%2F1", "new"]),
            "locator": lambda: chance.choice(self.locators) + chance.choice(["", "", "²", "9" * 9]),
            "job_id": lambda: chance.choice(self.jobs),
            "deploy_id": lambda: chance.choice(self.deploys),
        }
        return known.get(name, lambda: quote(a_text(chance), safe="", errors="replace"))()

    def _id(self, prefix: str = "") -> str:
        fit = [one for one in self.ids if one.startswith(prefix)]
        return self._chance.choice(fit)[: self._chance.choice([18, 18, 18, 18, 15, 17])]

    def _query(self, pattern: str) -> str:
        chance = self._chance
        pairs: list[tuple[str, str]] = []
        if pattern in {"query", "queryAll", "tooling/query"}:
            name = chance.choice(["q", "q", "q", "explain"])
            pairs.append((name, chance.choice(QUERIES)))
        wanted = {
            "fields": lambda: ",".join(chance.sample(FIELDS, 3)),
            "ids": lambda: ",".join(self._id() for _ in range(chance.randint(1, 4))),
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

    def _body(self, pattern: str) -> bytes:
        chance = self._chance
        value = self._sound_body(pattern)
        for _ in range(chance.choice([0, 0, 1, 1, 2])):
            value = damage_json(value, chance)
        if pattern.endswith("deployRequest"):
            return self._multipart(value)
        return write_json(value, chance)

    def _sound_body(self, pattern: str) -> Any:
        chance = self._chance
        makers: Mapping[str, Callable[[], Any]] = {
            "composite/sobjects": lambda: {
                "allOrNone": chance.random() < 0.5,
                "records": [self.typed_record() for _ in range(chance.randint(1, 3))],
            },
            "composite/sobjects/{sobject}": lambda: {
                "ids": [self._id() for _ in range(3)],
                "fields": chance.sample(FIELDS, 2),
            },
            "composite/sobjects/{sobject}/{ext_field}": lambda: {
                "records": [self.typed_record() for _ in range(2)]
            },
            "composite": lambda: {
                "allOrNone": chance.random() < 0.5,
                "compositeRequest": self._subrequests(),
            },
            "composite/graph": lambda: {
                "graphs": [{"graphId": "1", "compositeRequest": self._subrequests()}]
            },
            "composite/batch": self._batch,
            "composite/tree/{sobject}": self._tree,
            "jobs/ingest": lambda: {
                "object": chance.choice(SOBJECTS),
                "operation": chance.choice(["insert", "update", "upsert", "delete", "hardDelete"]),
                "externalIdFieldName": chance.choice(["External_Id__c", None]),
                "columnDelimiter": chance.choice(["COMMA", "TAB", "PIPE"]),
                "lineEnding": chance.choice(["LF", "CRLF"]),
            },
            "jobs/query": lambda: {
                "operation": chance.choice(["query", "queryAll"]),
                "query": chance.choice(QUERIES),
            },
            "jobs/ingest/{job_id}": lambda: {"state": chance.choice(["UploadComplete", "Aborted"])},
            "jobs/query/{job_id}": lambda: {"state": "Aborted"},
            "metadata/deployRequest": lambda: {"deployOptions": {"checkOnly": True}},
            "metadata/deployRequest/{deploy_id}": lambda: {"deployResult": {"status": "Canceling"}},
        }
        return makers.get(pattern, self.record)()

    def record(self) -> dict[str, Any]:
        """A record of the call's kind, most of it fit."""
        chance = self._chance
        good: Mapping[str, Callable[[], Any]] = {
            "Id": self._id,
            "Name": lambda: "Aurora",
            "Subject": lambda: "A call",
            "External_Id__c": lambda: chance.choice(["HD-1", "O-1", f"N-{chance.randrange(50)}"]),
            "AccountId": lambda: self._id("001"),
            "Order__c": lambda: self._id("801"),
            "Manufacturer__c": lambda: self._id("001"),
            "ParentId": lambda: self._id("001"),
            "OwnerId": lambda: "005000000000001AAA",
            "Status": lambda: chance.choice(["PENDING VALIDATION", "AWAITING PROPOSALS"]),
            "EffectiveDate": lambda: "2030-01-31",
            "Price__c": lambda: 12.5,
            "Account": lambda: {"External_Id__c": "HD-1"},
            "RecordType": lambda: {"DeveloperName": "Hardware_Designer"},
        }
        names = [*NEEDED.get(self._kind, ("Name",))]
        names += chance.sample(FIELDS, chance.choice([0, 0, 0, 1, 2]))
        if chance.random() < 0.1:
            names += ["Account", "RecordType"]
        return {name: good.get(name, lambda: a_value(chance))() for name in names}

    def typed_record(self) -> dict[str, Any]:
        return {"attributes": {"type": self._kind}, **self.record()}

    def _tree(self) -> dict[str, Any]:
        order = {
            "attributes": {"type": "Order", "referenceId": "o1"},
            "EffectiveDate": "2030-01-31",
            "Status": "PENDING VALIDATION",
        }
        self._kind = "Account"
        record = self.typed_record()
        record["attributes"]["referenceId"] = "a1"
        return {"records": [record | {"Orders": {"records": [order]}}]}

    def _batch(self) -> dict[str, Any]:
        requests = []
        for _ in range(self._chance.randint(1, 3)):
            pattern = self._chance.choice(PATTERNS)
            requests.append(
                {
                    "method": self._method(pattern),
                    "url": f"v59.0/{self._fill(pattern)}?{self._query(pattern)}",
                    "richInput": self.record(),
                }
            )
        return {"haltOnError": self._chance.random() < 0.3, "batchRequests": requests}

    def _subrequests(self) -> list[dict[str, Any]]:
        chance = self._chance
        made: list[dict[str, Any]] = []
        for number in range(chance.randint(1, 4)):
            pattern = chance.choice([*PATTERNS, "sobjects/{sobject}", "sobjects/{sobject}"])
            body = self._sound_body(pattern) if "composite" not in pattern else self.record()
            if number and chance.random() < 0.5 and isinstance(body, dict):
                body["AccountId"] = _REF.format(f"r{chance.randrange(number)}")
            made.append(
                {
                    "method": self._method(pattern),
                    "url": f"/services/data/v59.0/{self._fill(pattern)}?{self._query(pattern)}",
                    "referenceId": f"r{number}",
                    "body": body,
                }
            )
        return made

    def _multipart(self, options: Any) -> bytes:
        body = (
            b'--b\r\nContent-Disposition: form-data; name="json"\r\n\r\n'
            + write_json(options, self._chance)
            + b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="d.zip"\r\n\r\n'
            + self._chance.randbytes(30)
            + b"\r\n--b--\r\n"
        )
        return damage_bytes(body, self._chance) if self._chance.random() < 0.3 else body
