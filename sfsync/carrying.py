"""Carries prepared writes into the org: rows and records in, an outcome for each row out.

Owns the trust in an answer: one that cannot belong to the records sent counts as none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine

from config.database import transaction
from sfsync.client import Salesforce
from sfsync.errors import OutcomeUnknown
from sfsync.mapping import PUSH_ORDER
from sfsync.outbox import OutboxWrite
from sfsync.preparing import Prepared
from sfsync.records import collections_upsert
from sfsync.replica_reads import known_ids
from sfsync.results import SaveResult

Outcomes = list[tuple[OutboxWrite, SaveResult]]


def carry(sf: Salesforce, engine: Engine, prepared: Sequence[Prepared]) -> Outcomes:
    """Sends writes of one sObject in one call; what became of each of them.

    Raises OutcomeUnknown when no answer came that can be trusted, and SalesforceRejected when the
    call was refused as a whole.
    """
    sobject = prepared[0].row.sobject
    rows = [each.row for each in prepared]
    with transaction(engine) as session:
        known = known_ids(session, sobject, [row.external_id for row in rows])
    records = [each.record for each in prepared]
    results = collections_upsert(sf, sobject, PUSH_ORDER[sobject], records)
    outcomes = list(zip(rows, results, strict=True))
    _verify(outcomes, known)
    return outcomes


def _verify(outcomes: Outcomes, known: Mapping[str, str]) -> None:
    """Refuses an answer that cannot belong to these records, whatever order it claims."""
    answered = [(row.external_id, r.salesforce_id) for row, r in outcomes if r.success]
    ids = [record_id for _, record_id in answered]
    strangers = [key for key, record_id in answered if known.get(key, record_id) != record_id]
    if len(set(ids)) != len(ids) or None in ids or strangers:
        raise OutcomeUnknown(
            f"The org's answer does not fit the records sent ({', '.join(strangers) or 'Ids'}).",
            remedy="They are read back by external ID.",
        )
