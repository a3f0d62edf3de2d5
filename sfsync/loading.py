"""Reads an sObject whole: the first time, after too long a pause, or on demand.

Owns the promise that a load that is interrupted continues with the page it had reached, and that
at its end the replica holds nothing that the org does not: rows that the reading did not meet are
marked as deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from config.database import transaction
from sfsync.client import Salesforce
from sfsync.keyset import read_pages
from sfsync.mapping import Mapping
from sfsync.replica import Tally, store_page
from sfsync.sync_state import SyncState, note_complete, note_read
from sfsync.tombstones import mark_gone

OnPage = Callable[[str, Tally], None]


def load_all(
    sf: Salesforce,
    engine: Engine,
    mapping: Mapping,
    state: SyncState,
    end_at: datetime,
    tally: Tally,
    on_page: OnPage,
) -> None:
    """Reads what is left of the load that `state` stands for, up to the org's time `end_at`.

    Each page and the place reached are one transaction. Adds to `tally`.
    """
    span = state.unread(end_at)
    for rows in read_pages(sf, mapping.sobject, mapping.paths, span):
        with transaction(engine) as session:
            tally.add(store_page(session, mapping, rows, state.load_no))
            if rows:
                note_read(session, state, span.behind(rows[-1]))
        on_page(mapping.sobject, tally)
    with transaction(engine) as session:
        tally.deleted += mark_gone(session, mapping, state.load_no, end_at)
        note_complete(session, state, None, end_at)
