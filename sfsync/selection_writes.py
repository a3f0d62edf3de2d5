"""Writes what the selection decided: one graph per order, guarded by the org's own rules.

Owns the names of the fields on the org's side and the shape of the unit: order, proposals and
decision go in together or not at all. On the order stands what the decision was based on, so that
the org's rules can refuse it when a person moved meanwhile (docs/adr/0002).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from simple_salesforce.api import Salesforce

from sfsync.composite import GRAPH_NODES, composite, composite_graph, resource
from sfsync.results import GraphResult, Record

#: Graphs of one call (Salesforce documents 500 nodes; 75 graphs is the figure in circulation).
MOST_GRAPHS = 75
Node = dict[str, Any]


def patch_node(sf: Salesforce, reference: str, sobject: str, record_id: str, body: Record) -> Node:
    """A change of one record by its Id."""
    url = resource(sf, f"sobjects/{sobject}/{record_id}")
    return {"method": "PATCH", "url": url, "referenceId": reference, "body": body}


def upsert_node(
    sf: Salesforce, reference: str, sobject: str, external_id: str, body: Record
) -> Node:
    """A record by its external ID: made at the first time, the same again at the second."""
    url = resource(sf, f"sobjects/{sobject}/External_Id__c/{quote(external_id, safe='')}")
    return {"method": "PATCH", "url": url, "referenceId": reference, "body": body}


def graph(graph_id: str, nodes: Sequence[Node]) -> Record:
    """Nodes that are written together or not at all."""
    return {"graphId": graph_id, "compositeRequest": list(nodes)}


def pack_graphs(graphs: Iterable[Record], spare_nodes: int = 0) -> Iterator[list[Record]]:
    """Graphs in as few calls as the limits allow, in order; `spare_nodes` stay free in each."""
    call: list[Record] = []
    nodes = 0
    for each in graphs:
        size = len(each["compositeRequest"])
        if call and (
            nodes + size > GRAPH_NODES - spare_nodes or len(call) >= MOST_GRAPHS - bool(spare_nodes)
        ):
            yield call
            call, nodes = [], 0
        call.append(each)
        nodes += size
    if call:
        yield call


def send_graphs(sf: Salesforce, graphs: Sequence[Record]) -> dict[str, GraphResult]:
    """One call; what became of each graph by its id. Raises what `composite_graph` raises."""
    return {result.graph_id: result for result in composite_graph(sf, graphs)}


def send_guarded(sf: Salesforce, nodes: Sequence[Node], unmodified_since: datetime) -> list[Record]:
    """One order alone, all or none: the order's own node also carries `If-Unmodified-Since`.

    The first node must be the order's. Answers the subresponses; the caller looks for errors.
    At most 25 nodes. Source: REST API guide, "Composite", `httpHeaders` of a subrequest.
    """
    first = {
        **nodes[0],
        "httpHeaders": {"If-Unmodified-Since": format_datetime(unmodified_since, usegmt=True)},
    }
    return composite(sf, [first, *nodes[1:]], all_or_none=True)


def order_body(values: Mapping[str, Any]) -> Record:
    """What the selection writes on an order, under the org's names; None clears a field."""
    return {ORDER_NAMES[name]: value for name, value in values.items()}


def proposal_body(values: Mapping[str, Any]) -> Record:
    """What the selection writes on a proposal."""
    return {PROPOSAL_NAMES[name]: value for name, value in values.items()}


def decision_body(values: Mapping[str, Any]) -> Record:
    """What the selection stores about one order on one morning."""
    return {DECISION_NAMES[name]: value for name, value in values.items()}


def run_body(values: Mapping[str, Any]) -> Record:
    """What the selection stores about one morning."""
    return {RUN_NAMES[name]: value for name, value in values.items()}


def case_body(values: Mapping[str, Any]) -> Record:
    """What a person must resolve, as a Case."""
    return {CASE_NAMES[name]: value for name, value in values.items()}


ORDER_NAMES = {
    "status": "Status",
    "proposal_id": "Proposal__c",
    "manufacturer_id": "Manufacturer__c",
    "selected_at": "Manufacturer_Selected_Date__c",
    "run_id": "Selection_Run__c",
    "decided_due_on": "Decided_Due_Date__c",
    "decided_currency": "Decided_Currency__c",
    "price_at_decision": "Price_At_Decision__c",
    "awarded_price": "Awarded_Price__c",
    "note": "Selection_Note__c",
    "deposit_status": "Deposit_Status__c",
}
PROPOSAL_NAMES = {
    "status": "Status__c",
    "rank": "Rank__c",
    "exclusion_code": "Exclusion_Code__c",
    "exclusion_reason": "Exclusion_Reason__c",
}
DECISION_NAMES = {
    "order_id": "Order__c",
    "run_id": "Selection_Run__c",
    "type": "Type__c",
    "outcome": "Outcome__c",
    "reason": "Reason_Code__c",
    "winner_id": "Winning_Proposal__c",
    "manufacturer_id": "Manufacturer__c",
    "awarded_price": "Awarded_Price__c",
    "currency": "CurrencyIsoCode",
    "margin": "Margin_To_Second__c",
    "runner_up_id": "Runner_Up__c",
    "strategy_key": "Strategy_Key__c",
    "strategy_version": "Strategy_Version__c",
    "tie_break": "Tie_Break__c",
    "explanation": "Explanation__c",
    "inputs": "Inputs__c",
    "inputs_hash": "Inputs_Hash__c",
    "decided_at": "Decided_At__c",
    "business_date": "Business_Date__c",
    "considered": "Proposals_Considered__c",
    "excluded": "Proposals_Excluded__c",
    "late": "Late__c",
    "code_version": "Code_Version__c",
}
RUN_NAMES = {
    "external_id": "External_Id__c",
    "business_date": "Business_Date__c",
    "zone": "Business_Time_Zone__c",
    "status": "Status__c",
    "started_at": "Started_At__c",
    "heartbeat_at": "Heartbeat_At__c",
    "finished_at": "Finished_At__c",
    "fence": "Fence__c",
    "worker": "Worker__c",
    "lateness_minutes": "Lateness_Minutes__c",
    "catch_up": "Catch_Up__c",
    "orders_due": "Orders_Due__c",
    "awarded": "Awarded__c",
    "cancelled": "Cancelled__c",
    "in_review": "In_Review__c",
    "skipped": "Skipped__c",
    "api_calls": "API_Calls__c",
    "summary": "Summary__c",
    "code_version": "Code_Version__c",
}
CASE_NAMES = {
    "subject": "Subject",
    "description": "Description",
    "status": "Status",
    "priority": "Priority",
    "account_id": "AccountId",
    "owner_id": "OwnerId",
    "order_id": "Order__c",
}
