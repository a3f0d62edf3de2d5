"""Reads an sObject in the total order of (SystemModstamp, Id), one page of the REST API a query.

Owns the paging. Stamps have whole seconds and whole batches share one, so a page that continues
"after this stamp" would skip rows and one that continues "from this stamp" could turn in circles;
the pair of stamp and Id does neither. Rows in the recycle bin are always included.
Source: SOQL and SOSL Reference, "ORDER BY": the order among equals is undefined, append Id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from sfsync.batch import BATCH_SIZE, with_parameters
from sfsync.client import Salesforce
from sfsync.queries import query_all
from sfsync.results import Record
from sfsync.soql import soql
from sfsync.values import read_instant

#: Rows per query: one page of the REST API, so that a page costs one call.
PAGE_SIZE = 2000


@dataclass(frozen=True)
class Span:
    """The rows stamped from `after_at` to `end_at`, both included.

    With `after_id`, those of `after_at` itself only behind that Id. Without `after_at`: all.
    """

    end_at: datetime
    after_at: datetime | None = None
    after_id: str = ""

    def behind(self, row: Record) -> Span:
        """What is left of the span behind a row that was read."""
        return replace(self, after_at=read_instant(row["SystemModstamp"]), after_id=row["Id"])


def page_calls(rows: int, spans: int = 1) -> int:
    """How many calls the pages of so many spans take, which hold `rows` rows, about.

    First pages share batches; a full page is always followed by another one, if an empty one.
    """
    return ceil(spans / BATCH_SIZE) + rows // PAGE_SIZE


def read_pages(
    sf: Salesforce,
    sobject: str,
    paths: Sequence[str],
    span: Span,
    first: list[Record] | None = None,
) -> Iterator[list[Record]]:
    """The rows of `span`, page by page, at least one page, which may be empty.

    `paths` must hold Id and SystemModstamp. `first` is the first page when the caller has read it
    already, as a part of a batch.
    """
    page = query_all(sf, page_query(sobject, paths, span)) if first is None else first
    yield page
    while len(page) >= PAGE_SIZE:
        span = span.behind(page[-1])
        page = query_all(sf, page_query(sobject, paths, span))
        yield page


def page_path(sobject: str, paths: Sequence[str], span: Span, most: int | None = None) -> str:
    """The resource that answers the first page of `span`, to be read in a batch.

    `most` rows of it, where that is given.
    """
    return with_parameters("queryAll", {"q": page_query(sobject, paths, span, most)})


def page_query(sobject: str, paths: Sequence[str], span: Span, most: int | None = None) -> str:
    """The query of the first page of `span`."""
    return (
        f"SELECT {', '.join(paths)} FROM {sobject}"  # noqa: S608 - SOQL, names of ours
        f" WHERE {condition(span)} ORDER BY SystemModstamp, Id LIMIT {most or PAGE_SIZE}"
    )


def condition(span: Span) -> str:
    """What a row of `span` fulfils, as SOQL."""
    up_to = soql("SystemModstamp <= {end}", end=span.end_at)
    if span.after_at is None:
        return up_to
    if not span.after_id:
        return soql("SystemModstamp >= {at}", at=span.after_at) + f" AND {up_to}"
    after = soql(
        "(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > {id}))",
        at=span.after_at,
        id=span.after_id,
    )
    return f"{after} AND {up_to}"
