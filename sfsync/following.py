"""Brings a replica that was complete once up to the org's present, in as few calls as possible.

Owns which rows a pull reads: those behind the cursor, because they are new, and those between the
watermark and the point that the org vouches for now, because a late commit may have slipped in
since they were read first. Each row of the latter is compared whole, since two versions may carry
the same second. All sObjects share their calls: one asks what happened, one more reads the first
pages of everything, parents first: a formula is then no older than the parent that it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from config.database import transaction
from sfsync import keyset
from sfsync.batch import BatchAnswer, get_many
from sfsync.changes import Changes
from sfsync.client import Salesforce
from sfsync.keyset import Span, page_path, read_pages
from sfsync.loading import OnPage
from sfsync.mapping import Mapping
from sfsync.queries import follow_pages
from sfsync.replica_writes import Tally, store_page
from sfsync.results import Record
from sfsync.stale import note_changed, note_deleted
from sfsync.sync_state import SyncState, credible_to, note_complete, note_proven, note_read
from sfsync.tombstones import mark_deleted

#: Stamps have whole seconds, so this ends a span before the next one begins.
SECOND = timedelta(seconds=1)


#: The first page of each span; None where it is older than what was read of a parent since.
FirstPages = list[list[Record] | None]


@dataclass(frozen=True)
class Followed:
    """One sObject, where its replica stands, and what happened to it since."""

    mapping: Mapping
    state: SyncState
    changes: Changes
    end_at: datetime  #: the org's time when the pull began

    @property
    def spans(self) -> list[Span]:
        """What is to be read: nothing, or the span that is proven by it first."""
        start, read_to = self.state.watermark_at, self.state.cursor_at
        if start is None or read_to is None:
            raise ValueError(f"{self.mapping.sobject} was never read whole")
        if self.changes.is_quiet:
            return []
        proven_to = self.changes.covered_at - SECOND
        if proven_to < start:
            return [self.state.unread(self.end_at)]
        if proven_to >= read_to:
            return [Span(self.end_at, start)]
        return [Span(proven_to, start), self.state.unread(self.end_at)]


def follow(
    sf: Salesforce,
    engine: Engine,
    followed: Sequence[Followed],
    tallies: dict[str, Tally],
    on_page: OnPage,
) -> None:
    """Stores what is new of each sObject and moves its watermark. Idempotent; adds to `tallies`."""
    paths = [
        page_path(each.mapping.sobject, each.mapping.paths, span)
        for each in followed
        for span in each.spans
    ]
    answers = iter(get_many(sf, paths))
    read_later: set[str] = set()
    for each in followed:
        name = each.mapping.sobject
        first_pages: FirstPages = [_rows(sf, next(answers)) for _ in each.spans]
        if read_later & {reading.sobject for reading in each.mapping.readings}:
            first_pages = [None] * len(first_pages)
        _follow_one(sf, engine, each, first_pages, tallies[name], on_page)
        if any(page is None or len(page) >= keyset.PAGE_SIZE for page in first_pages):
            read_later.add(name)


def _rows(sf: Salesforce, answer: BatchAnswer) -> list[Record]:
    return list(follow_pages(sf, answer.unwrap()))


def _follow_one(
    sf: Salesforce,
    engine: Engine,
    each: Followed,
    first_pages: FirstPages,
    tally: Tally,
    on_page: OnPage,
) -> None:
    """Deletions go first, so that the watermark may follow each page; a record that was restored
    is alive again with its row."""
    with transaction(engine) as session:
        deletions, limit = each.changes.deletions, credible_to(each.end_at)
        note_deleted(session, each.mapping, [deleted for deleted, _ in deletions])
        tally.deleted += mark_deleted(session, each.mapping, deletions, limit)
    for span, first in zip(each.spans, first_pages, strict=True):
        _read_span(sf, engine, each, span, first, tally, on_page)
    with transaction(engine) as session:
        note_complete(session, each.state, each.changes.covered_at, each.end_at)


def _read_span(
    sf: Salesforce,
    engine: Engine,
    each: Followed,
    span: Span,
    first: list[Record] | None,
    tally: Tally,
    on_page: OnPage,
) -> None:
    mapping, is_proof = each.mapping, span.after_at == each.state.watermark_at
    limit = credible_to(each.end_at)
    for rows in read_pages(sf, mapping.sobject, mapping.paths, span, first):
        with transaction(engine) as session:
            note_changed(session, mapping, rows)
            tally.add(store_page(session, mapping, rows, credible_to=limit))
            if rows:
                read = span.behind(rows[-1])
                note_read(session, each.state, read)
                if is_proof:
                    note_proven(session, each.state, read, each.changes.covered_at)
        on_page(mapping.sobject, tally)
