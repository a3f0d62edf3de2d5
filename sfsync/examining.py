"""Asks the org for single records as they are now, and settles what differs.

Owns the last look at a suspect. People go on editing while rows are compared, so a difference found
on the way is only a reason to ask: our row is read, then the org's record, and where our row was
not written meanwhile the two are judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from simple_salesforce.api import Salesforce

from config.database import transaction
from sfsync import mapping as maps
from sfsync.batch import get_many
from sfsync.changes import change_paths, read_changes
from sfsync.chunks import chunked
from sfsync.errors import SalesforceRetryable
from sfsync.figures import DayBook, Row
from sfsync.healing import Healer
from sfsync.replica import load_stored, read_row
from sfsync.rest import org_time, query_in

#: Suspects that are asked for by their Ids, 500 to a call; for more, all rows are read.
MOST_EXAMINED = 2_000
#: Anything else in an Id column was never an Id, and would spoil the query that asks for it.
RECORD_ID = re.compile(r"[0-9A-Za-z]{18}")

Pause = Callable[[], None]


@dataclass
class Examiner:
    """Looks at suspects, and heals through `healer`. `pause` is called between steps."""

    sf: Salesforce
    healer: Healer
    pause: Pause

    def examine(
        self,
        mapping: maps.Mapping,
        suspects: Iterable[str],
        book: DayBook | None = None,
        *,
        booked: bool = True,
    ) -> None:
        """Asks the org for these records as they are now, and settles them.

        What they are goes into `book`, in the place of what was `booked` for our rows.
        """
        for ids in chunked(suspects, MOST_EXAMINED):
            self.pause()
            with transaction(self.healer.engine) as session:
                seen = load_stored(session, mapping, ids, lock=False)
            theirs = self._read_again(mapping, ids, seen)
            moved = self.healer.settle(mapping, theirs, seen)
            self.healer.findings[mapping.sobject].moved += len(moved)
            if book is not None:
                for each in ids:
                    _book_anew(book, seen.get(each) if booked else None, theirs.get(each))

    def _read_again(
        self, mapping: maps.Mapping, ids: Iterable[str], seen: Mapping[str, Row]
    ) -> dict[str, Row | None]:
        """The org's records by Id, None where it shows none; without those erased just now."""
        fields = ", ".join(mapping.paths)
        template = f"SELECT {fields} FROM {mapping.sobject} WHERE Id IN {{values}}"  # noqa: S608 - SOQL
        askable = [each for each in ids if RECORD_ID.fullmatch(each)]
        found = query_in(self.sf, template, askable, include_deleted=True)
        theirs: dict[str, Row | None] = dict.fromkeys(ids)
        theirs |= {row["Id"]: read_row(mapping, row) for row in found}
        lost = {each for each, row in theirs.items() if row is None and is_alive(seen.get(each))}
        for each in lost & self._erased_since(mapping) if lost else ():
            del theirs[each]
        return theirs

    def _erased_since(self, mapping: maps.Mapping) -> set[str]:
        """Records that were deleted for good after the last pull: news for the next one."""
        since = {mapping.sobject: self.healer.proven_to[mapping.sobject]}
        now = org_time(self.sf)
        answers = get_many(self.sf, change_paths(since, now))
        changes = read_changes(since, answers, now)[mapping.sobject]
        if changes is None:
            raise SalesforceRetryable(
                f"The org does not say which {mapping.sobject} records were deleted just now.",
                remedy="Run it again when the mass change that is at work is over.",
            )
        return {record_id for record_id, at in changes.deletions if at >= since[mapping.sobject]}


def is_alive(row: Row | None) -> bool:
    """Whether there is a row, and it is not deleted."""
    return row is not None and not row["is_deleted"]


def _book_anew(book: DayBook, ours: Row | None, theirs: Row | None) -> None:
    if ours is not None:
        book.remove(ours)
    if theirs is not None:
        book.add(theirs)
