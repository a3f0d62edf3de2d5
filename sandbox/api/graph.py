"""`composite/graph`: up to 500 record operations, each graph one transaction.

Owns the order of nodes: as written, but a node that refers to a later one waits for it.
Source: REST API guide, "Composite Graph": from version 50.0, 75 graphs per call, depth 15, record
resources only.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.api.call import Answer, Call, Route
from sandbox.api.references import referenced_ids
from sandbox.api.router import not_found
from sandbox.api.subrequests import Subrequest, read_subrequests, run_together, show_answer
from sandbox.org.errors import refuse

MOST_NODES = 500
MOST_GRAPHS = 75
MOST_DEPTH = 15
SINCE_VERSION = 50.0


def run_graphs(call: Call) -> Answer:
    """200 with every graph's answers; a failed graph is undone, the others stand."""
    if not call.is_at_least(SINCE_VERSION):
        raise not_found()
    graphs = _read_graphs(call.json_object().get("graphs"))
    return Answer(
        body={"graphs": [_run_graph(call, name, nodes) for name, nodes in graphs.items()]}
    )


def _run_graph(call: Call, graph_id: str, nodes: list[Subrequest]) -> dict[str, object]:
    answers, is_successful = run_together(call, _order_nodes(nodes), "graph")
    shown = [show_answer(node.reference_id, answers[node.reference_id]) for node in nodes]
    return {
        "graphId": graph_id,
        "graphResponse": {"compositeResponse": shown},
        "isSuccessful": is_successful,
    }


def _read_graphs(items: object) -> dict[str, list[Subrequest]]:
    if not isinstance(items, list) or not items:
        raise refuse("INVALID_INPUT", "graphs must be a list of graphs")
    if len(items) > MOST_GRAPHS:
        raise refuse("LIMIT_EXCEEDED", f"{len(items)} graphs are more than {MOST_GRAPHS}")
    graphs: dict[str, list[Subrequest]] = {}
    for item in items:
        graph_id = item.get("graphId") if isinstance(item, dict) else None
        if not isinstance(graph_id, str) or not graph_id or graph_id in graphs:
            raise refuse("INVALID_INPUT", f"graphId {graph_id!r} is missing or comes twice")
        graphs[graph_id] = read_subrequests(item.get("compositeRequest"), MOST_NODES)
    total = sum(len(nodes) for nodes in graphs.values())
    if total > MOST_NODES:
        raise refuse("LIMIT_EXCEEDED", f"{total} nodes are more than {MOST_NODES}")
    return graphs


def _order_nodes(nodes: list[Subrequest]) -> list[Subrequest]:
    by_id = {node.reference_id: node for node in nodes}
    depths: dict[str, int] = {}
    ordered: list[Subrequest] = []
    for node in nodes:
        _visit(node, by_id, depths, ordered, ())
    return ordered


def _visit(
    node: Subrequest,
    by_id: Mapping[str, Subrequest],
    depths: dict[str, int],
    ordered: list[Subrequest],
    above: tuple[str, ...],
) -> int:
    name = node.reference_id
    if name in depths:
        return depths[name]
    if name in above:
        raise refuse("INVALID_INPUT", f"Nodes refer to each other in a circle: {name}")
    if len(above) >= MOST_DEPTH:
        raise refuse("LIMIT_EXCEEDED", f"Node {name} lies deeper than {MOST_DEPTH}")
    wanted = dict.fromkeys((*referenced_ids(node.url), *referenced_ids(node.body)))
    inside = [by_id[other] for other in wanted if other in by_id]
    below = [_visit(other, by_id, depths, ordered, (*above, name)) for other in inside]
    depths[name] = 1 + max(below, default=0)
    if depths[name] > MOST_DEPTH:
        raise refuse("LIMIT_EXCEEDED", f"Node {name} lies deeper than {MOST_DEPTH}")
    ordered.append(node)
    return depths[name]


ROUTES = [Route("composite/graph", {"POST": run_graphs}, "graph")]
