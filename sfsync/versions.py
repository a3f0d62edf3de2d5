"""Which version of a record a write is merged with: the replica's, or one read at this moment.

Owns when the replica may be believed. It may when its row is older than the proven watermark and
shows our own latest write; then nothing is read. Else rows are read in bulk and stored, and one
that was saved in the very second of the reading is read once more: a second save of the same second
would look the same. What the replica never knew counts as new, which the org checks for us.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from config.database import transaction
from sfsync.about_org import org_time
from sfsync.chunks import chunked
from sfsync.client import Salesforce
from sfsync.fetching import fetch_records
from sfsync.mapping import BY_SOBJECT
from sfsync.mapping import Mapping as ObjectMapping
from sfsync.org_rows import read_row
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.replica import LOOKUP_SIZE
from sfsync.replica_reads import find_by_key
from sfsync.results import Record
from sfsync.sync_state import read_state

Row = Mapping[str, Any]
Sleep = Callable[[float], None]
#: A second that is not over yet is waited for so often.
SECOND_ROUNDS = 3


@dataclass(frozen=True)
class Version:
    """A record as it is in the org; without a row it was never there."""

    row: Row | None = None
    is_gone: bool = False  #: it was there and is deleted, or carries another external ID by now
    is_final: bool = True  #: no other version of it can carry the same second
    is_fresh: bool = False  #: read at this moment; else it is what our database knows


UNKNOWN = Version()


@dataclass(frozen=True)
class _Known:
    """What our database knows of the records of some writes, by external ID."""

    rows: Mapping[str, Row]
    marks: Mapping[str, str | None]  #: of our latest write that met it; a key for each record ever
    watermark_at: datetime | None

    def is_doubtful(self, external_id: str) -> bool:
        """Whether the org may hold another version than the replica, as far as we can tell."""
        row, mark = self.rows.get(external_id), self.marks.get(external_id)
        if row is None:
            return external_id in self.marks
        is_proven = self.watermark_at is not None and row["last_modified_at"] < self.watermark_at
        return (
            row["is_deleted"] or not is_proven or (mark is not None and mark != row["sync_write"])
        )

    def recall(self, external_id: str) -> Version:
        """The version that the replica has."""
        return Version(self.rows.get(external_id))


def find_versions(
    sf: Salesforce,
    engine: Engine,
    sobject: str,
    external_ids: Sequence[str],
    *,
    must_read: bool = False,
    disputed: Collection[str] = (),
    sleep: Sleep = time.sleep,
) -> dict[str, Version]:
    """The version of each record by external ID, read from the org where that is needed.

    `must_read` reads all of them; those of `disputed` are read whatever the replica says. Stores
    what was read; a field that has vanished is paused, and missing in the rows. Raises
    SalesforceRetryable.
    """
    with transaction(engine) as session:
        known = _load_known(session, sobject, external_ids)
    doubtful = [
        key for key in external_ids if must_read or key in disputed or known.is_doubtful(key)
    ]
    versions = {key: known.recall(key) for key in external_ids}
    for _ in range(SECOND_ROUNDS):
        if not doubtful:
            break
        fresh = _read_fresh(sf, engine, sobject, doubtful)
        versions |= {key: _judge(key, fresh.get(key), known) for key in doubtful}
        doubtful = [key for key in doubtful if not versions[key].is_final]
        if doubtful:
            sleep(1.0)
    return versions


def _judge(external_id: str, fresh: Version | None, known: _Known) -> Version:
    if fresh is not None:
        return fresh
    row = known.rows.get(external_id)
    is_gone = row is not None or external_id in known.marks
    return Version(row, is_gone=is_gone, is_fresh=True)


def _load_known(session: Session, sobject: str, external_ids: Sequence[str]) -> _Known:
    rows = find_by_key(session, sobject, external_ids)
    watermark_at = read_state(session, sobject).watermark_at
    return _Known(rows, _load_marks(session, sobject, external_ids), watermark_at)


def _load_marks(
    session: Session, sobject: str, external_ids: Sequence[str]
) -> dict[str, str | None]:
    """The mark of our latest guarded write of each record; None where none was guarded.

    One that gave way to people has met the record as well.
    """
    marks: dict[str, str | None] = {}
    for chunk in chunked(external_ids, LOOKUP_SIZE):
        arrived = select(OutboxWrite.external_id, OutboxWrite.mark).where(
            OutboxWrite.sobject == sobject,
            OutboxWrite.external_id.in_(chunk),
            OutboxWrite.state.in_((WriteState.SENT, WriteState.YIELDED)),
        )
        for external_id, mark in session.execute(arrived.order_by(OutboxWrite.id)):
            marks[external_id] = mark or marks.get(external_id)
    return marks


def _read_fresh(
    sf: Salesforce, engine: Engine, sobject: str, external_ids: Sequence[str]
) -> dict[str, Version]:
    """The records as the org has them now; those that it does not show are left out."""
    asked_at = org_time(sf)
    key = BY_SOBJECT[sobject].external_id
    fetched = fetch_records(sf, engine, sobject, key, external_ids)
    # The org tells no case apart in an external ID. The live one comes last and stays.
    records = sorted(
        fetched.records, key=lambda record: (not record["IsDeleted"], record["SystemModstamp"])
    )
    found = {str(record[key]).casefold(): record for record in records}
    return {
        each: _read_version(fetched.mapping, found[each.casefold()], asked_at)
        for each in external_ids
        if each.casefold() in found
    }


def _read_version(mapping: ObjectMapping, record: Record, asked_at: datetime) -> Version:
    row = read_row(mapping, record)
    is_final = row["last_modified_at"] < asked_at
    return Version(row, is_gone=row["is_deleted"], is_final=is_final, is_fresh=True)
