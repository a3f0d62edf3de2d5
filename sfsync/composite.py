"""Several writes in one call that stand or fall together: composite requests and graphs.

Owns their sizes and the rule that a partial answer leaves the outcome unknown. Source: REST API
guide, "Composite" and "Using Composite Graphs".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simple_salesforce.api import Salesforce

from sfsync import jsonio
from sfsync.edge import writing
from sfsync.errors import OutcomeUnknown
from sfsync.results import GraphResult, Record, read_graph_result

#: Nodes of one composite graph call (REST API guide, "Using Composite Graphs").
GRAPH_NODES = 500
#: Requests of one composite call (REST API guide, "Composite").
COMPOSITE_SIZE = 25


def composite(
    sf: Salesforce, subrequests: Sequence[Mapping[str, object]], *, all_or_none: bool
) -> list[Record]:
    """Up to 25 subrequests in one call; answers (body, httpStatusCode, referenceId) in order."""
    if len(subrequests) > COMPOSITE_SIZE:
        raise ValueError(f"{len(subrequests)} subrequests exceed the {COMPOSITE_SIZE} of one call")
    body = {"allOrNone": all_or_none, "compositeRequest": list(subrequests)}
    with writing(sf):
        answer = sf.restful("composite", method="POST", data=jsonio.encode(body)) or {}
    responses = answer.get("compositeResponse")
    if not isinstance(responses, list) or len(responses) != len(subrequests):
        raise OutcomeUnknown("The org answered for only a part of a composite call.")
    return responses


def composite_graph(sf: Salesforce, graphs: Sequence[Mapping[str, Any]]) -> list[GraphResult]:
    """Writes several units in one call, each whole or not at all, in the order of `graphs`.

    A graph is `{"graphId": …, "compositeRequest": [{method, url, referenceId, body}, …]}`; urls
    come from `resource()`. At most 500 nodes together. One refused graph does not stop the others.
    Raises OutcomeUnknown when no whole answer came: read back before trying again.
    """
    nodes = sum(len(graph["compositeRequest"]) for graph in graphs)
    if nodes > GRAPH_NODES:
        raise ValueError(f"{nodes} nodes exceed the {GRAPH_NODES} of one composite graph call")
    with writing(sf):
        answer = sf.restful(
            "composite/graph", method="POST", data=jsonio.encode({"graphs": list(graphs)})
        )
    answered = {str(each["graphId"]): each for each in (answer or {}).get("graphs", ())}
    missing = [graph["graphId"] for graph in graphs if graph["graphId"] not in answered]
    if missing:
        raise OutcomeUnknown(f"The org gave no answer for graphs {', '.join(missing)}.")
    return [read_graph_result(answered[graph["graphId"]]) for graph in graphs]


def resource(sf: Salesforce, path: str) -> str:
    """The address of a resource inside a composite or graph, such as `sobjects/Order/801…`."""
    return f"/services/data/v{sf.sf_version}/{path}"
