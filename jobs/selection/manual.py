"""Records awards that people made by hand as decisions of type MANUAL.

Owns the rule that every award has a decision, whoever made it: an awarded order whose winner no
stored decision names was decided by a person, and their reason is kept.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from jobs.selection.changes import RunStamp
from sfsync.chunks import chunked
from sfsync.client import Salesforce
from sfsync.errors import SalesforceError
from sfsync.records import COLLECTION_SIZE, collections_upsert
from sfsync.selection_reads import read_instant, read_manual_awards
from sfsync.selection_writes import decision_body


def record_manual_awards(sf: Salesforce, since: datetime, stamp: RunStamp, now: datetime) -> int:
    """Store a MANUAL decision for each award by hand since then; answers how many.

    Idempotent: the external ID names order and winner. The order itself is not touched. Raises
    the org's refusal, if there is one: a decision that cannot be stored is a fault in the setup.
    """
    rows = read_manual_awards(sf, since)
    records = [
        {"External_Id__c": f"manual:{row['Id']}:{row['Proposal__c']}"}
        | decision_body(manual_values(row, stamp, now))
        for row in rows
    ]
    for chunk in chunked(records, COLLECTION_SIZE):
        results = collections_upsert(sf, "Selection_Decision__c", "External_Id__c", chunk)
        errors: list[SalesforceError] = [error for each in results for error in each.errors]
        if errors:
            raise errors[0]
    return len(rows)


def manual_values(row: dict[str, Any], stamp: RunStamp, now: datetime) -> dict[str, Any]:
    """What is known of an award by hand: who, whom, when, why."""
    person = (row.get("LastModifiedBy") or {}).get("Name") or "A person"
    reason = row.get("Selection_Reason__c") or "none given"
    proposal = row["Proposal__r"]
    maker = (row.get("Manufacturer__r") or {}).get("Name") or "the manufacturer"
    when = row.get("Manufacturer_Selected_Date__c") or row["LastModifiedDate"]
    return {
        "order_id": row["Id"],
        "run_id": stamp.run_id,
        "type": "MANUAL",
        "outcome": "AWARD",
        "reason": "MANUAL",
        "winner_id": row["Proposal__c"],
        "manufacturer_id": row["Manufacturer__c"],
        "awarded_price": proposal["Price__c"],
        "currency": proposal["CurrencyIsoCode"],
        "explanation": (
            f"{person} awarded order {row['OrderNumber']} by hand "
            f"to {proposal['Name']} of {maker}. "
            f"Reason: {reason}. The selection left the order alone."
        ),
        "decided_at": read_instant(when),
        "business_date": stamp.business_date,
        "code_version": stamp.code_version,
    }
