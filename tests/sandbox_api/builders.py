"""Records with complete defaults, as bodies of requests."""

from __future__ import annotations

from typing import Any

from sandbox.server import LocalOrgServer


def an_account(**values: Any) -> dict[str, Any]:
    return {"Name": "Aurora Devices", "External_Id__c": "HD-1"} | values


def an_order(account_id: str, **values: Any) -> dict[str, Any]:
    return {
        "AccountId": account_id,
        "EffectiveDate": "2030-01-31",
        "Status": "PENDING VALIDATION",
    } | values


def seed_tender(server: LocalOrgServer, proposals: int = 3) -> dict[str, str]:
    """One order that awaits proposals, with its designer, manufacturers and proposals.

    References: hd, o, m0, m1, …, p0, p1, …; prices are 100.10, 101.10, …
    """
    records: list[dict[str, Any]] = [
        {
            "attributes": {"type": "Account", "referenceId": "hd"},
            "Name": "Aurora Devices",
            "External_Id__c": "HD-1",
            "RecordType": {"DeveloperName": "Hardware_Designer"},
        },
        {
            "attributes": {"type": "Order", "referenceId": "o"},
            "AccountId": "@hd",
            "External_Id__c": "O-1",
            "EffectiveDate": "2030-01-31",
            "Status": "AWAITING PROPOSALS",
        },
    ]
    for number in range(proposals):
        records.append(
            {
                "attributes": {"type": "Account", "referenceId": f"m{number}"},
                "Name": f"Manufacturer {number}",
                "External_Id__c": f"MS-{number}",
                "Qualification_Status__c": "Qualified",
                "RecordType": {"DeveloperName": "Manufacturer"},
            }
        )
        records.append(
            {
                "attributes": {"type": "Order_Proposal__c", "referenceId": f"p{number}"},
                "Order__c": "@o",
                "Manufacturer__c": f"@m{number}",
                "External_Id__c": f"P-{number}",
                "Price__c": f"{100 + number}.10",
            }
        )
    return server.org.seed({"records": records})
