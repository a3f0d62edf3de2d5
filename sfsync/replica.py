"""The local copy of the org's rows: a disposable cache, rebuilt from the org at any time.

Owns the replica's tables and the rule that an older version of a row never replaces a newer one,
which makes reading the same rows again harmless. Nothing but this package writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    Index,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    Time,
    bindparam,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session

from config.database import Base, ExactDecimal, UtcDateTime, insert_into
from sfsync.checksums import checksummer
from sfsync.chunks import chunked
from sfsync.errors import SalesforceRejected
from sfsync.extra import keep_extra, parse_extra, spell_extra
from sfsync.mapping import BY_SOBJECT, MAPPINGS, FieldMap, Kind, Mapping
from sfsync.values import read_cell, read_field

TYPES: dict[Kind, Any] = {
    Kind.ID: String(18),
    Kind.TEXT: Text(),
    Kind.DECIMAL: ExactDecimal(),
    Kind.FLAG: Boolean(),
    Kind.DATE: Date(),
    Kind.INSTANT: UtcDateTime(),
    Kind.TIME: Time(),
}
#: What a row cannot be without.
REQUIRED_COLUMNS = frozenset({"salesforce_id", "is_deleted", "system_modstamp"})
#: Ids per lookup of known rows; both databases take more parameters than this.
LOOKUP_SIZE = 500
#: The code of our own error for a value that its column cannot hold.
VALUE_MISFIT = "VALUE_MISFIT"
#: Rows of one step through a whole table.
WALK_SIZE = 2_000
#: Without a limit every stamp is credible.
LAST = datetime.max.replace(tzinfo=UTC)


def _build_table(mapping: Mapping) -> Table:
    columns = [_build_column(each) for each in mapping.fields]
    marks = (Column("seen_in_load", Integer()), Column("checksum", BigInteger()))
    extra = Column("extra", Text())
    table = Table(mapping.table, Base.metadata, *columns, *marks, extra)
    Index(None, table.c.external_id)
    Index(None, table.c.system_modstamp, table.c.salesforce_id)
    for lookup in dict.fromkeys(reading.lookup for reading in mapping.readings):
        Index(None, table.c[lookup])
    return table


def _build_column(field: FieldMap) -> Column[Any]:
    return Column(
        field.column,
        TYPES[field.kind],
        primary_key=field.column == "salesforce_id",
        nullable=field.column not in REQUIRED_COLUMNS,
    )


TABLES: dict[str, Table] = {mapping.sobject: _build_table(mapping) for mapping in MAPPINGS}


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
    with fitting(mapping):
        rows = [read_row(mapping, each) for each in records]
    return store_rows(session, mapping, rows, load_no, credible_to)


def store_rows(
    session: Session,
    mapping: Mapping,
    rows: Sequence[dict[str, Any]],
    load_no: int | None,
    credible_to: datetime | None = None,
) -> Tally:
    """The same for rows by column, their values read already."""
    ids = [row["salesforce_id"] for row in rows]
    known = _load_known(session, mapping, ids)
    rows = _complete(mapping, rows, known)
    tally = Tally(read=len(rows))
    limit = credible_to or LAST
    changed = [row for row in rows if _count(tally, row, known.get(row["salesforce_id"]), limit)]
    if changed:
        session.execute(_upsert(session, mapping, limit), changed)
    if load_no is not None:
        _mark_seen(session, mapping, ids, load_no)
    return tally


@contextmanager
def fitting(mapping: Mapping) -> Iterator[None]:
    """Wraps the reading of values: one that is not of its column's kind raises SalesforceRejected.

    Its code is VALUE_MISFIT: the field has another type than when it was described last.
    """
    try:
        yield
    except (ValueError, TypeError, ArithmeticError) as error:
        raise SalesforceRejected(
            f"A value of {mapping.sobject} is not of its column's kind: {error}.",
            code=VALUE_MISFIT,
            remedy="See `flask doctor`; ask a developer if it finds nothing.",
        ) from error


def load_record(session: Session, sobject: str, salesforce_id: str) -> dict[str, Any] | None:
    """One replica row by its record Id, its columns by name; None when it is not known."""
    table = TABLES[sobject]
    row_of_id = select(*_columns(sobject)).where(table.c.salesforce_id == salesforce_id)
    found = session.execute(row_of_id)
    row = found.mappings().one_or_none()
    return None if row is None else _with_extra(row)


def load_stamps(session: Session, sobject: str, ids: Iterable[str]) -> dict[str, datetime]:
    """Which version of these records the replica holds: their SystemModstamp, by record Id."""
    table = TABLES[sobject]
    stamps: dict[str, datetime] = {}
    for chunk in chunked(ids, LOOKUP_SIZE):
        query = select(table.c.salesforce_id, table.c.system_modstamp)
        found = session.execute(query.where(table.c.salesforce_id.in_(chunk)))
        stamps |= {row.salesforce_id: row.system_modstamp for row in found}
    return stamps


def load_records(session: Session, sobject: str, **equal_to: object) -> list[dict[str, Any]]:
    """The replica rows that are not deleted and whose columns equal the values given, by Id."""
    table = TABLES[sobject]
    wanted = [table.c[name] == value for name, value in equal_to.items()]
    query = select(*_columns(sobject)).where(table.c.is_deleted.is_not(true()), *wanted)
    found = session.execute(query.order_by(table.c.salesforce_id)).mappings()
    return [_with_extra(row) for row in found]


def count_seen(session: Session, mapping: Mapping, load_no: int) -> int:
    """How many rows that reading of everything has met so far."""
    table = TABLES[mapping.sobject]
    query = select(func.count()).select_from(table).where(table.c.seen_in_load == load_no)
    return session.scalar(query) or 0


def _columns(sobject: str) -> list[Column[Any]]:
    """The columns that mirror the org, without our own marks."""
    columns = TABLES[sobject].c
    return [*(columns[each.column] for each in BY_SOBJECT[sobject].fields), columns.extra]


def _with_extra(row: RowMapping) -> dict[str, Any]:
    return {**row, "extra": parse_extra(row["extra"])}


def find_by_key(
    session: Session, sobject: str, external_ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """The replica row of each external ID that is known: the live one, else the latest deleted."""
    table = TABLES[sobject]
    found: dict[str, dict[str, Any]] = {}
    for chunk in chunked(external_ids, LOOKUP_SIZE):
        query = select(*_columns(sobject)).where(table.c.external_id.in_(chunk))
        # The best one comes last and stays.
        ordered = query.order_by(table.c.is_deleted.desc(), table.c.system_modstamp)
        found |= {row["external_id"]: dict(row) for row in session.execute(ordered).mappings()}
    return found


def read_cells(fields: Sequence[FieldMap], cells: Sequence[str]) -> dict[str, Any]:
    """A row of an export, its cells in the order of `fields`, as a row by column."""
    pairs = zip(fields, cells, strict=True)
    return {field.column: read_cell(cell, field) for field, cell in pairs}


def read_whole_cells(mapping: Mapping, cells: Sequence[str]) -> dict[str, Any]:
    """A row of an export of all of the mapping's paths, in their order, as a row by column."""
    count = len(mapping.fields)
    own = zip(mapping.extra, cells[count:], strict=True)
    row = read_cells(mapping.fields, cells[:count])
    return row | _extra_column({field.path: read_cell(cell, field) for field, cell in own})


def read_row(mapping: Mapping, record: dict[str, Any]) -> dict[str, Any]:
    """A record of an answer as a row by column."""
    row = {each.column: read_field(record, each) for each in mapping.fields}
    return row | _extra_column({each.path: read_field(record, each) for each in mapping.extra})


def _extra_column(values: dict[str, object]) -> dict[str, Any]:
    """The column `extra`; a row that was read without any such field says nothing of it."""
    return {"extra": spell_extra(values)} if values else {}


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


def load_stored(
    session: Session, mapping: Mapping, ids: Iterable[str], *, lock: bool
) -> dict[str, dict[str, Any]]:
    """Rows by Id with their checksums; `lock` keeps other writers out until the transaction ends.

    On SQLite every transaction keeps them out.
    """
    return _load_known(session, mapping, sorted(ids), lock=lock)


def _load_known(
    session: Session, mapping: Mapping, ids: Iterable[str], *, lock: bool = False
) -> dict[str, dict[str, Any]]:
    table = TABLES[mapping.sobject]
    columns = [*_columns(mapping.sobject), table.c.checksum]
    known: dict[str, dict[str, Any]] = {}
    for chunk in chunked(ids, LOOKUP_SIZE):
        query = select(*columns).where(table.c.salesforce_id.in_(chunk))
        found = session.execute(query.with_for_update() if lock else query)
        known |= {row["salesforce_id"]: dict(row) for row in found.mappings()}
    return known


def walk(
    session: Session, mapping: Mapping, after_id: str, *conditions: ColumnElement[bool]
) -> list[dict[str, Any]]:
    """The next rows behind an Id, in the order of Ids, with their checksums; empty at the end."""
    table = TABLES[mapping.sobject]
    query = select(*_columns(mapping.sobject), table.c.checksum)
    query = query.where(table.c.salesforce_id > after_id, *conditions)
    found = session.execute(query.order_by(table.c.salesforce_id).limit(WALK_SIZE))
    return [dict(row) for row in found.mappings()]


def sum_again(session: Session, mapping: Mapping, ids: Iterable[str]) -> None:
    """Gives rows the checksums of what they hold now, after their columns were written by name."""
    table, checksum = TABLES[mapping.sobject], checksummer(BY_SOBJECT[mapping.sobject])
    new_sum = update(table).where(table.c.salesforce_id == bindparam("of_id"))
    new_sum = new_sum.values(checksum=bindparam("new_sum"))
    for chunk in chunked(ids, LOOKUP_SIZE):
        rows = _load_known(session, mapping, chunk).values()
        sums = [{"of_id": row["salesforce_id"], "new_sum": checksum(row)} for row in rows]
        session.connection().execute(new_sum, sums)


def _mark_seen(session: Session, mapping: Mapping, ids: Iterable[str], load_no: int) -> None:
    """Notes the reading; the number of a later one, which overtook this one, stays."""
    table = TABLES[mapping.sobject]
    is_older = or_(table.c.seen_in_load.is_(None), table.c.seen_in_load < load_no)
    for chunk in chunked(ids, LOOKUP_SIZE):
        rows = update(table).where(table.c.salesforce_id.in_(chunk), is_older)
        session.execute(rows.values(seen_in_load=load_no))


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


def known_ids(session: Session, sobject: str, external_ids: Sequence[str]) -> dict[str, str]:
    """The record Ids that the replica knows for these external IDs."""
    if sobject not in BY_SOBJECT:
        return {}
    table = TABLES[sobject]
    found: dict[str, str] = {}
    for chunk in chunked(external_ids, LOOKUP_SIZE):
        query = select(table.c.external_id, table.c.salesforce_id).where(
            table.c.external_id.in_(chunk), table.c.is_deleted.is_not(true())
        )
        found |= {row.external_id: row.salesforce_id for row in session.execute(query)}
    return found
