"""What Salesforce has and this org has not: metadata that names it is listed, not refused.

Owns the line between the two. A name is absent when the org knows that it left it out (a field
type that it cannot hold), when only a package brings it (`ns__Field__c`), or when it looks like an
object or field of Salesforce's own and like none that is here. Any other unknown name is a mistake.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.metadata.standard import absent_fields
from sandbox.org.paths import GLOBAL_RECORDS, LABEL, PERMISSION, SETUP
from sandbox.org.schema import Schema, SObject

#: Kinds of object that are no tables of records, by the end of their name.
_OTHER_OBJECTS = {
    "__mdt": "custom metadata types are not supported",
    "__e": "platform events are not supported",
    "__b": "big objects are not supported",
    "__x": "external objects are not supported",
    "__kav": "knowledge articles are not supported",
}
#: Global variables of formulas that have no values here.
#: Source: Salesforce help, "Global Variables".
_GLOBALS = frozenset(
    {
        "$action",
        "$api",
        "$component",
        "$currentpage",
        "$custommetadata",
        "$flow",
        "$network",
        "$objecttype",
        "$page",
        "$request",
        "$resource",
        "$scontrol",
        "$site",
        "$system",
        "$userrole",
    }
)
#: Fields that an object gets last of all, from what else it has.
DERIVED_FIELDS = frozenset({"CurrencyIsoCode", "OwnerId", "RecordTypeId"})
#: Fields that Salesforce gives custom objects and this org does not.
_FURTHER_FIELDS = frozenset(
    {"ConnectionReceivedId", "ConnectionSentId", "Division", "LastActivityDate"}
    | {"LastReferencedDate", "LastViewedDate", "UserRecordAccessId"}
)
#: How alike a misspelt name is to the right one.
_MISSPELT = 0.8


@dataclass
class Absence:
    """What is known to be absent. A strict one knows nothing: every unknown name is a mistake."""

    is_strict: bool = False
    objects: dict[str, str] = field(default_factory=dict)  #: reason by name
    fields: dict[str, str] = field(default_factory=dict)  #: reason by `Object.Field`

    def object_reason(self, schema: Schema, name: str) -> str | None:
        """Why the org has no such object; None when it has, or when the name is a mistake."""
        if self.is_strict or schema.sobject(name) is not None:
            return None
        known = self.objects.get(name) or self.package_reason(name)
        if known:
            return known
        ending = next((end for end in _OTHER_OBJECTS if name.endswith(end)), None)
        if ending:
            return _OTHER_OBJECTS[ending]
        if "__" in name or not name or _is_misspelt(name, schema.objects):
            return None
        return f"{name} is not among the standard objects of the local org"

    def field_reason(self, schema: Schema, owner: str, name: str) -> str | None:
        """Why an object has no such field; None when it has, or when the name is a mistake."""
        sobject = schema.sobject(owner)
        if sobject is None:
            return self.object_reason(schema, owner)
        if self.is_strict or sobject.field(name) is not None:
            return None
        known = self.fields.get(f"{sobject.name}.{name}".lower()) or self.package_reason(name)
        if known or name in DERIVED_FIELDS or "__" in name:
            return known
        if not self._may_be_real(sobject, name):
            return None
        return f"{sobject.name}.{name} is not among the fields of the local org"

    def _may_be_real(self, sobject: SObject, name: str) -> bool:
        """True when Salesforce's own object may well have a field of that name."""
        if sobject.custom:
            return name in _FURTHER_FIELDS
        is_known = name in absent_fields(sobject.name)
        return bool(name) and (is_known or not _is_misspelt(name, sobject.fields))

    def package_reason(self, name: str) -> str | None:
        """Why a name with a namespace is not here: `npe01__Payment__c` comes with a package."""
        parts = name.split("__")
        if self.is_strict or len(parts) != 3:
            return None
        return f"{name} belongs to the package {parts[0]}, which is not installed here"

    def note_field(self, full_name: str, reason: str) -> None:
        """From now on the field is known to be left out."""
        self.fields[full_name.lower()] = reason

    def path_reason(self, schema: Schema, sobject: SObject, path: tuple[str, ...]) -> str | None:
        """Why a path of a formula leads to nothing; None when it leads on, or is a mistake."""
        if self.is_strict:
            return None
        start = path[0].lower()
        if start in _GLOBALS:
            return f"{path[0]} has no values here"
        if start in (LABEL, PERMISSION):
            return self.package_reason(path[-1])
        if start == SETUP and len(path) == 3:
            return self._setting_reason(schema, path[1], path[2])
        if start in GLOBAL_RECORDS:
            return self._follow(schema, schema.objects[GLOBAL_RECORDS[start]], path[1:])
        return self._follow(schema, sobject, path)

    def _setting_reason(self, schema: Schema, name: str, field_name: str) -> str | None:
        if schema.sobject(name) is not None:
            return self.field_reason(schema, name, field_name)
        return self.package_reason(name) or f"there is no custom setting {name} here"

    def _follow(self, schema: Schema, sobject: SObject, path: tuple[str, ...]) -> str | None:
        for name in path[:-1]:
            relationship, _, chosen = name.partition(":")
            lookup = sobject.parent_field(relationship)
            if lookup is None:
                return self.field_reason(schema, sobject.name, _lookup_of(relationship))
            target = chosen or ("User" if "User" in lookup.reference_to else lookup.reference_to[0])
            found = schema.sobject(target)
            if found is None:
                return self.object_reason(schema, target)
            sobject = found
        return self.field_reason(schema, sobject.name, path[-1]) if path else None


def _lookup_of(relationship: str) -> str:
    """The lookup behind a relationship: `Broker__r` is `Broker__c`, `Parent` is `ParentId`."""
    is_custom = relationship.lower().endswith("__r")
    return f"{relationship[:-1]}c" if is_custom else f"{relationship}Id"


def _is_misspelt(name: str, known: Iterable[str]) -> bool:
    return bool(difflib.get_close_matches(name, list(known), n=1, cutoff=_MISSPELT))
