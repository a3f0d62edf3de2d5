"""Reads records that somebody names into the replica, at this moment.

Owns that reading. It stores as a pull stores, so that an older version never replaces a newer one
and children whose formulas read the records are noted; the watermark stays where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Engine

from config.database import transaction
from sfsync.client import Salesforce
from sfsync.mapping import BY_SOBJECT, Mapping
from sfsync.queries import query_all_in
from sfsync.replica_writes import Tally, store_page
from sfsync.results import Record
from sfsync.schema import read_active
from sfsync.schema_check import surviving_surprises
from sfsync.stale import note_changed


@dataclass(frozen=True)
class Fetched:
    """Records as the org has them now, without those that it does not show."""

    mapping: Mapping  #: with the columns that were read
    records: list[Record]
    tally: Tally  #: what was new to the replica


def fetch_records(
    sf: Salesforce, engine: Engine, sobject: str, path: str, values: Sequence[str]
) -> Fetched:
    """Reads the records whose field `path` holds one of `values`, deleted ones included.

    One call for some ten thousand, in no order. A field that has vanished is paused, and missing in
    the records. Idempotent. Raises SalesforceRetryable or SalesforceRejected.
    """
    fetch = partial(_fetch, sf, engine, sobject, path, values)
    return surviving_surprises(sf, engine, [sobject], fetch)


def _fetch(
    sf: Salesforce, engine: Engine, sobject: str, path: str, values: Sequence[str]
) -> Fetched:
    with transaction(engine) as session:
        mapping = read_active(session, BY_SOBJECT[sobject])
    fields = ", ".join(mapping.paths)
    template = f"SELECT {fields} FROM {sobject} WHERE {path} IN {{values}}"  # noqa: S608 - SOQL
    records = query_all_in(sf, template, values)
    with transaction(engine) as session:
        note_changed(session, mapping, records)
        return Fetched(mapping, records, store_page(session, mapping, records))
