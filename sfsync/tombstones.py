"""Marks replica rows as deleted when the org no longer shows them.

Owns what counts as gone. A record in the recycle bin still arrives as a row; one that was deleted
for good, or merged away, is known only from the org's list of deletions or from its absence in a
reading of everything. Rows are marked, never removed: what pointed at them stays explicable.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Table, Update, or_, true, update
from sqlalchemy.orm import Session

from sfsync.mapping import Mapping
from sfsync.replica import TABLES
from sfsync.replica_writes import sum_again


def mark_deleted(
    session: Session,
    mapping: Mapping,
    deletions: Iterable[tuple[str, datetime]],
    credible_to: datetime,
) -> int:
    """Marks rows that the org says were deleted, each at its time; answers how many were not yet.

    A row that changed after its deletion has been restored and stays, unless it is stamped after
    `credible_to`. Idempotent.
    """
    table = TABLES[mapping.sobject]
    marked: list[str] = []
    for salesforce_id, deleted_at in deletions:
        row = update(table).where(
            table.c.salesforce_id == salesforce_id,
            table.c.is_deleted.is_not(true()),
            or_(
                table.c.system_modstamp <= deleted_at,
                table.c.system_modstamp > credible_to,
            ),
        )
        marked += _mark(session, row, table)
    sum_again(session, mapping, marked)
    return len(marked)


def mark_gone(session: Session, mapping: Mapping, load_no: int, end_at: datetime) -> int:
    """Marks as deleted what a reading of everything up to `end_at` did not meet; answers how many.

    That is how records come to light that were deleted for good too long ago for the org to tell.
    """
    table = TABLES[mapping.sobject]
    unseen = update(table).where(
        or_(table.c.seen_in_load.is_(None), table.c.seen_in_load < load_no),
        table.c.is_deleted.is_not(true()),
        table.c.system_modstamp <= end_at,
    )
    gone = _mark(session, unseen, table)
    sum_again(session, mapping, gone)
    return len(gone)


def bury(session: Session, mapping: Mapping, ids: Iterable[str]) -> None:
    """Marks these rows as deleted, whatever their stamps say: the org was asked for each of them.

    A few at a time; the caller cuts long lists.
    """
    table = TABLES[mapping.sobject]
    marked = _mark(session, update(table).where(table.c.salesforce_id.in_(list(ids))), table)
    sum_again(session, mapping, marked)


def _mark(session: Session, rows: Update, table: Table) -> list[str]:
    """Marks these rows; their Ids."""
    marked = session.execute(rows.values(is_deleted=True).returning(table.c.salesforce_id))
    return list(marked.scalars())
