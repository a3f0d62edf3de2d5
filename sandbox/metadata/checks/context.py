"""What every check may look at: the components as written, and the schema that they make.

Owns how a name in XML is looked up and how a failed look-up is worded, so that all checks speak
alike: what is named, what was expected, which existing name is close.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.metadata.absence import Absence
from sandbox.metadata.project import Component, Project
from sandbox.metadata.standard import VALUE_SET_FIELDS, absent_fields
from sandbox.org.paths import resolve_path
from sandbox.org.schema import Field, Schema, SObject


@dataclass(frozen=True)
class CheckContext:
    """A project under check. `schema` holds whatever could be built from it."""

    project: Project
    schema: Schema
    absence: Absence = field(default_factory=lambda: Absence(is_strict=True))

    def sobject(self, name: str) -> SObject | None:
        """The object of exactly that name: a deploy does not forgive another case."""
        return self.schema.objects.get(name)

    def field_of(self, component: Component) -> Field | None:
        """The field that a field component made."""
        owner = self.sobject(component.owner)
        return owner.fields.get(component.name) if owner else None

    def follow(self, sobject: SObject, path: str) -> Field | None:
        """The field at the end of a dotted path that starts at `sobject`."""
        found = resolve_path(self.schema, sobject, tuple(path.split(".")))
        return found.field if found else None

    def names(self, suffix: str) -> set[str]:
        """Names of the components of one kind."""
        return {component.name for component in self.project.of(suffix)}

    def is_record_type(self, name: str) -> bool:
        """True when `Account.Manufacturer` names a record type."""
        owner, _, developer_name = name.partition(".")
        sobject = self.sobject(owner)
        return sobject is not None and developer_name in sobject.record_types

    def has_all_values(self, field: Field | None, owner: SObject) -> bool:
        """True when the values of a picklist are all known here.

        Those of Salesforce's own picklists are every org's own, and few projects bring them along.
        """
        if field is None or field.custom or self.absence.is_strict:
            return True
        brought = self.names("standardValueSet")
        place = (owner.name, field.name)
        return any(place in VALUE_SET_FIELDS.get(name, ()) for name in brought)

    def is_layout_field(self, sobject: SObject, name: str) -> bool:
        """True for fields of the object, including Salesforce's own that this org has not."""
        return name in sobject.fields or name in absent_fields(sobject.name)


def closest(name: str, known: Iterable[str]) -> str:
    """A hint for a misspelt name: ` (did you mean X?)`, or nothing."""
    found = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return f" (did you mean {found[0]}?)" if found else ""


def missing_field(sobject: SObject, name: str) -> str:
    """The sentence for a field that does not exist."""
    return f"{sobject.name} has no field {name}{closest(name, sobject.fields)}; correct the name"


def missing_value(where: str, value: str, known: Iterable[str]) -> str:
    """The sentence for a picklist value that does not exist."""
    known = list(known)
    offered = ", ".join(known) or "none"
    return f"{where} has no value '{value}'{closest(value, known)}; it has {offered}"
