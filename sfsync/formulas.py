"""Keeps formulas fresh that change while the stamps of their records stay.

Owns how they are read again: the rows whose parent changed by their Ids within the same pull, all
rows of an sObject in a sweep. Only formulas are read, and stored only where the replica holds the
same version of the record; any other version comes, formulas included, with its own pull.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from config.database import transaction
from sfsync.about_org import org_time
from sfsync.chunks import chunked
from sfsync.client import Salesforce
from sfsync.exports import export_calls
from sfsync.judging import is_intact
from sfsync.keyset import Span, page_calls
from sfsync.mapping import MAPPINGS
from sfsync.mapping import Mapping as ObjectMapping
from sfsync.org_rows import read_rows
from sfsync.queries import query_all_in
from sfsync.replica import LOOKUP_SIZE, TABLES
from sfsync.replica_reads import load_stored
from sfsync.replica_writes import store_rows
from sfsync.scanning import Scan
from sfsync.schema import read_all_active
from sfsync.stale import (
    begin_sweep,
    end_sweep,
    find_refreshed,
    load_stale_ids,
    note_refreshed,
    read_stale,
)
from sfsync.sync_state import read_state
from sfsync.usage import purpose

logger = logging.getLogger(__name__)

#: Rows that one call reads by their Ids: a batch of 25 queries, each as long as an address may be,
#: has room for more.
ROWS_PER_CALL = 10_000
#: Columns that say of which version of which record a formula was read.
VERSION = ("salesforce_id", "system_modstamp")

Row = dict[str, Any]
OnRows = Callable[[str, "Refreshed"], None]


@dataclass
class Refreshed:
    """What became of the formulas of one sObject."""

    read: int = 0  #: rows whose formulas the org sent
    changed: int = 0  #: rows of them that the replica had otherwise

    def add(self, other: Refreshed) -> None:
        """Adds the counts of another page."""
        self.read += other.read
        self.changed += other.changed


def refresh_stale(
    sf: Salesforce, engine: Engine, mappings: Sequence[ObjectMapping], now: datetime
) -> int:
    """Reads again the formulas that parents' changes made stale; how many rows that changed.

    No stale row, no call; else one for 10,000 rows, or a sweep where that takes fewer. An sObject
    that was not read whole yet is left out: its rows come with fresh formulas. Idempotent; what a
    kill leaves is done by the next pull.
    """
    changed = 0
    with purpose("formulas"):
        for mapping in mappings:
            if not mapping.formulas or not _is_complete(engine, mapping):
                continue
            with transaction(engine) as session:
                stale = read_stale(session, mapping.sobject)
            if stale.parent_loads or _is_sweep_cheaper(engine, mapping, stale.rows):
                changed += _sweep_one(sf, engine, mapping, now, lambda *_: None).changed
            elif stale.rows:
                changed += _refresh_rows(sf, engine, mapping)
    return changed


def sweep(
    sf: Salesforce,
    engine: Engine,
    *,
    mappings: Sequence[ObjectMapping] = MAPPINGS,
    on_rows: OnRows | None = None,
) -> dict[str, Refreshed]:
    """Reads all formulas again, by sObject: for those that follow the time, and for what nobody
    noted.

    By pages, or an export where that takes fewer calls. Idempotent; one that is killed begins
    anew, and what it stored stays. Raises SalesforceRetryable or SalesforceRejected.
    """
    done: dict[str, Refreshed] = {}
    with purpose("sweep"):
        now = org_time(sf)
        with transaction(engine) as session:
            active = read_all_active(session, mappings)
        for mapping in active:
            if mapping.formulas and _is_complete(engine, mapping):
                tell = on_rows or (lambda _sobject, _done: None)
                done[mapping.sobject] = _sweep_one(sf, engine, mapping, now, tell)
    return done


def sweep_calls(rows: int) -> int:
    """How many API calls a sweep of that many rows takes."""
    return min(export_calls(rows), page_calls(rows))


def _is_complete(engine: Engine, mapping: ObjectMapping) -> bool:
    with transaction(engine) as session:
        return read_state(session, mapping.sobject).complete_up_to is not None


def _is_sweep_cheaper(engine: Engine, mapping: ObjectMapping, stale_rows: int) -> bool:
    calls = ceil(stale_rows / ROWS_PER_CALL)
    return calls > 1 and sweep_calls(_count_rows(engine, mapping)) < calls


def _count_rows(engine: Engine, mapping: ObjectMapping) -> int:
    with transaction(engine) as session:
        return session.scalar(select(func.count()).select_from(TABLES[mapping.sobject])) or 0


def _refresh_rows(sf: Salesforce, engine: Engine, mapping: ObjectMapping) -> int:
    with transaction(engine) as session:
        notes = load_stale_ids(session, mapping.sobject)
    read = _version_and_formulas(mapping)
    template = f"SELECT {', '.join(read.paths)} FROM {mapping.sobject}"  # noqa: S608 - SOQL
    changed = 0
    for ids in chunked(notes, ROWS_PER_CALL):
        records = query_all_in(sf, f"{template} WHERE Id IN {{values}}", ids)
        found = {row["salesforce_id"]: row for row in read_rows(read, records)}
        for part in chunked(ids, LOOKUP_SIZE):
            with transaction(engine) as session:
                changed += _store(session, mapping, [found[each] for each in part if each in found])
                note_refreshed(session, mapping.sobject, {each: notes[each] for each in part})
    logger.info("formulas refreshed", extra={"sobject": mapping.sobject, "read": len(notes)})
    return changed


def _sweep_one(
    sf: Salesforce, engine: Engine, mapping: ObjectMapping, now: datetime, on_rows: OnRows
) -> Refreshed:
    done, name = Refreshed(), mapping.sobject
    known_rows = _count_rows(engine, mapping)
    with transaction(engine) as session:
        begun = begin_sweep(session, name)
    scan = Scan(sf, _version_and_formulas(mapping), [Span(now)], known_rows)
    for rows in scan.read() if known_rows else ():
        with transaction(engine) as session:
            newer = find_refreshed(session, name, [row["salesforce_id"] for row in rows])
            ours = [row for row in rows if row["salesforce_id"] not in newer]
            done.add(Refreshed(len(rows), _store(session, mapping, ours)))
        on_rows(name, done)
    with transaction(engine) as session:
        end_sweep(session, name, begun, now)
    return done


def _version_and_formulas(mapping: ObjectMapping) -> ObjectMapping:
    """What is read of a record: which version it is, and its formulas."""
    fields = (each for each in mapping.fields if each.column in VERSION or each.formula)
    return replace(mapping, fields=tuple(fields), extra=())


def _store(session: Session, mapping: ObjectMapping, rows: Sequence[Row]) -> int:
    """Stores formulas where the replica holds that version of the record; how many differed.

    A row that somebody changed past the sync is left as it is: a new checksum would hide that from
    the reconciliation, which brings the formula too.
    """
    fresh = {row["salesforce_id"]: row for row in rows}
    changed: list[Row] = []
    for salesforce_id, known in load_stored(session, mapping, fresh, lock=True).items():
        row = known | fresh[salesforce_id]
        is_same_version = row["system_modstamp"] == known["system_modstamp"]
        if row != known and is_same_version and is_intact(mapping, known):
            changed.append(row)
    store_rows(session, mapping, changed, None)
    return len(changed)
