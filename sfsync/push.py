"""Sends the outbox to the org: every write exactly once in effect, each on its own.

Owns the order: parents before children, and first what a push that died left behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Engine, func, select

from config.clock import Clock, SystemClock
from config.database import transaction
from config.process import name_process
from sfsync.bulk_push import BulkCarrier, batch_size
from sfsync.client import Salesforce, usage
from sfsync.leases import WriteLeases
from sfsync.mapping import PUSH_ORDER
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.push_report import PushReport, add_problems, describe_problem
from sfsync.refused_fields import RefusedFields
from sfsync.sending import Pusher
from sfsync.usage import purpose

__all__ = ["OnBatch", "PushReport", "describe_problem", "preview", "push"]

OnBatch = Callable[[PushReport], None]


def push(
    sf: Salesforce,
    engine: Engine,
    *,
    clock: Clock | None = None,
    sleep: Callable[[float], None] = time.sleep,
    on_batch: OnBatch | None = None,
) -> PushReport:
    """Sends everything that is due, parents first, 200 records a call or many in one job.

    Idempotent; may run in several processes at once and be killed anywhere. Rejected records are
    in the report, and stay in the outbox with the field, the org's words and a remedy.
    Raises SalesforceRetryable or SalesforceAuthFailed when the org cannot be worked with at all:
    what was not sent stays due.
    """
    claims = WriteLeases(engine, clock or SystemClock(), name_process())
    bulk = BulkCarrier(sf, claims, sleep)
    pusher = Pusher(sf, claims, PushReport(), sleep, bulk, RefusedFields(engine))
    calls_before = usage(sf).calls
    with purpose("push"):
        has_running = pusher.resolve_abandoned()
        for sobject in PUSH_ORDER:
            size = batch_size(claims.count_due(sobject))
            for batch in claims.take(sobject, size):
                for report in pusher.push_all(batch):
                    if on_batch is not None:
                        on_batch(report)
        if has_running:
            pusher.resolve_abandoned(is_patient=True)
    report = pusher.report
    report.api_calls = usage(sf).calls - calls_before
    add_problems(engine, report)
    return report


def preview(engine: Engine) -> dict[str, int]:
    """How many writes of each sObject stand in the outbox to be sent. Changes nothing."""
    query = (
        select(OutboxWrite.sobject, func.count())
        .where(OutboxWrite.state == WriteState.PENDING)
        .group_by(OutboxWrite.sobject)
    )
    with transaction(engine) as session:
        found = {row[0]: row[1] for row in session.execute(query)}
    return {name: found[name] for name in PUSH_ORDER if name in found}
