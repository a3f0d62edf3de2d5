"""Makes one morning's run happen once: the run's record in the org is the lock.

Owns who may work on a business date. Creating the record needs a free external ID, which is
unique, so two workers cannot both begin. A run whose heartbeat stopped is taken over, with a
higher fence number, by whoever saves the takeover first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from config.process import is_gone, name_process
from sfsync.client import Salesforce
from sfsync.errors import OutcomeUnknown, RecordChanged, SalesforceRejected
from sfsync.queries import query
from sfsync.records import create_record, patch_record
from sfsync.selection_reads import read_instant
from sfsync.selection_writes import run_body
from sfsync.soql import soql

#: A run that has not shown life for this long is taken over.
STALE_AFTER = timedelta(minutes=10)


class ClaimOutcome(StrEnum):
    """What a worker learns when it asks for a morning."""

    GRANTED = "granted"  #: begin
    TAKEN_OVER = "taken over"  #: go on where a worker stopped
    RUNNING = "running"  #: somebody is at it
    COMPLETED = "completed"  #: done already


@dataclass(frozen=True)
class RunClaim:
    """The answer, with the run's record."""

    outcome: ClaimOutcome
    run_id: str
    external_id: str
    fence: int

    @property
    def may_work(self) -> bool:
        """Whether the asker goes on to select."""
        return self.outcome in (ClaimOutcome.GRANTED, ClaimOutcome.TAKEN_OVER)


#: This process, as the run's record names who is at work.
WORKER = name_process()


def claim_run(sf: Salesforce, external_id: str, values: dict[str, Any], now: datetime) -> RunClaim:
    """Begin the run of that external ID, or learn why not.

    `values` are the new record's fields under our names. Idempotent for one worker: when the
    answer to the creation is lost, the record is read back and recognised as its own.
    """
    fresh = values | {
        "external_id": external_id,
        "status": "Running",
        "started_at": now,
        "heartbeat_at": now,
        "fence": 1,
        "worker": WORKER,
    }
    try:
        run_id = create_record(sf, "Selection_Run__c", run_body(fresh))
        return RunClaim(ClaimOutcome.GRANTED, run_id, external_id, 1)
    except OutcomeUnknown:
        return judge_existing(sf, external_id, now)
    except SalesforceRejected as error:
        if error.code != "DUPLICATE_VALUE":
            raise
        return judge_existing(sf, external_id, now)


def judge_existing(sf: Salesforce, external_id: str, now: datetime) -> RunClaim:
    """What the run that is already there allows."""
    row = read_run(sf, external_id)
    if row is None:
        raise OutcomeUnknown(
            f"The run {external_id} was neither created nor found.",
            remedy="The next tick asks again.",
        )
    fence = int(row["Fence__c"] or 0)
    if row["Status__c"] == "Completed":
        return RunClaim(ClaimOutcome.COMPLETED, row["Id"], external_id, fence)
    if row["Worker__c"] == WORKER:
        return RunClaim(ClaimOutcome.TAKEN_OVER, row["Id"], external_id, fence)
    heartbeat = read_instant(row["Heartbeat_At__c"]) if row["Heartbeat_At__c"] else None
    is_fresh = heartbeat is not None and now - heartbeat < STALE_AFTER
    is_alive = is_fresh and not is_gone(row["Worker__c"])
    if row["Status__c"] == "Running" and is_alive:
        return RunClaim(ClaimOutcome.RUNNING, row["Id"], external_id, fence)
    return take_over(sf, row, external_id, now)


def take_over(sf: Salesforce, row: dict[str, Any], external_id: str, now: datetime) -> RunClaim:
    """Continue a run whose worker is gone; of two that try, the org lets one."""
    fence = int(row["Fence__c"] or 0) + 1
    values = {"status": "Running", "heartbeat_at": now, "fence": fence, "worker": WORKER}
    try:
        patch_record(
            sf,
            "Selection_Run__c",
            row["Id"],
            run_body(values),
            unmodified_since=read_instant(row["LastModifiedDate"]),
        )
    except RecordChanged:
        return RunClaim(ClaimOutcome.RUNNING, row["Id"], external_id, fence - 1)
    return RunClaim(ClaimOutcome.TAKEN_OVER, row["Id"], external_id, fence)


def read_run(sf: Salesforce, external_id: str) -> dict[str, Any] | None:
    """The run's record, if there is one."""
    template = (
        "SELECT Id, Status__c, Worker__c, Fence__c, Heartbeat_At__c, LastModifiedDate "
        "FROM Selection_Run__c WHERE External_Id__c = {external_id}"
    )
    rows = query(sf, soql(template, external_id=external_id))
    return rows[0] if rows else None


def run_external_id(zone: str, business_date: date, single: str | None = None) -> str:
    """The key of a morning's run; runs for a single order get their own."""
    key = f"run:{zone}:{business_date.isoformat()}"
    return f"{key}:{single}" if single else key
