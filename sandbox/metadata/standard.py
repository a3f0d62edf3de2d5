"""The standard objects of the org, from the JSON files beside this module.

Owns what every record carries (Id, audit fields, history, currency, owner) and the shape of the
JSON: keys are the attributes of `Field`, `readonly` is implied by `createable: false`, and `absent`
lists what Salesforce has here and this org has not. Source: Object Reference for the Salesforce
Platform, developer.salesforce.com/docs/atlas.en-us.object_reference.meta; not compared field by
field with a real org.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.org.schema import Field, FieldType, PicklistValue, SObject, Summary

_FOLDER = Path(__file__).parent / "standard"

#: Currencies that are active in the org. Salesforce keeps them as data (CurrencyType), and no
#: deployable metadata names them. The first one is the corporate currency.
CURRENCIES = {
    "EUR": "Euro",
    "USD": "U.S. Dollar",
    "PLN": "Polish Zloty",
    "GBP": "British Pound",
    "CHF": "Swiss Franc",
    "CZK": "Czech Koruna",
    "JPY": "Japanese Yen",
}
CORPORATE_CURRENCY = "EUR"

#: Which standard value set feeds which picklists.
VALUE_SET_FIELDS: dict[str, tuple[tuple[str, str], ...]] = {
    "AccountOwnership": (("Account", "Ownership"),),
    "AccountRating": (("Account", "Rating"), ("Lead", "Rating")),
    "AccountType": (("Account", "Type"),),
    "CampaignMemberStatus": (("CampaignMember", "Status"),),
    "CampaignStatus": (("Campaign", "Status"),),
    "CampaignType": (("Campaign", "Type"),),
    "CaseOrigin": (("Case", "Origin"),),
    "CasePriority": (("Case", "Priority"),),
    "CaseReason": (("Case", "Reason"),),
    "CaseStatus": (("Case", "Status"),),
    "CaseType": (("Case", "Type"),),
    "ContractStatus": (("Contract", "Status"),),
    "EventSubject": (("Event", "Subject"),),
    "EventType": (("Event", "Type"),),
    "Industry": (("Account", "Industry"), ("Lead", "Industry")),
    "LeadSource": (
        ("Account", "AccountSource"),
        ("Contact", "LeadSource"),
        ("Lead", "LeadSource"),
        ("Opportunity", "LeadSource"),
    ),
    "LeadStatus": (("Lead", "Status"),),
    "OpportunityStage": (("Opportunity", "StageName"),),
    "OpportunityType": (("Opportunity", "Type"),),
    "OrderStatus": (("Order", "Status"),),
    "OrderType": (("Order", "Type"),),
    "Product2Family": (("Product2", "Family"),),
    "QuantityUnitOfMeasure": (("Product2", "QuantityUnitOfMeasure"),),
    "Salutation": (("Contact", "Salutation"), ("Lead", "Salutation")),
    "TaskPriority": (("Task", "Priority"),),
    "TaskStatus": (("Task", "Status"),),
    "TaskSubject": (("Task", "Subject"),),
    "TaskType": (("Task", "Type"),),
}


@dataclass(frozen=True)
class StandardObject:
    """A standard object as Salesforce ships it, before any metadata of ours."""

    sobject: SObject
    business: bool  #: people's data: has a recycle bin
    currency: bool  #: its amounts are in a currency of their own; business data but price books
    history: bool  #: has a history object
    absent: tuple[str, ...]  #: fields of the real object that this org has not


def load_standard_objects() -> list[StandardObject]:
    """Fresh copies of all standard objects, sorted by name."""
    return [_read_object(path) for path in sorted(_FOLDER.glob("*.json"))]


@cache
def absent_fields(sobject: str) -> frozenset[str]:
    """Fields that Salesforce has on a standard object and this org has not: a layout may show
    them."""
    return next(
        (frozenset(s.absent) for s in load_standard_objects() if s.sobject.name == sobject),
        frozenset(),
    )


def _read_object(path: Path) -> StandardObject:
    raw = json.loads(path.read_text(encoding="utf-8"))
    business = bool(raw.pop("business", False))
    currency = bool(raw.pop("currency", business))
    history = bool(raw.pop("history", False))
    absent = tuple(raw.pop("absent", ()))
    audited = raw.pop("audit", True)
    fields = [_read_field(entry) for entry in raw.pop("fields")]
    sobject = SObject(**raw)
    add_fields(sobject, system_fields(recycle_bin=business, audited=audited))
    add_fields(sobject, fields)
    return StandardObject(sobject, business, currency, history, absent)


def _read_field(raw: Mapping[str, Any]) -> Field:
    values = tuple(_read_value(entry) for entry in raw.get("values", ()))
    known = {key: value for key, value in raw.items() if key not in ("type", "values")}
    if "summary" in raw:
        known["summary"] = Summary(**raw["summary"])
    known["reference_to"] = tuple(raw.get("reference_to", ()))
    return Field(type=FieldType(raw["type"]), values=values, **known)


def _read_value(raw: str | Mapping[str, Any]) -> PicklistValue:
    return PicklistValue(raw, raw) if isinstance(raw, str) else PicklistValue(**raw)


def add_fields(sobject: SObject, fields: list[Field]) -> None:
    """Add fields that the object does not have yet."""
    for new in fields:
        if sobject.field(new.name) is None:
            sobject.add_field(new)


def _readonly(name: str, kind: FieldType, label: str, **more: Any) -> Field:
    return Field(name, kind, label, createable=False, updateable=False, **more)


def _user_lookup(name: str, label: str, relationship: str) -> Field:
    return _readonly(
        name,
        FieldType.LOOKUP,
        label,
        reference_to=("User",),
        relationship_name=relationship,
    )


def system_fields(*, recycle_bin: bool, audited: bool) -> list[Field]:
    """The fields that the org itself writes on every record."""
    found = [_readonly("Id", FieldType.ID, "Record ID", length=18)]
    if recycle_bin:
        found.append(_readonly("IsDeleted", FieldType.CHECKBOX, "Deleted", default="false"))
    if audited:
        found += [
            _readonly("CreatedDate", FieldType.DATETIME, "Created Date"),
            _user_lookup("CreatedById", "Created By ID", "CreatedBy"),
            _readonly("LastModifiedDate", FieldType.DATETIME, "Last Modified Date"),
            _user_lookup("LastModifiedById", "Last Modified By ID", "LastModifiedBy"),
        ]
    return [*found, _readonly("SystemModstamp", FieldType.DATETIME, "System Modstamp")]


def owner_field() -> Field:
    """OwnerId, which every record has that is not a detail of a master."""
    return Field(
        "OwnerId",
        FieldType.LOOKUP,
        "Owner ID",
        required=True,
        reference_to=("Group", "User"),
        relationship_name="Owner",
        default="$User.Id",
    )


def setting_fields() -> list[Field]:
    """The fields of a custom setting besides its own: a short name, and whose setting it is.

    Source: Salesforce help, "Custom Settings"; Object Reference, "Custom Settings".
    """
    return [
        Field("Name", FieldType.TEXT, "Name", length=38),
        Field(
            "SetupOwnerId",
            FieldType.LOOKUP,
            "Location",
            reference_to=("Organization", "Profile", "User"),
            relationship_name="SetupOwner",
        ),
    ]


def record_type_field() -> Field:
    """RecordTypeId, which exists only where record types do."""
    return Field(
        "RecordTypeId",
        FieldType.LOOKUP,
        "Record Type ID",
        reference_to=("RecordType",),
        relationship_name="RecordType",
    )


def currency_field(name: str = "CurrencyIsoCode", label: str = "Currency ISO Code") -> Field:
    """The currency that a record's amounts are in; new records take the corporate currency."""
    values = tuple(
        PicklistValue(code, f"{code} - {label}", code == CORPORATE_CURRENCY)
        for code, label in CURRENCIES.items()
    )
    return Field(
        name,
        FieldType.PICKLIST,
        label,
        length=3,
        values=values,
        restricted=True,
        required=True,
        default=f'"{CORPORATE_CURRENCY}"',
    )


def history_object(parent: SObject, prefix: str) -> SObject:
    """The object that records a parent's tracked changes.

    `OrderHistory` points back through OrderId, `Order_Proposal__History` through ParentId. The
    parent lists both as `Histories`. Its key prefix is this org's own: Salesforce shares one.
    """
    name = f"{parent.name[:-1]}History" if parent.custom else f"{parent.name}History"
    back = "ParentId" if parent.custom else f"{parent.name}Id"
    sobject = SObject(
        name,
        f"{parent.label} History",
        f"{parent.label} History",
        prefix,
        name_field="Id",
        createable=False,
        updateable=False,
        deletable=False,
        history_of=parent.name,
    )
    link = _readonly(
        back,
        FieldType.LOOKUP,
        f"{parent.label} ID",
        reference_to=(parent.name,),
        relationship_name=back[:-2],
        child_relationship_name="Histories",
        delete_constraint="Cascade",
    )
    audit = system_fields(recycle_bin=True, audited=True)
    add_fields(sobject, [f for f in audit if not f.name.startswith(("Last", "System"))])
    add_fields(sobject, [link, *_history_values()])
    return sobject


def _history_values() -> list[Field]:
    kinds = tuple(PicklistValue(kind, kind) for kind in ("Text", "EntityId", "DynamicEnum"))
    return [
        _readonly("Field", FieldType.PICKLIST, "Changed Field", length=255),
        _readonly("DataType", FieldType.PICKLIST, "Datatype", length=40, values=kinds),
        _readonly("OldValue", FieldType.TEXT, "Old Value", length=255, holds_any_type=True),
        _readonly("NewValue", FieldType.TEXT, "New Value", length=255, holds_any_type=True),
    ]
