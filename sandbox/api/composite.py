"""`composite`: up to 25 subrequests in one call, which may use each other's results.

Source: REST API guide, "Composite": at most 5 of them may be queries or collections, and
all-or-none undoes everything.
"""

from __future__ import annotations

from sandbox.api.call import Answer, Call, Route
from sandbox.api.resources import list_composites
from sandbox.api.router import split_path
from sandbox.api.subrequests import (
    Subrequest,
    read_subrequests,
    run_each,
    run_together,
    show_answer,
)
from sandbox.org.errors import OrgError, refuse

MOST_SUBREQUESTS = 25
MOST_QUERIES = 5
_HEAVY_KINDS = frozenset({"query", "collections"})


def run_composite(call: Call) -> Answer:
    """200 with one answer per subrequest, in their order, whatever became of them."""
    body = call.json_object()
    subrequests = read_subrequests(body.get("compositeRequest"), MOST_SUBREQUESTS)
    _check_heavy(call, subrequests)
    if str(body.get("allOrNone", "")).lower() == "true":
        answers, _ = run_together(call, subrequests, "composite")
    else:
        answers = run_each(call, subrequests, "composite")
    return Answer(body={"compositeResponse": [show_answer(*item) for item in answers.items()]})


def _check_heavy(call: Call, subrequests: list[Subrequest]) -> None:
    heavy = sum(1 for subrequest in subrequests if _kind(call, subrequest) in _HEAVY_KINDS)
    if heavy > MOST_QUERIES:
        raise refuse(
            "LIMIT_EXCEEDED",
            f"{heavy} query and collections subrequests are more than the {MOST_QUERIES} that are "
            "allowed",
        )


def _kind(call: Call, subrequest: Subrequest) -> str:
    try:
        segments = split_path(subrequest.url.partition("?")[0]).segments
        return call.services.router.match(segments).route.kind
    except OrgError:
        # The subrequest itself will report its wrong URL.
        return "unknown"


ROUTES = [Route("composite", {"GET": list_composites, "POST": run_composite}, "composite")]
