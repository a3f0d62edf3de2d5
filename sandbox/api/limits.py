"""`limits`: what the org allows per day and what is left; and how many records there are.

Only the daily allowance of API calls is enforced here; bulk jobs, their batches (one per 10,000
rows) and the size of their results are counted and never refused.
Source: REST API guide, "Limits", "Record Count"; Salesforce Developer Limits, "Bulk API and Bulk
API 2.0".
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
#: Extractors on older versions ask for the allowance of batches by its older name.
_BATCHES_SINCE = 49.0


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
    is_new = call.is_at_least(_BATCHES_SINCE)
    batches_name = "DailyBulkApiBatches" if is_new else "DailyBulkApiRequests"
    return Answer(
        body={
            "DailyApiRequests": {"Max": counters.daily_limit, "Remaining": remaining},
            batches_name: _left(_BATCHES, batches),
            "DailyBulkV2QueryFileStorageMB": _left(_QUERY_MEGABYTES, -(-size // 2**20)),
            "DailyBulkV2QueryJobs": _left(_QUERY_JOBS, len(queries)),
        }
    )


def count_records(call: Call) -> Answer:
    """How many records the sObjects of `?sObjects=` have; all that the caller sees without it.

    A real org answers an estimate of some hours ago; this one counts. Unknown names are left out,
    as there.
    """
    org, access = call.services.org, call.actor.access
    asked = {name.strip().lower() for name in call.params.get("sObjects", "").split(",")} - {""}
    names = [
        name
        for name, sobject in sorted(org.schema.objects.items())
        if sobject.queryable and access.can_see(sobject) and (not asked or name.lower() in asked)
    ]
    counts = [{"count": _count(call, name), "name": name} for name in names]
    return Answer(body={"sObjects": counts})


def _count(call: Call, name: str) -> int:
    soql = f"SELECT COUNT() FROM {name}"  # noqa: S608 - a name of the schema
    return call.services.org.query(call.actor, soql).total_size


def _left(most: int, used: int) -> dict[str, int]:
    return {"Max": most, "Remaining": max(0, most - used)}


ROUTES = [
    Route("limits", {"GET": show_limits}, "limits", frozenset({"batch", "composite"})),
    Route("limits/recordCount", {"GET": count_records}, "limits", frozenset({"batch"})),
]
