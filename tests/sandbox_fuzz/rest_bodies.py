"""Bodies of calls of the data API: sound ones, which are then damaged.

Owns what a sound body looks like, by route.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from tests.sandbox_fuzz.junk import a_value, damage_bytes, damage_json, write_json
from tests.sandbox_fuzz.rest_addresses import FIELDS, PATTERNS, QUERIES, SOBJECTS, Addresses

#: What a new record must say.
NEEDED = {
    "Order": ("AccountId", "EffectiveDate", "Status"),
    "Order_Proposal__c": ("Order__c", "Manufacturer__c", "Price__c"),
    "Case": ("Subject",),
    "Task": ("Subject",),
}
_REF = "@{{{}.id}}"


class Bodies:
    """Makes bodies about the records that the addresses know."""

    def __init__(self, chance: random.Random, addresses: Addresses) -> None:
        self._chance = chance
        self._addresses = addresses

    def body(self, pattern: str) -> bytes:
        """The body of a call of that route: sound, or damaged in a place or two."""
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
                "ids": [self._addresses.record_id() for _ in range(3)],
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
            "Id": self._addresses.record_id,
            "Name": lambda: "Aurora",
            "Subject": lambda: "A call",
            "External_Id__c": lambda: chance.choice(["HD-1", "O-1", f"N-{chance.randrange(50)}"]),
            "AccountId": lambda: self._addresses.record_id("001"),
            "Order__c": lambda: self._addresses.record_id("801"),
            "Manufacturer__c": lambda: self._addresses.record_id("001"),
            "ParentId": lambda: self._addresses.record_id("001"),
            "OwnerId": lambda: "005000000000001AAA",
            "Status": lambda: chance.choice(["PENDING VALIDATION", "AWAITING PROPOSALS"]),
            "EffectiveDate": lambda: "2030-01-31",
            "Price__c": lambda: 12.5,
            "Account": lambda: {"External_Id__c": "HD-1"},
            "RecordType": lambda: {"DeveloperName": "Hardware_Designer"},
        }
        names = [*NEEDED.get(self._addresses.kind, ("Name",))]
        names += chance.sample(FIELDS, chance.choice([0, 0, 0, 1, 2]))
        if chance.random() < 0.1:
            names += ["Account", "RecordType"]
        return {name: good.get(name, lambda: a_value(chance))() for name in names}

    def typed_record(self) -> dict[str, Any]:
        return {"attributes": {"type": self._addresses.kind}, **self.record()}

    def _tree(self) -> dict[str, Any]:
        order = {
            "attributes": {"type": "Order", "referenceId": "o1"},
            "EffectiveDate": "2030-01-31",
            "Status": "PENDING VALIDATION",
        }
        self._addresses.kind = "Account"
        record = self.typed_record()
        record["attributes"]["referenceId"] = "a1"
        return {"records": [record | {"Orders": {"records": [order]}}]}

    def _batch(self) -> dict[str, Any]:
        requests = []
        for _ in range(self._chance.randint(1, 3)):
            pattern = self._chance.choice(PATTERNS)
            requests.append(
                {
                    "method": self._addresses.method(pattern),
                    "url": f"v59.0/{self._addresses.fill_whole(pattern)}",
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
                    "method": self._addresses.method(pattern),
                    "url": f"/services/data/v59.0/{self._addresses.fill_whole(pattern)}",
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
