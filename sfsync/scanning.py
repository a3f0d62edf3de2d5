"""Streams the org's rows of some spans of time, deleted ones included, by the fewest calls.

Owns the choice between pages and an export for a reading that is not resumed: one that breaks is
begun again by the next run. Where the org gives no export, or takes it back, the rows come in pages
from the beginning, so a row may arrive twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sfsync.batch import BATCH_SIZE, get_many
from sfsync.chunks import chunked
from sfsync.client import Salesforce
from sfsync.errors import OutcomeUnknown, SalesforceRejected
from sfsync.exports import await_export, is_export_cheaper, open_page, page_rows, start_export
from sfsync.figures import Row
from sfsync.keyset import Span, condition, page_path, read_pages
from sfsync.mapping import Mapping
from sfsync.org_rows import read_rows, read_table
from sfsync.queries import follow_pages
from sfsync.replica_reads import WALK_SIZE

logger = logging.getLogger(__name__)

#: Stamps have whole seconds, so this ends a span before the next one begins.
SECOND = timedelta(seconds=1)
#: Spans of one query; the words for more would not fit into an address.
MOST_SPANS = 50


def spans_of(days: Sequence[date], proven_to: datetime) -> list[Span]:
    """The spans of these days, oldest first, up to what is proven; neighbours make one."""
    spans: list[Span] = []
    for day in days:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        end = min(start + timedelta(days=1), proven_to) - SECOND
        if spans and spans[-1].end_at + SECOND == start:
            spans[-1] = Span(end, spans[-1].after_at)
        else:
            spans.append(Span(end, start))
    if len(spans) > MOST_SPANS:
        return [Span(spans[-1].end_at, spans[0].after_at)]
    return spans


@dataclass(frozen=True)
class Scan:
    """A reading of an sObject's rows of these spans. `rows` is how many there are, about."""

    sf: Salesforce
    mapping: Mapping
    spans: Sequence[Span]
    rows: int
    sleep: Callable[[float], None] = time.sleep

    def read(self) -> Iterator[list[Row]]:
        """The rows by column, in pieces. Conclude nothing from a missing one before the end.

        Raises SalesforceRetryable; SalesforceRejected, VALUE_MISFIT, when a field has another type.
        """
        if is_export_cheaper(self.rows, len(self.spans)):
            try:
                yield from self._read_export()
                return
            except (OutcomeUnknown, SalesforceRejected) as error:
                logger.warning(
                    "an export did not work; the rows are read in pages",
                    extra={"sobject": self.mapping.sobject, "error": str(error)},
                )
        yield from self._read_pages()

    def _read_export(self) -> Iterator[list[Row]]:
        where = " OR ".join(f"({condition(each)})" for each in self.spans)
        fields = ", ".join(self.mapping.paths)
        query = f"SELECT {fields} FROM {self.mapping.sobject} WHERE {where}"  # noqa: S608 - SOQL
        job_id = start_export(self.sf, query)
        await_export(self.sf, job_id, self.rows, self.sleep)
        locator = None
        while True:
            with open_page(self.sf, job_id, locator, page_rows(self.rows)) as page:
                for cells in chunked(page.read_in_order(self.mapping.paths), WALK_SIZE):
                    yield read_table(self.mapping, cells)
            locator = page.next_locator
            if locator is None:
                return

    def _read_pages(self) -> Iterator[list[Row]]:
        name, paths = self.mapping.sobject, self.mapping.paths
        for spans in chunked(self.spans, BATCH_SIZE):
            answers = get_many(self.sf, [page_path(name, paths, each) for each in spans])
            for span, answer in zip(spans, answers, strict=True):
                first = list(follow_pages(self.sf, answer.unwrap()))
                for page in read_pages(self.sf, name, paths, span, first):
                    yield read_rows(self.mapping, page)
