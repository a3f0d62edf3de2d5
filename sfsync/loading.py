"""Reads an sObject whole: the first time, after too long a pause, or on demand.

Owns the choice between pages and an export, by the calls that each costs, and two promises: a load
that is interrupted continues with the page it had reached, and at its end the replica holds nothing
that the org does not. Rows that the reading did not meet are marked as deleted.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import transaction
from sfsync.arrivals import insert_new
from sfsync.cells import Chunk, read_chunk
from sfsync.chunks import chunked
from sfsync.client import Salesforce, spares_calls
from sfsync.errors import IncompleteRead, OutcomeUnknown, SalesforceError, SalesforceRejected
from sfsync.exports import (
    ExportLost,
    ResultPage,
    await_export,
    is_export_cheaper,
    open_page,
    page_rows,
    start_export,
)
from sfsync.keyset import Span, condition, read_pages
from sfsync.mapping import Mapping
from sfsync.org_rows import fitting, read_table
from sfsync.readahead import ahead
from sfsync.replica_writes import Tally, store_page, store_rows
from sfsync.results import Record
from sfsync.sync_state import (
    SyncState,
    begin_load,
    credible_to,
    is_overtaken,
    note_complete,
    note_export,
    note_exported,
    note_read,
)
from sfsync.tombstones import mark_gone

#: How much longer a load waits where calls are scarce before it looks whether its export is done.
SPARING_PATIENCE = 5
#: How often an export is asked for when no answer comes, before pages are read instead.
MOST_STARTS = 2
#: How often a page of an export that breaks on its way is read, before pages are read instead.
MOST_READINGS = 3
#: Rows of an export that are stored in one transaction.
CHUNK_ROWS = 5_000

logger = logging.getLogger(__name__)

OnPage = Callable[[str, Tally], None]


@dataclass
class Load:
    """One load at work. Its steps add to `tally` and tell `on_page`."""

    sf: Salesforce
    engine: Engine
    mapping: Mapping
    state: SyncState
    tally: Tally
    on_page: OnPage
    sleep: Callable[[float], None] = time.sleep

    def run(self, end_at: datetime, rows: int, few: list[Record] | None = None) -> bool:
        """Reads what is left, up to the org's time `end_at`. `rows` is how many there are, about.

        Whether it came to its end; one that is overtaken before its first row reads none.
        `few` are those rows themselves, where the caller has read all of them already. Each page
        and the place reached are one transaction. Raises SalesforceRetryable: the next pull goes
        on.
        """
        limit = credible_to(end_at)
        if few is None and self.state.export_job_id is None and self.state.cursor_at is None:
            self._choose(end_at, rows)
            if self._is_overtaken():
                return False
        try:
            end_at = self._read_export(rows, limit) or end_at
        except ExportLost as error:
            self._begin_anew(error)
        if self.state.export_job_id is None:
            self._read_pages(end_at, limit, few)
        with transaction(self.engine) as session:
            gone = mark_gone(session, self.mapping, self.state.load_no, end_at)
            note_complete(session, self.state, None, end_at)
        self.tally.deleted += gone
        return True

    def _is_overtaken(self) -> bool:
        with transaction(self.engine) as session:
            return is_overtaken(session, self.state)

    def _choose(self, end_at: datetime, rows: int) -> None:
        """Starts an export when that is cheaper, unless the org has none for us."""
        if not is_export_cheaper(rows, spares_calls=spares_calls(self.sf)):
            return
        fields = ", ".join(self.mapping.paths)
        where = condition(Span(end_at))
        query = f"SELECT {fields} FROM {self.mapping.sobject} WHERE {where}"  # noqa: S608 - SOQL
        job_id = self._start(query)
        if job_id is not None:
            with transaction(self.engine) as session:
                self.state = note_export(session, self.state, job_id, end_at)

    def _start(self, query: str) -> str | None:
        """The export's Id; None when the org, or a gateway before it, gives us none.

        A job of which no answer came may be there; that nobody reads it does no harm.
        """
        why: SalesforceError | None = None
        for _ in range(MOST_STARTS):
            try:
                return start_export(self.sf, query)
            except OutcomeUnknown as error:
                why = error
            except SalesforceRejected as error:
                why = error
                break
        self._warn(why)
        return None

    def _begin_anew(self, error: ExportLost) -> None:
        """Goes over to pages, which no job of the org can take away."""
        self._warn(error)
        proof = (self.state.watermark_at, self.state.proved_at)
        with transaction(self.engine) as session:
            self.state = begin_load(session, self.mapping.sobject, *proof)

    def _warn(self, error: SalesforceError | None) -> None:
        logger.warning(
            "an export did not work; the rows are read in pages",
            extra={"sobject": self.mapping.sobject, "error": str(error)},
        )

    def _read_pages(self, end_at: datetime, limit: datetime, few: list[Record] | None) -> None:
        span = self.state.unread(end_at)
        name, paths = self.mapping.sobject, self.mapping.paths
        pages = read_pages(self.sf, name, paths, span) if few is None else [few]
        for rows in pages:
            with transaction(self.engine) as session:
                tally = store_page(session, self.mapping, rows, self.state.load_no, limit)
                self.tally.add(tally)
                if rows:
                    note_read(session, self.state, span.behind(rows[-1]))
            self.on_page(name, self.tally)

    def _read_export(self, rows: int, limit: datetime) -> datetime | None:
        """Stores what is left of the load's export; up to which time of the org it reaches."""
        job_id, locator = self.state.export_job_id, self.state.export_locator
        if job_id is None:
            return None
        if locator is None:
            patience = SPARING_PATIENCE if spares_calls(self.sf) else 1
            await_export(self.sf, job_id, rows, self.sleep, patience=patience)
        while True:
            locator = self._store_whole_page(job_id, locator, page_rows(rows), limit)
            if locator is None:
                return self.state.export_end_at
            with transaction(self.engine) as session:
                note_exported(session, self.state, locator)

    def _store_whole_page(
        self, job_id: str, locator: str | None, most_rows: int, limit: datetime
    ) -> str | None:
        """Stores a page of the export; one that breaks on its way is asked for again."""
        broken: IncompleteRead | None = None
        for _ in range(MOST_READINGS):
            try:
                return self._store_export_page(job_id, locator, most_rows, limit)
            except IncompleteRead as error:
                broken = error
        raise ExportLost(f"The export {job_id} broke {MOST_READINGS} times: {broken}") from broken

    def _store_export_page(
        self, job_id: str, locator: str | None, most_rows: int, limit: datetime
    ) -> str | None:
        with (
            open_page(self.sf, job_id, locator, most_rows) as page,
            ahead(self._prepare(page), 1) as chunks,
        ):
            for chunk in chunks:
                with transaction(self.engine) as session:
                    self.tally.add(self._store(session, chunk, limit))
                self.on_page(self.mapping.sobject, self.tally)
        return page.next_locator

    def _prepare(self, page: ResultPage) -> Iterator[Chunk]:
        missing = set(self.mapping.paths) - set(page.columns)
        if missing:
            # It was begun before these fields were added, or resumed.
            raise ExportLost(f"The export lacks {', '.join(sorted(missing))}.")
        dialect = self.engine.dialect.name
        for cells in chunked(page.read_in_order(self.mapping.paths), CHUNK_ROWS):
            with fitting(self.mapping):
                chunk = read_chunk(self.mapping, cells, dialect)
            yield chunk

    def _store(self, session: Session, chunk: Chunk, limit: datetime) -> Tally:
        if insert_new(session, chunk, self.state.load_no):
            count = len(chunk.cells)
            return Tally(read=count, inserted=count - chunk.deleted, deleted=chunk.deleted)
        rows = read_table(self.mapping, chunk.cells)
        return store_rows(session, self.mapping, rows, self.state.load_no, limit)
