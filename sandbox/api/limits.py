"""`limits`: what the org allows per day and what is left.

Only the daily allowance of API calls is enforced here; bulk jobs, their batches (one per 10,000
rows) and the size of their results are counted and never refused.
Source: REST API guide, "Limits"; Salesforce Developer Limits, "Bulk API and Bulk API 2.0".
"""

from __future__ import annotations

from datetime import timedelta

from sandbox.api.call import Answer, Call, Route
from sandbox.bulk.job import JobKind
from sandbox.bulk.query import RESULTS

#: Batches of 10,000 rows, shared by both bulk APIs.
_BATCHES = 15_000
_QUERY_JOBS = 10_000
_QUERY_MEGABYTES = 976_562
_ROWS_PER_BATCH = 10_000


def show_limits(call: Call) -> Answer:
    """Allowances by name, each with Max and Remaining."""
    counters = call.services.counters
    remaining = max(0, counters.daily_limit - counters.used)
    bulk = call.services.bulk
    batches = bulk.batches.count_batches(call.services.org.clock.now() - timedelta(hours=24))
    ingests, queries = (
        bulk.jobs.created_today(JobKind.INGEST),
        bulk.jobs.created_today(JobKind.QUERY),
    )
    batches += sum(max(1, -(-job.processed // _ROWS_PER_BATCH)) for job in ingests)
    size = sum(bulk.jobs.size_of(job, RESULTS) for job in queries)
    return Answer(
        body={
            "DailyApiRequests": {"Max": counters.daily_limit, "Remaining": remaining},
            "DailyBulkApiBatches": _left(_BATCHES, batches),
            "DailyBulkV2QueryFileStorageMB": _left(_QUERY_MEGABYTES, -(-size // 2**20)),
            "DailyBulkV2QueryJobs": _left(_QUERY_JOBS, len(queries)),
        }
    )


def _left(most: int, used: int) -> dict[str, int]:
    return {"Max": most, "Remaining": max(0, most - used)}


ROUTES = [Route("limits", {"GET": show_limits}, "limits", frozenset({"batch", "composite"}))]
