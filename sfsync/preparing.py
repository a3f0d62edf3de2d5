"""Decides what of a write is sent: the step of a push before anything leaves.

Owns the merge of each write with the record's version, and what is noted before it is sent: its
mark, by which an unknown outcome is recognised later, and its clashes, which are told even when
the sending fails.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import transaction
from sfsync.client import Salesforce
from sfsync.errors import (
    SalesforceError,
    SalesforceRejected,
    SalesforceRetryable,
    classify,
    report_bug,
)
from sfsync.guard import GUARD_FIELD, is_guarded, spell_mark
from sfsync.mapping import PUSH_ORDER
from sfsync.merging import DELETION, Clash, clash_of_deletion, merge
from sfsync.mirroring import Ids, all_references, mirrored_values, unmirrored, unread, with_ids
from sfsync.outbox import OutboxWrite
from sfsync.references import find_ids
from sfsync.versions import UNKNOWN, Sleep, Version, find_versions

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """One write with what is left of it. Either `error`, or `values`, which may be empty."""

    row: OutboxWrite
    values: Mapping[str, Any]  #: what is sent, without key and mark
    mark: str | None = None
    clashes: tuple[Clash, ...] = ()
    version: Version = UNKNOWN
    has_agreed: bool = False  #: people gave some field the very value that we wanted
    error: SalesforceError | None = None

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to send, and nothing wrong with that."""
        return not self.values and self.error is None

    @property
    def is_agreed_unseen(self) -> bool:
        """Whether a change of ours would be done by what the replica says, which may be old.

        What is sent is checked by the org, and a clash is told; this would be neither.
        """
        return self.is_settled and self.has_agreed and not self.version.is_fresh

    @property
    def record(self) -> dict[str, Any]:
        """What goes into the call."""
        mark = {} if self.mark is None else {GUARD_FIELD: self.mark}
        key = PUSH_ORDER[self.row.sobject]
        return {key: self.row.external_id, **self.values, **mark}


def prepare(
    sf: Salesforce,
    engine: Engine,
    rows: Sequence[OutboxWrite],
    *,
    must_read: bool = False,
    sleep: Sleep = time.sleep,
) -> list[Prepared]:
    """What is to be sent of each write of one sObject, in their order.

    Costs no call while the replica can be believed; `must_read` reads all records anew. Raises
    SalesforceRetryable, with nothing noted.
    """
    if not rows:
        return []
    sobject = rows[0].sobject
    if not is_guarded(sobject):
        return [Prepared(row, row.values) for row in rows]
    keys = [row.external_id for row in rows]
    # The replica may not have met the deletion that somebody has decided about.
    disputed = {row.external_id for row in rows if DELETION in row.base_values}
    versions = find_versions(
        sf, engine, sobject, keys, must_read=must_read, disputed=disputed, sleep=sleep
    )
    with transaction(engine) as session:
        ids = _find_ids(session, rows)
    prepared = {row.id: _prepare_one(row, versions[row.external_id], ids) for row in rows}
    unsure = [each.row for each in prepared.values() if each.is_agreed_unseen]
    if unsure:
        prepared |= {
            each.row.id: each for each in prepare(sf, engine, unsure, must_read=True, sleep=sleep)
        }
    return list(prepared.values())


def _find_ids(session: Session, rows: Sequence[OutboxWrite]) -> Ids:
    spoken_of = [values for row in rows for values in (row.values, row.base_values)]
    return find_ids(session, all_references(spoken_of))


def _prepare_one(row: OutboxWrite, version: Version, ids: Ids) -> Prepared:
    try:
        return _prepare(row, version, ids)
    except Exception as error:
        # A fault of our own must not hold up other records.
        logger.exception("the merge failed on a record; a developer must look at it")
        return Prepared(row, {}, error=report_bug(error))


def _prepare(row: OutboxWrite, version: Version, ids: Ids) -> Prepared:
    if version.is_gone and DELETION not in row.base_values:
        return Prepared(row, {}, clashes=(clash_of_deletion(row.values),), version=version)
    if version.is_gone or version.row is None:
        return Prepared(row, row.values, spell_mark(None), version=version)
    if not version.is_final:
        return Prepared(row, {}, error=_BUSY)
    unknown = unmirrored(row.sobject, row.values)
    if unknown:
        return Prepared(row, {}, error=_unmergeable(row.sobject, unknown))
    vanished = unread(row.sobject, version.row, row.values)
    if vanished:
        return Prepared(row, {}, error=_unreadable(row.sobject, vanished))
    return _merge(row, version, version.row, ids)


def _merge(row: OutboxWrite, version: Version, present: Mapping[str, Any], ids: Ids) -> Prepared:
    ours, base = with_ids(row.values, ids), with_ids(row.base_values, ids)
    theirs = mirrored_values(row.sobject, present, row.values)
    merged = merge(row.sobject, base, ours, theirs)
    values = {name: row.values[name] for name in merged.send}
    mark = spell_mark(present["last_modified_at"]) if values else None
    return Prepared(row, values, mark, merged.clashes, version, bool(merged.agreed))


_BUSY = SalesforceRetryable(
    "Someone saves this record at this very moment.",
    code="RECORD_BUSY",
    remedy="Nothing to do: it is merged and sent again by itself.",
)


def _unmergeable(sobject: str, names: Sequence[str]) -> SalesforceRejected:
    return SalesforceRejected(
        f"The replica does not mirror {', '.join(names)} of {sobject}, so a change of it cannot be"
        " merged with what people wrote.",
        code="UNMIRRORED_FIELD",
        fields=names,
        remedy="Ask a developer: add the field to sfsync.mapping.",
    )


def _unreadable(sobject: str, names: Sequence[str]) -> SalesforceRejected:
    """As the org itself would say it; the push then holds these values and lets the others go."""
    return SalesforceRejected(
        f"{', '.join(names)} of {sobject} cannot be read any more, so a change of it cannot be"
        " merged with what people wrote.",
        code="INVALID_FIELD",
        fields=names,
        remedy=classify("INVALID_FIELD").remedy,
    )
