"""How fast the local org is: `python -m bench.org`, each figure beside the bar that it must clear.

Owns the way of measuring: the org is a process of its own, asked over HTTP on loopback by a client
that throws the answers away; orders are written straight into its data folder before it starts.
Memory is the most that the process ever held (Linux only).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import requests

from sandbox.api.sessions import ADMIN_USERNAME
from sandbox.metadata import load_schema
from sandbox.org.ids import make_id
from sandbox.org.org import Actor, Org

METADATA = Path(__file__).parent.parent / "salesforce"
VERSION = "v59.0"
COLUMNS = (
    *("Id", "OrderNumber", "Name", "Status", "EffectiveDate", "AccountId", "CurrencyIsoCode"),
    *("External_Id__c", "Budget__c", "Marketing_Channel__c", "Deposit_Required__c"),
    *("Deposit_Amount__c", "Deposit_Status__c", "Manufacturing_Stage__c", "QA_Result__c"),
    *("Awarded_Price__c", "Decided_Due_Date__c", "CreatedDate", "LastModifiedDate"),
    "SystemModstamp",
)
SOQL = f"SELECT {', '.join(COLUMNS)} FROM Order"  # noqa: S608 - fixed names
_PIECE = 10_000
_PAGES = 25
_CALLS = 15
_ROWS_PER_CALL = 200


@dataclass(frozen=True)
class Figure:
    """One measured value and the bar it has to clear."""

    name: str
    value: float
    unit: str
    bar: float
    is_ceiling: bool = False

    @property
    def is_good(self) -> bool:
        """True when the bar is cleared."""
        return self.value <= self.bar if self.is_ceiling else self.value >= self.bar

    def __str__(self) -> str:
        verdict = "ok" if self.is_good else "MISSED"
        sign = "≤" if self.is_ceiling else "≥"
        return (
            f"{self.name:<46} {self.value:>10,.2f} {self.unit:<7} {sign} {self.bar:,g}  {verdict}"
        )


class Server:
    """A running org and the one client that measures it."""

    def __init__(self, data: Path | None) -> None:
        command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--tls-port", "0"]
        command += ["--metadata", str(METADATA), *(["--data", str(data)] if data else [])]
        started = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        line = json.loads(self._stdout.readline())
        self.start_s = time.perf_counter() - started
        self.url = f"{line['url']}/services/data/{VERSION}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {line['access_token']}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One call that must succeed."""
        answer = self.session.request(method, f"{self.url}/{path}", timeout=600, **options)
        answer.raise_for_status()
        return answer

    def close(self) -> None:
        """End the process."""
        self.session.close()
        self.process.terminate()
        self.process.wait(30)
        self._stdout.close()

    @property
    def _stdout(self) -> IO[str]:
        if self.process.stdout is None:
            raise RuntimeError("the org was started without a pipe")
        return self.process.stdout

    @property
    def peak_mb(self) -> float:
        """The most memory that the process ever held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024


@contextmanager
def serve(data: Path | None) -> Iterator[Server]:
    """An org for the time of the block."""
    server = Server(data)
    try:
        yield server
    finally:
        server.close()


def fill(folder: Path, count: int) -> None:
    """Put `count` orders into a data folder that no org uses."""
    org = Org(load_schema([METADATA]), folder)
    try:
        add_orders(org, count)
    finally:
        org.close()


def add_orders(org: Org, count: int) -> None:
    """Put `count` orders into an org as a past that nobody recorded: no rule sees them."""
    admin = _admin(org)
    account = org.insert(admin, "Account", {"Name": "Aurora Devices"})
    table = org.store.table(org.core.sobject("Order"))
    blank = table.blank() | {"OwnerId": admin.user_id}
    for start in range(0, count, _PIECE):
        with org.transaction():
            numbers = range(start, min(start + _PIECE, count))
            table.insert(blank | _order(number, account) for number in numbers)


def _admin(org: Org) -> Actor:
    user_id = org.find_user(ADMIN_USERNAME)
    if user_id is None:
        raise LookupError(f"the org has no user {ADMIN_USERNAME}")
    return org.actor(user_id)


def _order(number: int, account: str) -> dict[str, object]:
    stamp = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    return {
        "Id": make_id("801", number + 1),
        "OrderNumber": f"{number:08d}",
        "Name": f"Lamp {number}",
        "Status": "PENDING VALIDATION",
        "EffectiveDate": date(2026, 12, 1),
        "AccountId": account,
        "CurrencyIsoCode": "EUR",
        "External_Id__c": f"O-{number}",
        "Budget__c": Decimal(number) / 100,
        "Marketing_Channel__c": "Referral",
        "Deposit_Required__c": number % 2 == 0,
        "Deposit_Amount__c": Decimal("99.90"),
        "Deposit_Status__c": "Paid",
        "Manufacturing_Stage__c": "EVT",
        "QA_Result__c": "Pending",
        "Awarded_Price__c": Decimal("1250.00"),
        "Decided_Due_Date__c": date(2026, 12, 1),
        "CreatedDate": stamp,
        "LastModifiedDate": stamp,
        "SystemModstamp": stamp,
    }


def export(server: Server) -> tuple[int, float]:
    """A bulk query from its creation to the last byte: rows and seconds."""
    started = time.perf_counter()
    body = {"operation": "query", "query": SOQL}
    job = server.call("POST", "jobs/query", json=body).json()["id"]
    while (info := server.call("GET", f"jobs/query/{job}").json())["state"] != "JobComplete":
        if info["state"] in {"Failed", "Aborted"}:
            raise RuntimeError(info)
        time.sleep(0.05)
    rows, locator = 0, ""
    while locator != "null":
        params = {"locator": locator} if locator else {}
        page = server.call("GET", f"jobs/query/{job}/results", params=params, stream=True)
        for _ in page.iter_content(256 * 1024):
            pass
        rows += int(page.headers["Sforce-NumberOfRecords"])
        locator = page.headers["Sforce-Locator"]
    return rows, time.perf_counter() - started


def read_pages(server: Server) -> tuple[int, float]:
    """REST query pages after the first: rows and seconds."""
    page = server.call("GET", "query", params={"q": SOQL}).json()
    started, rows = time.perf_counter(), 0
    for _ in range(_PAGES):
        if page["done"]:
            break
        answer = server.call("GET", page["nextRecordsUrl"].partition(f"{VERSION}/")[2])
        rows += 2_000
        page = answer.json()
    return rows, time.perf_counter() - started


def create_orders(server: Server) -> tuple[int, float]:
    """Orders of ten fields created by collections: rows and seconds.

    They are the first calls of a fresh org, and nobody has a permission that bypasses a rule: each
    row has its picklists, its account, its unique external ID and every validation rule checked.
    """
    account = server.call("POST", "sobjects/Account", json={"Name": "B"}).json()["id"]
    bodies = [
        {"records": [new_order(number, account) for number in range(start, start + _ROWS_PER_CALL)]}
        for start in range(0, _CALLS * _ROWS_PER_CALL, _ROWS_PER_CALL)
    ]
    started = time.perf_counter()
    for body in bodies:
        saved = server.call("POST", "composite/sobjects", json=body).json()
        if not all(one["success"] for one in saved):
            raise RuntimeError(saved)
    return _CALLS * _ROWS_PER_CALL, time.perf_counter() - started


def new_order(number: int, account: str) -> dict[str, object]:
    """An order as a load sends it."""
    last_day = date.today() + timedelta(days=30)  # noqa: DTZ011 - far enough in any zone
    return {
        "attributes": {"type": "Order"},
        "AccountId": account,
        "Name": f"Lamp {number}",
        "External_Id__c": f"O-{number}",
        "EffectiveDate": str(last_day),
        "Status": "PENDING VALIDATION",
        "CurrencyIsoCode": "EUR",
        "Budget__c": number,
        "Marketing_Channel__c": "Referral",
        "Deposit_Required__c": number % 2 == 0,
        "Deposit_Amount__c": 99,
    }


def measure(rows: int, memory_rows: int) -> Iterator[Figure]:
    """All figures, one after the other."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)):
        pass  # the first start makes certificates, which the next ones find
    with serve(None) as server:
        yield Figure("start with our metadata", server.start_s, "s", 2, is_ceiling=True)
        created, seconds = create_orders(server)
        yield Figure("collections create, all rules", created / seconds, "rows/s", 3_000)
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), rows)
        with serve(Path(folder)) as server:
            read, seconds = read_pages(server)
            yield Figure("REST query pages", read / seconds, "rows/s", 15_000)
            read, seconds = export(server)
            name = f"bulk export of {read:,} x {len(COLUMNS)}"
            yield Figure(name, read / seconds, "rows/s", 25_000)
    if memory_rows:
        yield from measure_memory(memory_rows)


def measure_memory(rows: int) -> Iterator[Figure]:
    """What a large export costs in memory."""
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), rows)
        with serve(Path(folder)) as server:
            read, seconds = export(server)
            name = f"bulk export of {read:,} x {len(COLUMNS)}"
            yield Figure(name, read / seconds, "rows/s", 25_000)
            yield Figure("memory while doing so", server.peak_mb, "MB", 400, is_ceiling=True)


def main() -> int:
    """Print every figure; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.org", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--memory-rows", type=int, default=1_000_000, help="0 leaves it out")
    given = parser.parse_args()
    figures = []
    for figure in measure(given.rows, given.memory_rows):
        print(figure, flush=True)
        figures.append(figure)
    return 0 if all(figure.is_good for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
