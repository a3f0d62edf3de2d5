"""The speed that the selection's own measurements rest on, under the project's metadata."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import pytest

from sandbox.metadata.loader import load_schema
from sandbox.org.clock import OrgClock
from sandbox.org.org import Org
from tests.sandbox_org.builders import the_user

PROJECT = Path(__file__).parents[2] / "salesforce"


def a_record(kind: str, reference: str, **values: object) -> dict[str, object]:
    return {"attributes": {"type": kind, "referenceId": reference}, **values}


def a_big_plan(orders: int, makers: int) -> list[dict[str, object]]:
    plan = [
        a_record("Account", "hd", Name="HD", RecordType={"DeveloperName": "Hardware_Designer"}),
        a_record("Account", "m", Name="Fabryka", RecordType={"DeveloperName": "Manufacturer"}),
    ]
    order = {"AccountId": "@hd", "Status": "AWAITING PROPOSALS", "EffectiveDate": "2026-03-10"}
    for n in range(orders):
        plan.append(a_record("Order", f"o{n}", Name=f"Order {n}", **order))
        plan.extend(
            a_record(
                "Order_Proposal__c",
                f"o{n}p{m}",
                Order__c=f"@o{n}",
                Manufacturer__c="@m",
                Price__c=100 + m,
            )
            for m in range(makers)
        )
    return plan


@pytest.mark.slow
def test_eleven_thousand_rows_seed_in_10_s_and_480_guarded_saves_take_less_than_a_second() -> None:
    org = Org(load_schema([PROJECT]), None, OrgClock(datetime(2026, 3, 11, 6, tzinfo=UTC)))

    start = perf_counter()
    ids = org.seed({"records": a_big_plan(orders=1000, makers=10)})
    seeding_s = perf_counter() - start
    job = the_user(org, "integration@manufaktura.example")
    run = org.insert(job, "Selection_Run__c", {"External_Id__c": "run:1"})
    award = {
        "Status": "MANUFACTURER SELECTED",
        "Manufacturer__c": ids["m"],
        "Selection_Run__c": run,
        "Decided_Due_Date__c": "2026-03-10",
        "Price_At_Decision__c": 100,
    }
    start = perf_counter()
    for n in range(240):
        with org.transaction():
            winner = ids[f"o{n}p0"]
            org.update(job, "Order_Proposal__c", winner, {"Status__c": "Won"})
            org.update(job, "Order", ids[f"o{n}"], {**award, "Proposal__c": winner})
    saving_s = perf_counter() - start
    org.close()

    assert len(ids) == 11_002
    assert seeding_s < 10
    assert saving_s < 1
