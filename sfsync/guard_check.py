"""Whether the org's guard is at work: a stale write is tried, and must be refused.

Owns the trial. The guard is silent: without its permission, or with a rule switched off, every
write goes through as if nobody had saved the record meanwhile. No describe tells that, so it is
tried. Each trial is a graph of two nodes, written whole or not at all, and the second one always
fails: nothing is ever saved, whatever the org thinks of the first one.
Source: REST API guide, "Composite Graph" (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from simple_salesforce.api import Salesforce
from sqlalchemy import select, true
from sqlalchemy.orm import Session

from sfsync.composite import composite_graph, resource
from sfsync.guard import GUARD_FIELD, GUARD_MARK, spell_mark
from sfsync.mapping import MAPPINGS
from sfsync.replica import TABLES
from sfsync.results import COLLATERAL_CODES, GraphResult, Record, response_errors

#: A version that no record has.
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
#: The Id of no record.
NOBODY = "001000000000000AAA"
#: The trial of a creation, which needs no record to be there.
CREATION = "Account"


def find_trial_records(session: Session) -> dict[str, str]:
    """The Id of some live record of each sObject that the replica has one of."""
    found: dict[str, str] = {}
    for mapping in MAPPINGS:
        table = TABLES[mapping.sobject]
        alive = select(table.c.salesforce_id).where(table.c.is_deleted.is_not(true())).limit(1)
        record_id = session.scalar(alive)
        if record_id is not None:
            found[mapping.sobject] = record_id
    return found


def find_holes(sf: Salesforce, records: Mapping[str, str]) -> list[str]:
    """Where a stale write would go through, one sentence each; `records` are Ids by sObject.

    One call, which saves nothing. An sObject without a record is not tried.
    """
    graphs = [_graph(sf, "creation", _creation(sf))]
    graphs += [_graph(sf, name, _change(sf, name, each)) for name, each in records.items()]
    return [
        f"{_tell_trial(result.graph_id)} {_tell_outcome(result)}"
        for result in composite_graph(sf, graphs)
        if not _was_guarded(result)
    ]


def _creation(sf: Salesforce) -> Record:
    body = {"Name": "Trial of the sync guard", GUARD_FIELD: spell_mark(LONG_AGO)}
    return {"method": "POST", "url": resource(sf, f"sobjects/{CREATION}"), "body": body}


def _change(sf: Salesforce, sobject: str, record_id: str) -> Record:
    url = resource(sf, f"sobjects/{sobject}/{record_id}")
    return {"method": "PATCH", "url": url, "body": {GUARD_FIELD: spell_mark(LONG_AGO)}}


def _graph(sf: Salesforce, graph_id: str, trial: Record) -> Record:
    url = resource(sf, f"sobjects/{CREATION}/{NOBODY}")
    undoing = {"method": "PATCH", "url": url, "referenceId": "undoing", "body": {"Name": "Nobody"}}
    return {"graphId": graph_id, "compositeRequest": [{**trial, "referenceId": "trial"}, undoing]}


def _was_guarded(result: GraphResult) -> bool:
    return any(GUARD_MARK in error.message for error in response_errors(result.responses[0]))


def _tell_trial(graph_id: str) -> str:
    if graph_id == "creation":
        return f"a change of a deleted {CREATION}"
    return f"a stale change of {graph_id}"


def _tell_outcome(result: GraphResult) -> str:
    errors = response_errors(result.responses[0])
    at_fault = [error for error in errors if error.code not in COLLATERAL_CODES]
    if at_fault:
        return f"was refused before the sync guard could: {at_fault[0].message}"
    return "would be saved: the sync guard does not refuse it"
