"""Asks the org for single records as they are now, and settles what differs.

Owns the last look at a suspect. People go on editing while rows are compared, so a difference found
on the way is only a reason to ask: our row is read, then the org's record, and where our row was
not written meanwhile the two are judged. In the same call the org tells what was deleted for good
since the last pull, which is news and no drift.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from simple_salesforce.api import Salesforce

from config.database import transaction
from sfsync import mapping as maps
from sfsync.about_org import org_time
from sfsync.batch import BatchAnswer, get_many
from sfsync.changes import change_paths, read_changes
from sfsync.chunks import chunked
from sfsync.errors import SalesforceRetryable
from sfsync.figures import DayBook, Row
from sfsync.healing import Healer
from sfsync.org_rows import read_rows
from sfsync.queries import follow_pages, in_paths
from sfsync.replica_reads import load_stored

#: Suspects that are asked for by their Ids, in one call; for more, all rows are read.
MOST_EXAMINED = 2_000
#: Anything else in an Id column was never an Id, and would spoil the query that asks for it.
RECORD_ID = re.compile(r"[0-9A-Za-z]{18}")

Pause = Callable[[], None]


@dataclass(frozen=True)
class Inquiry:
    """A question about some records, to be asked in a batch."""

    mapping: maps.Mapping
    ids: Sequence[str]
    seen: Mapping[str, Row]  #: our rows when it was asked
    paths: Sequence[str]  #: the resources that answer it; none where there are no suspects


@dataclass
class Examiner:
    """Looks at suspects, and heals through `healer`. `pause` is called between steps."""

    sf: Salesforce
    healer: Healer
    pause: Pause

    def examine(
        self, mapping: maps.Mapping, suspects: Iterable[str], book: DayBook | None = None
    ) -> None:
        """Asks for these records and settles them; in `book` they replace our rows."""
        for ids in chunked(suspects, MOST_EXAMINED):
            self.pause()
            inquiry = self.prepare(mapping, ids)
            found = self.conclude(inquiry, get_many(self.sf, inquiry.paths))
            if book is not None:
                book.replace(inquiry.seen.values(), found)

    def prepare(self, mapping: maps.Mapping, ids: Sequence[str]) -> Inquiry:
        """The question about at most MOST_EXAMINED records. Our rows are read here and now."""
        with transaction(self.healer.engine) as session:
            seen = load_stored(session, mapping, ids, lock=False)
        askable = [each for each in ids if RECORD_ID.fullmatch(each)]
        template = f"SELECT {', '.join(mapping.paths)} FROM {mapping.sobject}"  # noqa: S608 - SOQL
        paths = in_paths(f"{template} WHERE Id IN {{values}}", askable)
        if ids:
            since = {mapping.sobject: self.healer.proven_to[mapping.sobject]}
            paths += change_paths(since, org_time(self.sf))
        return Inquiry(mapping, ids, seen, paths)

    def conclude(self, inquiry: Inquiry, answers: Sequence[BatchAnswer]) -> list[Row]:
        """Settles what was asked about, by the answers to its paths; the org's records."""
        if not inquiry.ids:
            return []
        records = (row for each in answers[:-2] for row in follow_pages(self.sf, each.unwrap()))
        found = {row["salesforce_id"]: row for row in read_rows(inquiry.mapping, records)}
        erased = self._erased_since(inquiry.mapping, answers[-2:])
        theirs = {
            each: found.get(each) for each in inquiry.ids if each in found or each not in erased
        }
        moved = self.healer.settle(inquiry.mapping, theirs, inquiry.seen)
        self.healer.findings[inquiry.mapping.sobject].moved += len(moved)
        return list(found.values())

    def _erased_since(self, mapping: maps.Mapping, answers: Sequence[BatchAnswer]) -> set[str]:
        """Records that were deleted after the last pull: news for the next one."""
        name = mapping.sobject
        changes = read_changes([name], answers, self.healer.now)[name]
        if changes is None:
            raise SalesforceRetryable(
                f"The org does not say which {name} records were deleted just now.",
                remedy="Run it again when the mass change that is at work is over.",
            )
        proven_to = self.healer.proven_to[name]
        return {record_id for record_id, at in changes.deletions if at >= proven_to}


def is_alive(row: Row | None) -> bool:
    """Whether there is a row, and it is not deleted."""
    return row is not None and not row["is_deleted"]
