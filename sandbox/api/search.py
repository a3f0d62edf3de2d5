"""SOSL over REST: `search`.

Source: REST API guide, "Search": the records stand below `searchRecords` since version 37.
"""

from __future__ import annotations

from sandbox.api.call import Answer, Call, Route
from sandbox.api.queries import show_row
from sandbox.org.errors import refuse
from sandbox.sosl import parse_search, run_search

_WRAPPED_SINCE = 37.0


def run_text_search(call: Call) -> Answer:
    """The records that a search finds."""
    sosl = call.params.get("q", "")
    if not sosl.strip():
        raise refuse("MALFORMED_SEARCH", "A search string has to be specified")
    rows = run_search(call.services.org, call.actor, parse_search(sosl))
    shown = [show_row(row, call.data_url) for row in rows]
    return Answer(body={"searchRecords": shown} if call.is_at_least(_WRAPPED_SINCE) else shown)


ROUTES = [
    Route("search", {"GET": run_text_search}, "search", frozenset({"composite", "batch"})),
]
