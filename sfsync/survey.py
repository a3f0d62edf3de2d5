"""Goes through our own rows, at no call: which of them were changed past the sync, and their sums.

Owns the passes over a whole replica table, in short transactions, so that nobody waits for them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, Table, and_, or_, true

from config.database import transaction
from sfsync.figures import DayBook, Row
from sfsync.judging import CHECKSUMS
from sfsync.keyset import Span
from sfsync.mapping import Mapping
from sfsync.replica import TABLES
from sfsync.replica_reads import walk


@dataclass
class Survey:
    """What our rows say by themselves."""

    book: DayBook  #: figures by day, without the suspects
    rows: int = 0
    #: rows that are not as the sync wrote them, or cannot be true
    suspects: list[str] = field(default_factory=list)


def survey(engine: Engine, mapping: Mapping, book: DayBook, latest: datetime) -> Survey:
    """Every row against its checksum, and the figures of those that are in order, into `book`.

    A row stamped after `latest` is a suspect too: no day's figures would tell. A deleted row
    without a checksum is older than checksums are, and the org may not show it again.
    """
    found = Survey(book)
    checksum = CHECKSUMS[mapping.sobject]
    for row in _rows(engine, mapping):
        found.rows += 1
        stored = row["checksum"]
        if stored == checksum(row) and row["system_modstamp"] <= latest:
            book.add(row)
        elif stored is not None or not row["is_deleted"]:
            found.suspects.append(row["salesforce_id"])
    return found


def find_unmet(
    engine: Engine, mapping: Mapping, spans: Sequence[Span], met: array[int]
) -> Iterator[str]:
    """The Ids of our rows of these spans that are alive and whose `hash` is not among `met`.

    Hashes, because a million of them take 8 MB; that two of them are alike is as good as excluded.
    """
    table = TABLES[mapping.sobject]
    ordered = array("q", sorted(met))
    within = or_(*(_is_within(table, each) for each in spans))
    for row in _rows(engine, mapping, table.c.is_deleted.is_not(true()), within):
        wanted = hash(row["salesforce_id"])
        place = bisect_left(ordered, wanted)
        if place == len(ordered) or ordered[place] != wanted:
            yield row["salesforce_id"]


def _is_within(table: Table, span: Span) -> ColumnElement[bool]:
    stamp = table.c.system_modstamp
    begun = true() if span.after_at is None else stamp >= span.after_at
    return and_(begun, stamp <= span.end_at)


def _rows(engine: Engine, mapping: Mapping, *conditions: ColumnElement[bool]) -> Iterator[Row]:
    after_id = ""
    while True:
        with transaction(engine) as session:
            rows = walk(session, mapping, after_id, *conditions)
        if not rows:
            return
        yield from rows
        after_id = rows[-1]["salesforce_id"]
