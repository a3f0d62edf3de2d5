"""`limits`: what the org allows per day and what is left.

Only the daily allowance of API calls is enforced here; bulk jobs are counted and never refused.
Source: REST API guide, "Limits"; Salesforce Developer Limits, "Bulk API and Bulk API 2.0".
"""

from __future__ import annotations

from datetime import timedelta

from sandbox.api.call import Answer, Call, Route
from sandbox.bulk.job import JobKind

#: Batches of 10,000 rows, shared by both bulk APIs.
_BATCHES = 15_000
_QUERY_JOBS = 10_000
#: Extractors on older versions ask for the allowance of batches by its older name.
_BATCHES_SINCE = 49.0


def show_limits(call: Call) -> Answer:
    """Allowances by name, each with Max and Remaining."""
    counters = call.services.counters
    remaining = max(0, counters.daily_limit - counters.used)
    bulk = call.services.bulk
    batches = bulk.batches.count_batches(call.services.org.clock.now() - timedelta(hours=24))
    is_new = call.is_at_least(_BATCHES_SINCE)
    batches_name = "DailyBulkApiBatches" if is_new else "DailyBulkApiRequests"
    return Answer(
        body={
            "DailyApiRequests": {"Max": counters.daily_limit, "Remaining": remaining},
            batches_name: _left(_BATCHES, batches + bulk.jobs.count_today(JobKind.INGEST)),
            "DailyBulkV2QueryJobs": _left(_QUERY_JOBS, bulk.jobs.count_today(JobKind.QUERY)),
        }
    )


def _left(most: int, used: int) -> dict[str, int]:
    return {"Max": most, "Remaining": max(0, most - used)}


ROUTES = [Route("limits", {"GET": show_limits}, "limits", frozenset({"batch", "composite"}))]
