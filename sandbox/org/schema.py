"""The shape of an org: sObjects, fields, rules and permissions as plain data.

Owns the vocabulary that every other part of the local org speaks. Nothing here reads XML, SQL or
HTTP: `sandbox.metadata` builds these values, the rest reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.org.automation import OutboundMessage, Trigger


class FieldType(StrEnum):
    """Data types of fields, named as the Metadata API names them (`<type>` of a CustomField)."""

    ID = "Id"  #: the record's own 18-character Id
    TEXT = "Text"
    TEXT_AREA = "TextArea"
    LONG_TEXT_AREA = "LongTextArea"
    HTML = "Html"
    EMAIL = "Email"
    PHONE = "Phone"
    URL = "Url"
    PICKLIST = "Picklist"
    MULTISELECT = "MultiselectPicklist"
    CHECKBOX = "Checkbox"
    NUMBER = "Number"
    CURRENCY = "Currency"
    PERCENT = "Percent"
    DATE = "Date"
    DATETIME = "DateTime"
    TIME = "Time"
    AUTO_NUMBER = "AutoNumber"
    LOOKUP = "Lookup"
    MASTER_DETAIL = "MasterDetail"


#: Values of these types are `Decimal` in memory, whole numbers scaled by 10**scale in SQL.
NUMERIC_TYPES = frozenset({FieldType.NUMBER, FieldType.CURRENCY, FieldType.PERCENT})
#: Values of these types are `str` in memory and SQL TEXT.
TEXT_TYPES = frozenset(
    {
        FieldType.TEXT,
        FieldType.TEXT_AREA,
        FieldType.LONG_TEXT_AREA,
        FieldType.HTML,
        FieldType.EMAIL,
        FieldType.PHONE,
        FieldType.URL,
        FieldType.AUTO_NUMBER,
    }
)
#: Values of these types are an 18-character Id or None.
REFERENCE_TYPES = frozenset({FieldType.LOOKUP, FieldType.MASTER_DETAIL})


@dataclass(frozen=True)
class PicklistValue:
    """One value of a picklist. `category` is Draft or Activated for Order.Status, else empty."""

    value: str  #: the API name, which is what records hold
    label: str
    is_default: bool = False
    is_active: bool = True
    category: str = ""
    probability: int | None = None  #: per cent; stages of opportunities only
    forecast: str = ""  #: forecast category; stages of opportunities only
    #: Values of the controlling field that offer this one; None when any does.
    valid_for: tuple[str, ...] | None = None


@dataclass(frozen=True)
class FilterItem:
    """One condition of a lookup filter: `field` against `value` or another field."""

    field: str  #: as written: `Order_Proposal__c.Order__c`, `Account.RecordTypeId`, `$Source.X`
    operation: str  #: equals, notEqual, lessThan, …
    value: str | None = None  #: a comma separates alternatives
    value_field: str | None = None  #: `$Source.Id`, `Product2.X`, …


@dataclass(frozen=True)
class LookupFilter:
    """Which rows a lookup accepts. Optional filters only warn in the UI and never block."""

    items: tuple[FilterItem, ...]
    active: bool = True
    is_optional: bool = False
    boolean_filter: str | None = None  #: `1 AND (2 OR 3)`; all items when None
    error_message: str | None = None


@dataclass(frozen=True)
class Summary:
    """What a roll-up field summarises: details that point here through a lookup of theirs."""

    child: str  #: the sObject of the details
    lookup: str  #: their field that points at this sObject
    operation: str  #: count, sum, min or max
    field: str | None = None  #: their field that is summarised; None for count
    filters: tuple[FilterItem, ...] = ()


@dataclass(frozen=True)
class Field:
    """One field of an sObject.

    `default` is formula text (`"X"`, `TODAY() + 3`, `true`), evaluated on insert. A formula field
    has `formula`; it is read-only, and `type` is what it returns.
    """

    name: str
    type: FieldType
    label: str = ""
    length: int | None = None
    precision: int | None = None
    scale: int = 0
    required: bool = False  #: required on every save (`nillable` false without a default)
    unique: bool = False
    case_sensitive: bool = False
    external_id: bool = False
    custom: bool = False
    createable: bool = True
    updateable: bool = True
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None  #: from child to parent in SOQL: `Order__r`, `Account`
    child_relationship_name: str | None = None  #: from parent to children: `Order_Proposals__r`
    delete_constraint: str = "SetNull"  #: SetNull, Restrict or Cascade
    values: tuple[PicklistValue, ...] = ()
    restricted: bool = False
    default: str | None = None
    formula: str | None = None
    blanks_as_zero: bool = True
    track_history: bool = False
    lookup_filter: LookupFilter | None = None
    summary: Summary | None = None  #: kept by the org; nobody writes the field
    display_format: str | None = None  #: auto numbers: `OP-{0000000000}`
    starting_number: int = 1
    description: str = ""
    help_text: str = ""
    visible_lines: int | None = None
    controller: str | None = None  #: the field that decides which values people are offered
    holds_any_type: bool = False  #: values of other fields as text: sorts, but is no condition

    @property
    def is_formula(self) -> bool:
        """True for fields that are computed when read and never stored."""
        return self.formula is not None

    @property
    def is_reference(self) -> bool:
        """True for lookups and master-details."""
        return self.type in REFERENCE_TYPES


@dataclass(frozen=True)
class ValidationRule:
    """Refuses a save when `formula` is TRUE; null and FALSE let it pass."""

    name: str
    formula: str
    message: str
    active: bool = True
    error_field: str | None = None
    description: str = ""


@dataclass(frozen=True)
class RecordType:
    """A variant of an sObject. Lookup filters name it by label, code by developer name."""

    developer_name: str
    label: str
    active: bool = True
    description: str = ""
    #: The values that it offers, by picklist; a picklist that is not named offers all of its own.
    offers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: The value that it gives a new record, by picklist; those of a multi-select with `;` between.
    defaults: Mapping[str, str] = field(default_factory=dict)


@dataclass
class SObject:
    """One object type with everything that a save or a query must know about it."""

    name: str
    label: str
    plural_label: str
    key_prefix: str  #: first three characters of its record Ids
    custom: bool = False
    fields: dict[str, Field] = field(default_factory=dict)  #: by canonical API name
    validation_rules: list[ValidationRule] = field(default_factory=list)
    record_types: dict[str, RecordType] = field(default_factory=dict)  #: by developer name
    name_field: str = "Name"
    enable_history: bool = False
    queryable: bool = True
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    is_setting: bool = False  #: a custom setting: nobody owns its rows
    history_of: str | None = None  #: `Order` for OrderHistory: rows are written by the org only

    def __post_init__(self) -> None:
        self._by_lower = {name.lower(): f for name, f in self.fields.items()}

    def add_field(self, new: Field) -> None:
        """Add or replace a field, keeping the case-insensitive index right."""
        self.fields[new.name] = new
        self._by_lower[new.name.lower()] = new

    def drop_field(self, name: str) -> None:
        """Take a field out, keeping the case-insensitive index right."""
        del self.fields[name]
        del self._by_lower[name.lower()]

    def field(self, name: str) -> Field | None:
        """The field of that name, whatever its case; None when there is none."""
        return self._by_lower.get(name.lower())

    def parent_field(self, relationship: str) -> Field | None:
        """The lookup that a parent path such as `Order__r` or `Account` follows."""
        wanted = relationship.lower()
        for candidate in self.fields.values():
            if candidate.relationship_name and candidate.relationship_name.lower() == wanted:
                return candidate
        return None


@dataclass(frozen=True, order=True)
class Unsupported:
    """A piece of loaded metadata that has no effect here, or not all of its effect."""

    kind: str  #: the Metadata API's type, `CustomField`
    name: str  #: the full name, `Order.Proposal__c`
    reason: str  #: a clause for people: `type Location is not supported`
    #: Where it stands; empty for what Salesforce itself would bring. No part of what it is.
    file: str = field(default="", compare=False)

    def __str__(self) -> str:
        where = f" ({self.file})" if self.file else ""
        return f"{self.kind} {self.name}: {self.reason}{where}"


@dataclass(frozen=True)
class PermissionSet:
    """What a permission set grants. Object grants are sets of
    create/read/edit/delete/viewAll/modifyAll; field grants are sets of read/edit."""

    name: str
    label: str
    objects: dict[str, frozenset[str]] = field(default_factory=dict)
    fields: dict[str, frozenset[str]] = field(default_factory=dict)  #: key `Order.Proposal__c`
    custom_permissions: frozenset[str] = frozenset()
    user_permissions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ChildRelationship:
    """A lookup seen from its parent."""

    child: str
    field: Field
    name: str | None  #: as used in a child subquery: `Order_Proposals__r`, `Orders`


@dataclass
class Schema:
    """Every sObject of the org, and the permissions that exist in it."""

    objects: dict[str, SObject] = field(default_factory=dict)
    permission_sets: dict[str, PermissionSet] = field(default_factory=dict)
    custom_permissions: set[str] = field(default_factory=set)
    labels: dict[str, str] = field(default_factory=dict)  #: texts of `$Label`, by name
    multi_currency: bool = False
    corporate_currency: str = "EUR"
    outbound_messages: dict[str, OutboundMessage] = field(default_factory=dict)  #: by `Order.Sent`
    triggers: list[Trigger] = field(default_factory=list)  #: what queues those messages
    unsupported: list[Unsupported] = field(default_factory=list)  #: sorted, each once

    def sobject(self, name: str) -> SObject | None:
        """The sObject of that API name, whatever its case."""
        found = self.objects.get(name)
        if found is None:
            wanted = name.lower()
            found = next((o for n, o in self.objects.items() if n.lower() == wanted), None)
        return found

    def children_of(self, parent: str) -> Iterator[ChildRelationship]:
        """Every lookup of any sObject that may point at `parent`."""
        for child in self.objects.values():
            for candidate in child.fields.values():
                if candidate.is_reference and parent in candidate.reference_to:
                    yield ChildRelationship(
                        child.name, candidate, candidate.child_relationship_name
                    )

    def by_key_prefix(self, prefix: str) -> SObject | None:
        """The sObject whose Ids start with these three characters."""
        return next((o for o in self.objects.values() if o.key_prefix == prefix), None)
