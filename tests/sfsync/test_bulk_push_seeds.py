"""Whatever happens to jobs and pushes: in the end every write is in the org, or refused by name."""

from __future__ import annotations

import os
import random
import time
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine, delete

from config.clock import FrozenClock
from config.database import transaction
from sandbox.server import LocalOrgServer
from sfsync import bulk_push
from sfsync.errors import SalesforceError
from sfsync.leases import LEASE_S
from sfsync.outbox import OutboxWrite, WriteState, enqueue
from sfsync.queries import query
from tests.acceptance.market import INTEGRATION
from tests.control import add_fault, control
from tests.sfsync.simulation import Killed, killing
from tests.sfsync.test_bulk_push import dying, rows_of
from tests.sfsync.test_push import NOW, run

#: Seeds of one slow run on each database; `SEEDS=` asks for more.
SEEDS = int(os.environ.get("SEEDS", "40"))
ROWS = 30
PATHS = ("jobs/ingest", "/batches", "Results", "composite", "/query", "/services/data")
FAULTS: tuple[dict[str, Any], ...] = (
    {"action": "drop_before", "times": 4},
    {"action": "drop_after", "times": 4},
    {"action": "drop_after", "times": 1},
    {"action": "status", "status": 500, "body": "<h1>no</h1>", "times": 1},
    {"action": "status", "status": 503, "times": 4},
    {"action": "REQUEST_LIMIT_EXCEEDED", "times": 1},
    {"action": "UNABLE_TO_LOCK_ROW", "inner": True, "probability": 0.2, "times": 5},
    {"action": "expire_session", "times": 1},
    {"action": "truncated_body", "keep": 0.6, "times": 2},
)
FAULTS_OF_RESULTS: tuple[dict[str, Any], ...] = (
    {"action": "truncated_bulk_results", "keep": 0.5, "times": 2, "path": "Results"},
    {"action": "shuffled_bulk_results", "path": "jobs/ingest"},
)


def note_all(engine: Engine, die: random.Random) -> dict[str, dict[str, Any]]:
    """Notes accounts of which some will be refused; their values by key."""
    noted: dict[str, dict[str, Any]] = {}
    with transaction(engine) as session:
        for n in range(ROWS):
            values: dict[str, Any] = {"Name": f"N{die.random()}"}
            values |= {"BillingCity": die.choice(["NA", "#N/A", 'a,"b"', "🙂"])} if n % 3 else {}
            values |= {"CurrencyIsoCode": "XXX"} if n % 7 == 0 else {}
            noted[f"A-{n:02d}"] = values
            enqueue(session, "Account", f"A-{n:02d}", values, "orders.xlsx")
    return noted


def push_in_trouble(
    die: random.Random, org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> None:
    """One push that may be refused, cut off or killed anywhere."""
    if die.random() < 0.7:
        add_fault(org, path=die.choice(PATHS), user=INTEGRATION, **die.choice(FAULTS))
    if die.random() < 0.4:
        add_fault(org, **die.choice(FAULTS_OF_RESULTS))
    statement = die.randint(1, 40) if die.random() < 0.3 else None
    call = die.randint(1, 8) if die.random() < 0.3 else 0
    try:
        with killing(engine, statement), dying(sf, call, is_answered=die.random() < 0.5):
            run(sf, engine, clock)
    except (SalesforceError, Killed):
        pass
    control(org, "DELETE", "faults")
    clock.advance(die.choice([1, 60, LEASE_S + 1]))


def play(
    seed: int, org: LocalOrgServer, sf: Salesforce, engine: Engine, clock: FrozenClock
) -> list[str]:
    """What is otherwise than it should be at the end of one seed's life."""
    control(org, "POST", "bulk", {"inline": True})
    die = random.Random(seed)
    noted = note_all(engine, die)
    for _ in range(die.randint(1, 5)):
        push_in_trouble(die, org, sf, engine, clock)
    for _ in range(4):
        clock.advance(4_000)
        run(sf, engine, clock)
    found = query(sf, "SELECT Id, External_Id__c, Name, BillingCity FROM Account")
    return differences(rows_of(engine), noted, {row["External_Id__c"]: row for row in found})


def differences(
    rows: list[OutboxWrite], noted: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]
) -> list[str]:
    wrong = []
    for row in rows:
        values, record = noted[row.external_id], found.get(row.external_id)
        if "CurrencyIsoCode" in values:
            is_right = row.state == WriteState.REJECTED and record is None
        else:
            is_right = (
                row.state == WriteState.SENT
                and record is not None
                and (record["Id"], record["Name"], record["BillingCity"])
                == (row.salesforce_id, values["Name"], values.get("BillingCity"))
            )
        if not is_right:
            wrong.append(f"{row.external_id} is {row.state} with {row.error_message}: {record}")
    return wrong


@pytest.fixture(autouse=True)
def _job_for_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs pay at once, so that few records tell all."""
    monkeypatch.setattr(bulk_push, "INGEST_CALLS", 0)


@pytest.mark.parametrize("seed", range(3))
def test_every_write_arrives_or_is_refused_after_a_life_of_trouble(
    seed: int, org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    assert play(seed, org, sf, engine, FrozenClock(NOW)) == []


@pytest.mark.slow
def test_every_write_arrives_or_is_refused_for_many_seeds(
    org: LocalOrgServer, sf: Salesforce, engine: Engine
) -> None:
    # Half of the time for each database; the other slow suites run beside this one.
    deadline_s = time.monotonic() + float(os.environ.get("BUDGET", "20")) * 60 / 2
    for seed in range(1_000, 1_000 + SEEDS):
        org.reset()
        with transaction(engine) as session:
            session.execute(delete(OutboxWrite))
        assert play(seed, org, sf, engine, FrozenClock(NOW)) == [], f"seed {seed}"
        if time.monotonic() >= deadline_s:
            pytest.skip(f"seeds up to {seed} fitted into BUDGET minutes")
