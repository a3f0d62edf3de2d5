"""Which fields of which sObjects are kept here, and under which names, as data.

Owns the list. The replica's tables, its queries and the doctor's needs follow from it, so a field
of the replica is added here and by a migration, nowhere else. What the selection reads and writes
stands in `selection_reads` and `selection_writes`, what an import writes in `imports`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a value travels and is stored."""

    ID = "id"  #: an 18-character record Id
    TEXT = "text"  #: text of any length, picklist values included
    DECIMAL = "decimal"  #: an exact number: currency, number, percent
    FLAG = "flag"  #: a checkbox; never empty in Salesforce
    DATE = "date"  #: a calendar date without a zone
    INSTANT = "instant"  #: an aware UTC instant


@dataclass(frozen=True)
class FieldMap:
    """One column of the replica and the field it mirrors.

    A path such as RecordType.DeveloperName is read through a lookup and never written.
    """

    column: str
    path: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True)
class Mapping:
    """One sObject and its replica table."""

    sobject: str
    table: str
    fields: tuple[FieldMap, ...]
    #: The field that carries our key, and by which records are written.
    external_id: str = "External_Id__c"

    @property
    def paths(self) -> tuple[str, ...]:
        """What a query selects, in the order of the columns."""
        return tuple(each.path for each in self.fields)


SYSTEM_FIELDS = (
    FieldMap("salesforce_id", "Id", Kind.ID),
    FieldMap("is_deleted", "IsDeleted", Kind.FLAG),
    FieldMap("created_at", "CreatedDate", Kind.INSTANT),
    FieldMap("created_by_id", "CreatedById", Kind.ID),
    FieldMap("last_modified_at", "LastModifiedDate", Kind.INSTANT),
    FieldMap("last_modified_by_id", "LastModifiedById", Kind.ID),
    FieldMap("system_modstamp", "SystemModstamp", Kind.INSTANT),
    FieldMap("external_id", "External_Id__c"),
    FieldMap("currency", "CurrencyIsoCode"),
    FieldMap("sync_write", "Sync_Write__c"),
)

ACCOUNT = Mapping(
    "Account",
    "sf_account",
    (
        *SYSTEM_FIELDS,
        FieldMap("name", "Name"),
        FieldMap("record_type", "RecordType.DeveloperName"),
        FieldMap("qualification_status", "Qualification_Status__c"),
        FieldMap("rating", "Rating__c", Kind.DECIMAL),
        FieldMap("payout_account", "Payout_Account__c"),
        FieldMap("payouts_ready", "Payouts_Ready__c", Kind.FLAG),
        FieldMap("description", "Description"),
        FieldMap("billing_country", "BillingCountry"),
    ),
)

ORDER = Mapping(
    "Order",
    "sf_order",
    (
        *SYSTEM_FIELDS,
        FieldMap("order_number", "OrderNumber"),
        FieldMap("name", "Name"),
        FieldMap("description", "Description"),
        FieldMap("account_id", "AccountId", Kind.ID),
        FieldMap("status", "Status"),
        FieldMap("effective_on", "EffectiveDate", Kind.DATE),
        FieldMap("proposal_id", "Proposal__c", Kind.ID),
        FieldMap("manufacturer_id", "Manufacturer__c", Kind.ID),
        FieldMap("manufacturer_selected_at", "Manufacturer_Selected_Date__c", Kind.INSTANT),
        FieldMap("budget", "Budget__c", Kind.DECIMAL),
        FieldMap("marketing_channel", "Marketing_Channel__c"),
        FieldMap("deposit_required", "Deposit_Required__c", Kind.FLAG),
        FieldMap("deposit_amount", "Deposit_Amount__c", Kind.DECIMAL),
        FieldMap("deposit_status", "Deposit_Status__c"),
        FieldMap("manufacturing_stage", "Manufacturing_Stage__c"),
        FieldMap("qa_result", "QA_Result__c"),
        FieldMap("selection_run_id", "Selection_Run__c", Kind.ID),
        FieldMap("decided_due_on", "Decided_Due_Date__c", Kind.DATE),
        FieldMap("price_at_decision", "Price_At_Decision__c", Kind.DECIMAL),
        FieldMap("awarded_price", "Awarded_Price__c", Kind.DECIMAL),
        FieldMap("selection_reason", "Selection_Reason__c"),
        FieldMap("selection_note", "Selection_Note__c"),
    ),
)

ORDER_PROPOSAL = Mapping(
    "Order_Proposal__c",
    "sf_order_proposal",
    (
        *SYSTEM_FIELDS,
        FieldMap("name", "Name"),
        FieldMap("order_id", "Order__c", Kind.ID),
        FieldMap("manufacturer_id", "Manufacturer__c", Kind.ID),
        FieldMap("price", "Price__c", Kind.DECIMAL),
        FieldMap("description", "Description__c"),
        FieldMap("status", "Status__c"),
        FieldMap("lead_time_days", "Lead_Time_Days__c", Kind.DECIMAL),
        FieldMap("submitted_at", "Submitted_At__c", Kind.INSTANT),
        FieldMap("valid_until_on", "Valid_Until__c", Kind.DATE),
        FieldMap("exclusion_code", "Exclusion_Code__c"),
        FieldMap("exclusion_reason", "Exclusion_Reason__c"),
        FieldMap("rank", "Rank__c", Kind.DECIMAL),
    ),
)

#: Parents before children: the order of pulls and of pushes.
MAPPINGS = (ACCOUNT, ORDER, ORDER_PROPOSAL)
BY_SOBJECT = {mapping.sobject: mapping for mapping in MAPPINGS}

#: What may be pushed through the outbox, parents first, with the field that carries our key.
PUSH_ORDER = {
    "Account": "External_Id__c",
    "Order": "External_Id__c",
    "Order_Proposal__c": "External_Id__c",
    "Case": "External_Id__c",
}

#: Where a lookup given by external ID points: `{"Account": {"External_Id__c": "HD-1"}}`.
REFERENCES = {
    "Account": "Account",
    "Order__r": "Order",
    "Manufacturer__r": "Account",
    "Proposal__r": "Order_Proposal__c",
}


def lookup_field(relation: str) -> str:
    """The field that holds the Id of a relation: AccountId of Account, Order__c of Order__r."""
    return f"{relation[:-1]}c" if relation.endswith("__r") else f"{relation}Id"


def find_references(values: dict[str, object]) -> Iterator[tuple[str, str]]:
    """The records that `values` point at by external ID, as (sObject, external ID)."""
    for name, value in values.items():
        if isinstance(value, dict) and name in REFERENCES:
            sobject = REFERENCES[name]
            yield sobject, str(value[PUSH_ORDER[sobject]])
