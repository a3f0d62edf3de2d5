"""Records of a data plan with complete defaults: a call that closed on Monday 2025-03-10.

`ref` names a record within a test; it is also its external ID, so that tests find it again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

WARSAW = ZoneInfo("Europe/Warsaw")
MONDAY, TUESDAY, WEDNESDAY = "2025-03-10", "2025-03-11", "2025-03-12"
#: Friday morning: well before the call closes.
SUBMITTED = "2025-03-07 10:00"

Record = dict[str, Any]


def local(text: str) -> str:
    """A wall-clock time of the business zone as an ISO instant with its offset."""
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW).isoformat()


def a_record(sobject: str, ref: str, **values: Any) -> Record:
    return {
        "attributes": {"type": sobject, "referenceId": ref},
        "External_Id__c": ref,
    } | values


def a_designer(ref: str = "hd", **values: Any) -> Record:
    facts = {"Name": "Aurora Devices", "RecordType": {"DeveloperName": "Hardware_Designer"}}
    return a_record("Account", ref, **facts | values)


def a_maker(ref: str, **values: Any) -> Record:
    facts = {
        "Name": f"Maker {ref}",
        "RecordType": {"DeveloperName": "Manufacturer"},
        "Qualification_Status__c": "Qualified",
    }
    return a_record("Account", ref, **facts | values)


def an_order(ref: str = "o1", **values: Any) -> Record:
    facts = {
        "AccountId": "@hd",
        "Name": f"Lamp {ref}",
        "EffectiveDate": MONDAY,
        "Status": "AWAITING PROPOSALS",
        "CurrencyIsoCode": "EUR",
        "CreatedDate": local("2025-02-20 09:00"),
        "LastModifiedDate": local("2025-02-20 09:00"),
        "SystemModstamp": local("2025-02-20 09:00"),
    }
    return a_record("Order", ref, **facts | values)


def a_proposal(
    ref: str, maker: str, price: str | None, at: str = SUBMITTED, order: str = "o1", **values: Any
) -> Record:
    """A proposal of that maker, made and last touched at `at` (business zone)."""
    made_at = local(at)
    facts = {
        "Order__c": f"@{order}",
        "Manufacturer__c": f"@{maker}",
        "Price__c": price,
        "CurrencyIsoCode": "EUR",
        "Submitted_At__c": made_at,
        "CreatedDate": made_at,
        "LastModifiedDate": made_at,
        "SystemModstamp": made_at,
    }
    return a_record("Order_Proposal__c", ref, **facts | values)
