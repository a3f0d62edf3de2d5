"""`limits`: what the org allows per day and what is left.

Only the daily allowance of API calls is metered here. Source: REST API guide, "Limits".
"""

from __future__ import annotations

from sandbox.api.call import Answer, Call, Route


def show_limits(call: Call) -> Answer:
    """Allowances by name, each with Max and Remaining."""
    counters = call.services.counters
    remaining = max(0, counters.daily_limit - counters.used)
    return Answer(body={"DailyApiRequests": {"Max": counters.daily_limit, "Remaining": remaining}})


ROUTES = [Route("limits", {"GET": show_limits}, "limits", frozenset({"batch", "composite"}))]
