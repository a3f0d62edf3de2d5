"""Writes to the replica, and what they changed.

Owns the rule that an older version of a row never replaces a newer one, which makes reading the
same rows again harmless, and that a row's checksum is over all that the replica holds of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, or_, update
from sqlalchemy.orm import Session

from config.database import insert_into
from sfsync.checksums import checksummer
from sfsync.chunks import chunked
from sfsync.extra import keep_extra
from sfsync.mapping import BY_SOBJECT, Mapping
from sfsync.org_rows import read_rows
from sfsync.replica import LOOKUP_SIZE, TABLES
from sfsync.replica_reads import load_stored

#: Without a limit every stamp is credible.
LAST = datetime.max.replace(tzinfo=UTC)


@dataclass
class Tally:
    """What a pull did to one replica table."""

    read: int = 0  #: rows the org sent
    inserted: int = 0
    updated: int = 0
    deleted: int = 0  #: rows that were deleted in the org since, for good or not
    unchanged: int = 0  #: rows that were known already

    def add(self, other: Tally) -> None:
        """Adds the counts of another page."""
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return dict(vars(self))


def store_page(
    session: Session,
    mapping: Mapping,
    records: Sequence[dict[str, Any]],
    load_no: int | None = None,
    credible_to: datetime | None = None,
) -> Tally:
    """Writes one page of org rows into the replica and says what was new. Idempotent.

    A row older than the one stored is left out: pages may arrive again, and in any order; unless
    what is stored is stamped after `credible_to`. With `load_no` the rows are marked as met by that
    reading of everything.
    """
    return store_rows(session, mapping, read_rows(mapping, records), load_no, credible_to)


def store_rows(
    session: Session,
    mapping: Mapping,
    rows: Sequence[dict[str, Any]],
    load_no: int | None,
    credible_to: datetime | None = None,
) -> Tally:
    """The same for rows by column, their values read already."""
    ids = [row["salesforce_id"] for row in rows]
    known = load_stored(session, mapping, ids)
    rows = _complete(mapping, rows, known)
    tally = Tally(read=len(rows))
    limit = credible_to or LAST
    changed = [row for row in rows if _count(tally, row, known.get(row["salesforce_id"]), limit)]
    if changed:
        session.execute(_upsert(session, mapping, limit), changed)
    if load_no is not None:
        _mark_seen(session, mapping, ids, load_no)
    return tally


def sum_again(session: Session, mapping: Mapping, ids: Iterable[str]) -> None:
    """Gives rows the checksums of what they hold now, after their columns were written by name."""
    table, checksum = TABLES[mapping.sobject], checksummer(BY_SOBJECT[mapping.sobject])
    new_sum = update(table).where(table.c.salesforce_id == bindparam("of_id"))
    new_sum = new_sum.values(checksum=bindparam("new_sum"))
    for chunk in chunked(ids, LOOKUP_SIZE):
        rows = load_stored(session, mapping, chunk).values()
        sums = [{"of_id": row["salesforce_id"], "new_sum": checksum(row)} for row in rows]
        session.connection().execute(new_sum, sums)


def _complete(
    mapping: Mapping, rows: Sequence[dict[str, Any]], known: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """The rows with the last values of what is not read at present, and with their checksums.

    A checksum is over all columns of the replica, paused ones included, so that it stays true
    when one is paused.
    """
    whole = BY_SOBJECT[mapping.sobject]
    read = {each.column for each in mapping.fields}
    paused = [each.column for each in whole.fields if each.column not in read]
    checksum = checksummer(whole)
    complete: list[dict[str, Any]] = []
    for row in rows:
        old = known.get(row["salesforce_id"], {})
        row = {**row, **{column: old.get(column) for column in paused}}
        last = old.get("extra")
        row["extra"] = keep_extra(row["extra"], last, mapping.kept) if "extra" in row else last
        complete.append({**row, "checksum": checksum(row)})
    return complete


def _count(
    tally: Tally, row: dict[str, Any], known: dict[str, Any] | None, credible_to: datetime
) -> bool:
    """Books one row; whether it has to be written."""
    if known is None:
        tally.deleted += row["is_deleted"]
        tally.inserted += not row["is_deleted"]
        return True
    if known == row or row["system_modstamp"] < known["system_modstamp"] <= credible_to:
        tally.unchanged += 1
        return False
    # A row that was marked from the org's list of deletions is counted there.
    tally.deleted += row["is_deleted"] and not known["is_deleted"]
    tally.updated += not row["is_deleted"]
    return True


def _upsert(session: Session, mapping: Mapping, credible_to: datetime) -> Any:
    table = TABLES[mapping.sobject]
    insert = insert_into(session, table)
    names = [each.column for each in mapping.fields if each.column != "salesforce_id"]
    columns = {name: insert.excluded[name] for name in [*names, "extra", "checksum"]}
    return insert.on_conflict_do_update(
        index_elements=[table.c.salesforce_id],
        set_=columns,
        where=or_(
            insert.excluded.system_modstamp >= table.c.system_modstamp,
            table.c.system_modstamp > credible_to,
        ),
    )


def _mark_seen(session: Session, mapping: Mapping, ids: Iterable[str], load_no: int) -> None:
    """Notes the reading; the number of a later one, which overtook this one, stays."""
    table = TABLES[mapping.sobject]
    is_older = or_(table.c.seen_in_load.is_(None), table.c.seen_in_load < load_no)
    for chunk in chunked(ids, LOOKUP_SIZE):
        rows = update(table).where(table.c.salesforce_id.in_(chunk), is_older)
        session.execute(rows.values(seen_in_load=load_no))
