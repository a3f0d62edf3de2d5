"""The rivals: each job written the obvious way with simple-salesforce, one call per record.

Owns fairness. A rival reads the same org over the same plain HTTP, keeps its connection open, and
does less than we do: it checks no rule, stores no reason and guards against nobody.

    ORG_URL=http://127.0.0.1:8080 ORG_TOKEN=00D… python -m bench.rivals select 2025-03-11
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.format import format_soql

PULLED = {
    "Account": "Id, Name, External_Id__c, RecordType.DeveloperName, Rating__c, SystemModstamp",
    "Order": (
        "Id, OrderNumber, Name, External_Id__c, AccountId, Status, EffectiveDate, Budget__c, "
        "CurrencyIsoCode, Proposal__c, Manufacturer__c, Awarded_Price__c, SystemModstamp"
    ),
    "Order_Proposal__c": (
        "Id, Name, External_Id__c, Order__c, Manufacturer__c, Price__c, CurrencyIsoCode, "
        "Status__c, Submitted_At__c, Valid_Until__c, Lead_Time_Days__c, SystemModstamp"
    ),
}


class PlainHttp(HTTPAdapter):
    """simple-salesforce spells every address https://; the local org also speaks plain HTTP."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """The same request, unencrypted, as our side sends it."""
        request.url = (request.url or "").replace("https://", "http://", 1)
        return super().send(request, **options)


def log_in() -> Salesforce:
    """A connection with the token that was handed over."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", PlainHttp())
    return Salesforce(
        instance=urlsplit(os.environ["ORG_URL"]).netloc,
        session_id=os.environ["ORG_TOKEN"],
        session=session,
        version="62.0",
    )


def select(sf: Any, business_date: str) -> None:
    """Per due order: read its proposals, update the winner's order, update every proposal."""
    due = sf.query_all(
        format_soql(
            "SELECT Id FROM Order WHERE Status = 'AWAITING PROPOSALS' "
            "AND EffectiveDate < {:literal}",
            business_date,
        )
    )
    for order in due["records"]:
        proposals = sf.query_all(
            format_soql(
                "SELECT Id, Price__c, Manufacturer__c FROM Order_Proposal__c "
                "WHERE Order__c = {} ORDER BY Price__c, Id",
                order["Id"],
            )
        )["records"]
        if not proposals:
            sf.Order.update(order["Id"], {"Status": "CANCELLED NO PROPOSALS"})
            continue
        winner = proposals[0]
        awarded = {
            "Status": "MANUFACTURER SELECTED",
            "Proposal__c": winner["Id"],
            "Manufacturer__c": winner["Manufacturer__c"],
        }
        sf.Order.update(order["Id"], awarded)
        for proposal in proposals:
            fate = "Won" if proposal is winner else "Rejected"
            sf.Order_Proposal__c.update(proposal["Id"], {"Status__c": fate})


def pull(sf: Any, database: str) -> None:
    """Read everything again and replace every row."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for sobject, fields in PULLED.items():
            names = [name.strip().replace(".", "_") for name in fields.split(",")]
            columns, marks = ", ".join(names), ", ".join("?" * len(names))
            key = "PRIMARY KEY (Id)"
            connection.execute(f'CREATE TABLE IF NOT EXISTS "{sobject}" ({columns}, {key})')
            for row in sf.query_all(f"SELECT {fields} FROM {sobject}")["records"]:  # noqa: S608
                values = [pick(row, path.strip()) for path in fields.split(",")]
                connection.execute(f'REPLACE INTO "{sobject}" VALUES ({marks})', values)  # noqa: S608


def pick(row: dict[str, Any], path: str) -> Any:
    """A field of the row or of its parent."""
    found: Any = row
    for part in path.split("."):
        found = found.get(part) if found else None
    return found


def push(sf: Any, workbook: str) -> None:
    """Upsert each customer and each order of a sheet by external ID, one call for each."""
    import openpyxl  # only this rival needs it

    sheet: Any = openpyxl.load_workbook(workbook, read_only=True).worksheets[0]
    rows = sheet.iter_rows(values_only=True)
    known: set[str] = set()
    next(rows)
    for number, customer, title, budget, currency, until in rows:
        key = customer.replace(" ", "-")
        if key not in known:
            known.add(key)
            kind = {"DeveloperName": "Hardware_Designer"}
            record = {"Name": customer, "RecordType": kind}
            sf.Account.upsert(f"External_Id__c/{key}", record)
        order = {
            "Account": {"External_Id__c": key},
            "Name": title,
            "EffectiveDate": until.date().isoformat(),
            "Status": "PENDING VALIDATION",
            "Budget__c": budget,
            "CurrencyIsoCode": currency,
        }
        sf.Order.upsert(f"External_Id__c/{number}", order)


def idle(sf: Any, _: str) -> None:
    """What a rival costs before it does anything."""


RIVALS: dict[str, Callable[[Any, str], None]] = {
    "idle": idle,
    "select": select,
    "pull": pull,
    "push": push,
}

if __name__ == "__main__":
    RIVALS[sys.argv[1]](log_in(), sys.argv[2])
