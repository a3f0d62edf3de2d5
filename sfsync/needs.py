"""What this code needs to find in an org, and a comparison with what is there.

Owns the comparison, and the needs of the replica; the selection's own stand in `sfsync.preflight`.
The org is asked through describe, so the answer is what the integration user can really see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sfsync.about_org import describe_many
from sfsync.client import Salesforce
from sfsync.guard import GUARD_FIELD
from sfsync.mapping import MAPPINGS, NOTE_FIELD, SINCE_FIELD

Describes = Mapping[str, Mapping[str, Any]]
Fields = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Needs:
    """Fields to read and to write by sObject, picklist values by field, record types."""

    reads: Fields = field(default_factory=dict)
    writes: Fields = field(default_factory=dict)
    values: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    record_types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def sobjects(self) -> list[str]:
        """Every sObject that is needed for anything."""
        return sorted(self.reads.keys() | self.writes.keys())


#: What pull, push and the import rely on.
REPLICA_NEEDS = Needs(
    reads={
        mapping.sobject: frozenset(path for path in mapping.paths if "." not in path)
        for mapping in MAPPINGS
    }
    | {"CurrencyType": frozenset({"IsoCode", "ConversionRate", "IsActive", "IsCorporate"})},
    # Without the guard a push could overwrite a person; other fields are refused record by record.
    writes={
        mapping.sobject: frozenset({GUARD_FIELD, NOTE_FIELD, SINCE_FIELD}) for mapping in MAPPINGS
    },
    values={
        ("Order", "Status"): (
            "PENDING VALIDATION",
            "CANCELLED",
            "IN PRODUCTION",
            "FIRST BATCH DELIVERED",
            "DISPUTED",
            "COMPLETED",
        ),
        ("Order_Proposal__c", "Status__c"): ("Withdrawn", "Disqualified"),
        ("Account", "Qualification_Status__c"): ("Pending", "Qualified", "Suspended", "Rejected"),
    },
    record_types={"Account": ("Manufacturer", "Hardware_Designer")},
)


def read_describes(sf: Salesforce, *needs: Needs) -> dict[str, dict[str, Any]]:
    """The describe of every needed sObject that the integration user can see; one API call."""
    return describe_many(sf, sorted({name for each in needs for name in each.sobjects}))


def find_gaps(describes: Describes, *needs: Needs) -> list[str]:
    """What the org lacks, or does not show to the integration user, one sentence each."""
    gaps: list[str] = []
    for each in needs:
        gaps += _missing_objects(describes, each)
        gaps += _missing_fields(describes, each)
        gaps += _missing_values(describes, each)
        gaps += _missing_types(describes, each)
    return list(dict.fromkeys(gaps))


def _missing_objects(describes: Describes, needs: Needs) -> Iterator[str]:
    for sobject in needs.sobjects:
        if sobject not in describes:
            yield f"object {sobject} is missing or not visible"


def _missing_fields(describes: Describes, needs: Needs) -> Iterator[str]:
    for sobject in needs.sobjects:
        if sobject not in describes:
            continue
        present = {each["name"]: each for each in describes[sobject]["fields"]}
        written = needs.writes.get(sobject, frozenset())
        for name in sorted(needs.reads.get(sobject, frozenset()) | written):
            if name not in present:
                yield f"field {sobject}.{name} is missing or not visible"
            elif name in written and not is_writable(present[name]):
                yield f"field {sobject}.{name} cannot be written by the integration user"


def is_writable(described: Mapping[str, Any]) -> bool:
    """Whether describe says that we may change the field."""
    return bool(described.get("updateable", True))


def _missing_values(describes: Describes, needs: Needs) -> Iterator[str]:
    for (sobject, name), wanted in needs.values.items():
        for described in describes.get(sobject, {}).get("fields", ()):
            if described["name"] != name:
                continue
            active = {each["value"] for each in described["picklistValues"] if each["active"]}
            for value in wanted:
                if value not in active:
                    yield f"{sobject}.{name} has no value {value!r}"


def _missing_types(describes: Describes, needs: Needs) -> Iterator[str]:
    for sobject, wanted in needs.record_types.items():
        infos = describes.get(sobject, {}).get("recordTypeInfos")
        if infos is None:
            continue
        present = {each["developerName"] for each in infos if each.get("active", True)}
        for name in wanted:
            if name not in present:
                yield f"{sobject} has no record type {name}, or it is not visible"
