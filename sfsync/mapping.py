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
    TEXT = "text"  #: text as it is; several picklist values stand in one, with ; between
    #: an exact number; an amount is in the record's own currency, 24 per cent are 24
    DECIMAL = "decimal"
    FLAG = "flag"  #: a checkbox; never empty in Salesforce
    DATE = "date"  #: a calendar date without a zone, never shifted by one
    INSTANT = "instant"  #: an aware UTC instant; the org keeps whole seconds and spells .000
    TIME = "time"  #: a time of day without a zone, to the millisecond


#: The types of describe that each kind holds. The compounds address and location are in none: their
#: parts are fields of their own, and exports leave the whole out.
#: Source: Object Reference, "Field Types"; Bulk API 2.0 guide, "Considerations" (read 2026-11).
DESCRIBED_TYPES: dict[Kind, frozenset[str]] = {
    Kind.ID: frozenset({"id", "reference"}),
    Kind.TEXT: frozenset(
        {
            "combobox",
            "email",
            "encryptedstring",
            "multipicklist",
            "phone",
            "picklist",
            "string",
            "textarea",
            "url",
        }
    ),
    Kind.DECIMAL: frozenset({"currency", "double", "int", "long", "percent"}),
    Kind.FLAG: frozenset({"boolean"}),
    Kind.DATE: frozenset({"date"}),
    Kind.INSTANT: frozenset({"datetime"}),
    Kind.TIME: frozenset({"time"}),
}


@dataclass(frozen=True)
class Reading:
    """What a formula reads of a parent."""

    lookup: str  #: our column with the parent's Id
    sobject: str  #: the parent's
    columns: tuple[str, ...]  #: ours of the parent; a change of one may change the formula


@dataclass(frozen=True)
class Formula:
    """What else than its own record a formula follows; none of it moves the record's stamp."""

    parents: tuple[Reading, ...] = ()
    follows_time: bool = False  #: reads TODAY() or NOW()


@dataclass(frozen=True)
class FieldMap:
    """One column of the replica and the field it mirrors.

    A path such as RecordType.DeveloperName is read through a lookup and never written; a formula is
    never written either.
    """

    column: str
    path: str
    kind: Kind = Kind.TEXT
    formula: Formula | None = None


@dataclass(frozen=True)
class Mapping:
    """One sObject and its replica table."""

    sobject: str
    table: str
    fields: tuple[FieldMap, ...]
    #: The field that carries our key, and by which records are written.
    external_id: str = "External_Id__c"
    #: Fields that the org has beside these; `sfsync.schema` fills them in. Their values stand
    #: together in the column `extra`, by API name.
    extra: tuple[FieldMap, ...] = ()
    #: Fields of `extra` that are not read at present and keep their last values.
    kept: frozenset[str] = frozenset()

    @property
    def paths(self) -> tuple[str, ...]:
        """What a query selects, in the order of the columns."""
        return tuple(each.path for each in (*self.fields, *self.extra))

    @property
    def identity(self) -> frozenset[str]:
        """The fields that no row can do without."""
        return frozenset({"Id", "IsDeleted", "SystemModstamp", self.external_id})

    @property
    def formulas(self) -> tuple[FieldMap, ...]:
        """The fields whose values may change while the record's stamp stays."""
        return tuple(each for each in self.fields if each.formula is not None)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """What its formulas read of parents."""
        return tuple(r for each in self.fields if each.formula for r in each.formula.parents)


SYSTEM_FIELDS = (
    FieldMap("salesforce_id", "Id", Kind.ID),
    FieldMap("is_deleted", "IsDeleted", Kind.FLAG),
    FieldMap("created_at", "CreatedDate", Kind.INSTANT),
    FieldMap("created_by_id", "CreatedById", Kind.ID),
    FieldMap("last_modified_at", "LastModifiedDate", Kind.INSTANT),
    FieldMap("last_modified_by_id", "LastModifiedById", Kind.ID),
    FieldMap("system_modstamp", "SystemModstamp", Kind.INSTANT),
    FieldMap("external_id", "External_Id__c"),
    #: of every amount of the record
    FieldMap("currency", "CurrencyIsoCode"),
    FieldMap("sync_write", "Sync_Write__c"),
    FieldMap("owner_id", "OwnerId", Kind.ID),
)
#: User or Queue: whose Id the polymorphic OwnerId is.
OWNER_TYPE = FieldMap("owner_type", "Owner.Type")

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
        FieldMap("billing_street", "BillingStreet"),
        FieldMap("billing_city", "BillingCity"),
        FieldMap("billing_state", "BillingState"),
        FieldMap("billing_postal_code", "BillingPostalCode"),
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
        FieldMap("decided_currency", "Decided_Currency__c"),
        OWNER_TYPE,
        FieldMap(
            "days_to_deadline", "Days_To_Deadline__c", Kind.DECIMAL, Formula(follows_time=True)
        ),
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
        OWNER_TYPE,
        FieldMap(
            "order_status",
            "Order_Status__c",
            formula=Formula((Reading("order_id", "Order", ("status",)),)),
        ),
        FieldMap(
            "manufacturer_qualification",
            "Manufacturer_Qualification__c",
            formula=Formula((Reading("manufacturer_id", "Account", ("qualification_status",)),)),
        ),
    ),
)

#: Parents before children: the order of pulls and of pushes.
MAPPINGS = (ACCOUNT, ORDER, ORDER_PROPOSAL)
BY_SOBJECT = {mapping.sobject: mapping for mapping in MAPPINGS}

#: Fields that an org may lack without anything being wrong, and why; their columns are empty then.
OPTIONAL = {"CurrencyIsoCode": "the org has one currency"}

#: Where a record of a mapped sObject shows what could not be saved on it, and since when.
NOTE_FIELD = "Sync_Problem__c"
SINCE_FIELD = "Sync_Problem_Since__c"

#: Fields of our own metadata that are not mirrored, and why. What else an org has of custom fields
#: is mirrored in the column `extra`.
_NOTES = dict.fromkeys((NOTE_FIELD, SINCE_FIELD), "written from the outbox, which knows it")
LEFT_OUT = {
    "Account": _NOTES,
    "Order": _NOTES,
    "Order_Proposal__c": {
        **_NOTES,
        "Price_Figure__c": "for formulas of other objects only; it repeats price",
    },
}

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
