"""What a person decides about a column that the org changed: that it stays so, or that it is gone.

Owns what each decision does. Nothing of it is a guess: what no column of ours could hold is not
accepted, and what is accepted is read whole with the next pull.
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from sfsync.chunks import chunked
from sfsync.errors import SalesforceRejected
from sfsync.extra import parse_extra, spell_extra
from sfsync.judging import is_intact
from sfsync.mapping import BY_SOBJECT
from sfsync.replica import TABLES
from sfsync.replica_reads import load_stored
from sfsync.replica_writes import sum_again
from sfsync.schema import ColumnState, SyncField, find_column

#: Rows whose text is written anew in one statement's worth of memory.
REWRITTEN_ROWS = 500


def accept_column(session: Session, full_name: str) -> SyncField:
    """Takes the field as the org describes it now; its column is read from the next pull on.

    Raises SalesforceRejected when there is no such column, nothing to accept, or nothing that the
    column could hold.
    """
    row = _find(session, full_name)
    if row.reason is None:
        raise _refusal(f"{full_name} is {row.state}: there is nothing to accept.")
    if not row.is_acceptable or row.found is None:
        raise _refusal(f"It cannot be accepted: {row.reason}", row.remedy or "")
    was_paused = row.state == ColumnState.PAUSED
    row.state, row.described = ColumnState.ACTIVE, row.found
    row.found = row.reason = row.remedy = row.paused_at = row.as_of = None
    row.is_acceptable, row.needs_read = False, row.needs_read or was_paused
    return row


def forget_column(session: Session, full_name: str) -> int:
    """Drops a field of the org's own that is gone, and its last values; from how many rows.

    Raises SalesforceRejected for a column of the mapping, and for one that is still there.
    """
    row = _find(session, full_name)
    if not row.is_extra:
        raise _refusal(f"{full_name} is a column of ours; a developer takes it out of the mapping.")
    if row.state != ColumnState.PAUSED or row.found is not None:
        raise _refusal(f"{full_name} is still there; it would come back with the next comparison.")
    session.delete(row)
    return _drop_values(session, row.sobject, row.name)


def _find(session: Session, full_name: str) -> SyncField:
    row = find_column(session, full_name)
    if row is None:
        raise _refusal(f"There is no column {full_name!r}.", "See `flask sync columns`.")
    return row


def _refusal(message: str, remedy: str = "") -> SalesforceRejected:
    return SalesforceRejected(message, code="COLUMN_CHOICE", remedy=remedy)


def _drop_values(session: Session, sobject: str, name: str) -> int:
    table, mapping = TABLES[sobject], BY_SOBJECT[sobject]
    # Only narrows the search: the name may also be part of a value.
    mentioning = select(table.c.salesforce_id).where(table.c.extra.contains(f'"{name}"'))
    changed = 0
    for chunk in chunked(session.scalars(mentioning).all(), REWRITTEN_ROWS):
        intact: list[str] = []
        for salesforce_id, row in load_stored(session, mapping, chunk, lock=True).items():
            values = parse_extra(row["extra"])
            if name not in values:
                continue
            rest = spell_extra({key: value for key, value in values.items() if key != name})
            one = update(table).where(table.c.salesforce_id == salesforce_id)
            session.execute(one.values(extra=rest))
            intact += [salesforce_id] if is_intact(mapping, row) else []
            changed += 1
        # A row that was changed past the sync keeps its false checksum, by which it is found.
        sum_again(session, mapping, intact)
    return changed
