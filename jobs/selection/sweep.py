"""Completes what a run that died left half: effects of decisions that the org already holds.

Owns the repair after a crash between the org's commit and ours. Decisions are replayed from their
stored inputs, so the notices are those that the dead run would have queued.
"""

from __future__ import annotations

import logging

from jobs.effects import queue_effects
from jobs.runtime import Runtime
from jobs.selection.consequences import effects_of
from sfsync.client import Salesforce
from sfsync.selection_reads import read_run_decisions
from tenders.decision import replay
from tenders.inputs import ReplayImpossible

logger = logging.getLogger(__name__)


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
