"""The rivals of a full load: what one writes in half an hour with simple-salesforce and sqlite3.

Owns fairness: the same org over the same plain HTTP, the same rows, one index, no proof of
completeness, no place to continue from, no deleted rows, text as it comes. Which columns it reads
(twenty, or those that are given) and how long it waits for the export are parameters, so that
neither decides.

    ORG_URL=http://127.0.0.1:8080 ORG_TOKEN=00D… python -m bench.sync_rivals bulk rival.db few 0.2
"""

from __future__ import annotations

import csv
import io
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from bench.rivals import log_in

FEW = (
    *("Id", "OrderNumber", "Name", "Status", "EffectiveDate", "AccountId", "CurrencyIsoCode"),
    *("External_Id__c", "Budget__c", "Marketing_Channel__c", "Deposit_Required__c"),
    *("Deposit_Amount__c", "Deposit_Status__c", "Manufacturing_Stage__c", "QA_Result__c"),
    *("Awarded_Price__c", "Decided_Due_Date__c", "CreatedDate", "LastModifiedDate"),
    "SystemModstamp",
)


def load_by_bulk(sf: Any, database: str, columns: Sequence[str], wait_s: float) -> None:
    """An export, page by page; one executemany and one commit a page."""
    with closing(open_database(database, columns)) as connection:
        for page in sf.bulk2.Order.query(write_query(columns), wait=wait_s):
            rows = csv.reader(io.StringIO(page, newline=""))
            next(rows)
            with connection:
                connection.executemany(write_upsert(columns), rows)


def load_by_pages(sf: Any, database: str, columns: Sequence[str], _: float) -> None:
    """Pages of the REST API; one executemany and one commit a page."""
    with closing(open_database(database, columns)) as connection:
        for records in read_pages(sf, write_query(columns)):
            rows = ([record[name] for name in columns] for record in records)
            with connection:
                connection.executemany(write_upsert(columns), rows)


def write_query(columns: Sequence[str]) -> str:
    """The SOQL of all orders."""
    return f"SELECT {', '.join(columns)} FROM Order"  # noqa: S608 - fixed names


def write_upsert(columns: Sequence[str]) -> str:
    """The SQL of one row."""
    marks = ", ".join("?" * len(columns))
    news = ", ".join(f'"{name}" = excluded."{name}"' for name in columns[1:])
    return f"INSERT INTO orders VALUES ({marks}) ON CONFLICT (Id) DO UPDATE SET {news}"  # noqa: S608


def open_database(path: str, columns: Sequence[str]) -> sqlite3.Connection:
    """A file with the one table that is wanted."""
    connection = sqlite3.connect(path)
    others = ", ".join(f'"{name}"' for name in columns[1:])
    connection.execute(f"CREATE TABLE IF NOT EXISTS orders (Id TEXT PRIMARY KEY, {others})")
    return connection


def read_pages(sf: Any, query: str) -> Iterator[list[dict[str, Any]]]:
    """The records of each page."""
    page = sf.query(query)
    yield page["records"]
    while not page["done"]:
        page = sf.query_more(page["nextRecordsUrl"], identifier_is_url=True)
        yield page["records"]


RIVALS = {"bulk": load_by_bulk, "pages": load_by_pages}

if __name__ == "__main__":
    kind, file, which, wait = sys.argv[1:]
    RIVALS[kind](log_in(), file, FEW if which == "few" else which.split(","), float(wait))
