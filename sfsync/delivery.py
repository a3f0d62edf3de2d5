"""Sends the outbox and tells people in Salesforce what could not be saved.

Owns that the two belong together: whoever pushes on behalf of people or of the schedule calls
`deliver`. Notes never spoil a push: what is wrong with them is in the report, and the next delivery
makes up for it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from sqlalchemy import Engine

from config.clock import Clock
from sfsync.client import Salesforce, usage
from sfsync.errors import SalesforceError
from sfsync.push import OnBatch, PushReport, push
from sfsync.record_problems import NoteReport, note_problems

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivery:
    """What one delivery did."""

    push: PushReport
    notes: NoteReport
    api_calls: int

    def as_dict(self) -> dict[str, Any]:
        """The report for a program."""
        return {**self.push.as_dict(), "api_calls": self.api_calls, "notes": vars(self.notes)}


def deliver(
    sf: Salesforce,
    engine: Engine,
    *,
    zone: tzinfo = UTC,
    clock: Clock | None = None,
    sleep: Callable[[float], None] = time.sleep,
    on_batch: OnBatch | None = None,
) -> Delivery:
    """Sends everything that is due, then brings the notes on records to what is wrong now.

    Idempotent. Raises what `push` raises; then no note is written.
    """
    calls_before = usage(sf).calls
    report = push(sf, engine, clock=clock, sleep=sleep, on_batch=on_batch)
    try:
        notes = note_problems(sf, engine, zone=zone, clock=clock)
        if notes.cases:
            push(sf, engine, clock=clock, sleep=sleep)
    except SalesforceError as error:
        logger.warning("notes on records wait for the next push", extra={"error": str(error)})
        notes = NoteReport(failure=str(error))
    return Delivery(report, notes, usage(sf).calls - calls_before)
