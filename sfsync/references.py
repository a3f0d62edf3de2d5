"""The record Ids behind external IDs, from the replica and from the answers to our own writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from sfsync.chunks import chunked
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.replica import LOOKUP_SIZE
from sfsync.replica_reads import known_ids


def find_ids(session: Session, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The Id of each (sObject, external ID) that is known; the answer's keys are in small letters.

    The replica's word counts more than that of an answer from before.
    """
    by_sobject: defaultdict[str, list[str]] = defaultdict(list)
    for sobject, external_id in keys:
        by_sobject[sobject].append(external_id)
    return {
        (sobject, external_id.casefold()): record_id
        for sobject, wanted in by_sobject.items()
        for external_id, record_id in {
            **_answered_ids(session, sobject, wanted),
            **known_ids(session, sobject, wanted),
        }.items()
    }


def _answered_ids(session: Session, sobject: str, external_ids: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for chunk in chunked(external_ids, LOOKUP_SIZE):
        sent = select(OutboxWrite.external_id, OutboxWrite.salesforce_id).where(
            OutboxWrite.sobject == sobject,
            OutboxWrite.external_id.in_(chunk),
            OutboxWrite.state == WriteState.SENT,
            OutboxWrite.salesforce_id.is_not(None),
        )
        found |= {
            external_id: record_id
            for external_id, record_id in session.execute(sent.order_by(OutboxWrite.id))
            if record_id is not None
        }
    return found
