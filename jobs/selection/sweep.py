"""Completes what a run that died left half: effects of decisions that the org already holds.

Owns the repair after a crash between the org's commit and ours. Decisions are replayed from their
stored inputs, so the notices are those that the dead run would have queued.
"""

from __future__ import annotations

import logging
from datetime import datetime

from jobs.effects import queue_effects
from jobs.runtime import Runtime
from jobs.selection.consequences import effects_of
from jobs.selection.run_record import STALE_AFTER
from sfsync.client import Salesforce
from sfsync.records import patch_record
from sfsync.selection_reads import read_dead_runs, read_run_decisions
from sfsync.selection_writes import run_body
from tenders.decision import replay
from tenders.inputs import ReplayImpossible

logger = logging.getLogger(__name__)


def finish_dead_runs(runtime: Runtime, sf: Salesforce, now: datetime) -> int:
    """Queue what runs of other mornings, or of single orders, left unqueued; answers how many died.

    They are marked Failed, so that each is looked at once. A run that was only slow marks itself
    Completed later, and its effects have the same keys. Costs one call when none died.
    """
    dead = read_dead_runs(sf, now - STALE_AFTER)
    for row in dead:
        logger.warning("A run died and is completed now", extra={"run": row["External_Id__c"]})
        queue_missing_effects(runtime, sf, row["Id"])
        values = {"status": "Failed", "finished_at": now}
        patch_record(sf, "Selection_Run__c", row["Id"], run_body(values))
    return len(dead)


def queue_missing_effects(runtime: Runtime, sf: Salesforce, run_id: str) -> int:
    """Queue the effects of every decision of that run; answers how many were new. Idempotent."""
    effects = []
    for row in read_run_decisions(sf, run_id):
        try:
            effects += effects_of(replay(row["inputs"] or ""), row["external_id"])
        except ReplayImpossible:
            logger.exception(
                "A stored decision cannot be replayed; tell its parties by hand",
                extra={"decision": row["external_id"]},
            )
    with runtime.transaction() as session:
        return queue_effects(session, effects, runtime.clock.now())
