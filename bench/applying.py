"""How long changed rows take to be stored: `python -m bench.applying 10000`, in seconds.

Owns the incremental half of the throughput: rows as the REST API sends them, all of them known to
the replica and all of them changed, stored in pages as a poll stores them. Uses DATABASE_URL, whose
replica has to hold that many orders; the changes stay.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, select

from config.database import create_engine_for, transaction
from config.settings import Settings
from sfsync.chunks import chunked
from sfsync.jsonio import spell_instant
from sfsync.keyset import PAGE_SIZE
from sfsync.mapping import ORDER, FieldMap, Kind
from sfsync.replica import TABLES
from sfsync.replica_writes import Tally, store_page

SPELLERS = {Kind.INSTANT: spell_instant, Kind.DATE: str}


def load_changed(engine: Engine, count: int) -> list[dict[str, Any]]:
    """So many rows of the replica as the org would send them after a change, a second later."""
    table = TABLES[ORDER.sobject]
    query = select(table).order_by(table.c.salesforce_id).limit(count)
    with transaction(engine) as session:
        rows = [dict(row) for row in session.execute(query).mappings()]
    for row in rows:
        row["system_modstamp"] += timedelta(seconds=1)
        row["description"] = "Rev. B"
    return [as_record(row) for row in rows]


def as_record(row: dict[str, Any]) -> dict[str, Any]:
    """A row by column as a record of an answer, what is read through a lookup nested."""
    record: dict[str, Any] = {}
    for field in ORDER.fields:
        *parents, name = field.path.split(".")
        place = record
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = as_sent(row[field.column], field)
    return record


def as_sent(value: Any, field: FieldMap) -> Any:
    """A value as it stands in an answer."""
    return value if value is None else SPELLERS.get(field.kind, lambda same: same)(value)


def apply(engine: Engine, records: list[dict[str, Any]]) -> tuple[Tally, float]:
    """What became of the records, and how long it took."""
    tally, started_s = Tally(), time.perf_counter()
    for page in chunked(records, PAGE_SIZE):
        with transaction(engine) as session:
            tally.add(store_page(session, ORDER, page))
    return tally, time.perf_counter() - started_s


def main(count: int) -> None:
    """Print the seconds."""
    engine = create_engine_for(Settings.from_env())
    tally, seconds = apply(engine, load_changed(engine, count))
    if tally.updated != count:
        raise SystemExit(f"{tally.updated:,} of {count:,} rows were updated")
    print(seconds)


if __name__ == "__main__":
    main(int(sys.argv[1]))
