"""Queries over the REST API: SOQL in, the records as plain dictionaries out.

Owns the rule that a read which did not arrive whole is an error, never a shorter list, and the
splitting of what fits no address. Source: REST API guide, "Query".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from simple_salesforce.api import Salesforce

from sfsync.batch import get_many, with_parameters
from sfsync.edge import reading
from sfsync.errors import IncompleteRead
from sfsync.results import Record
from sfsync.soql import LONGEST_QUERY_BYTES, encoded_bytes, soql


def query(sf: Salesforce, text: str) -> list[Record]:
    """Every row of a SOQL query, all pages followed; deleted rows are not seen.

    Raises IncompleteRead when the org sent fewer or more rows than it announced: the answer then
    proves nothing, and the caller reads again.
    """
    return list(query_rows(sf, text))


def query_all(sf: Salesforce, text: str) -> list[Record]:
    """The same, including rows in the recycle bin (`IsDeleted = true`)."""
    return list(query_rows(sf, text, include_deleted=True))


def query_rows(sf: Salesforce, text: str, *, include_deleted: bool = False) -> Iterator[Record]:
    """The same rows one by one as pages arrive, so that a long answer is never held whole.

    IncompleteRead comes after the last row: conclude nothing before the end.
    """
    if encoded_bytes(text) > LONGEST_QUERY_BYTES:
        raise ValueError(f"a query of {encoded_bytes(text)} bytes fits no address; use query_in()")
    with reading(sf):
        page = sf.query(text, include_deleted=include_deleted)
    return follow_pages(sf, page)


def query_in(
    sf: Salesforce,
    template: str,
    values: Sequence[str],
    *,
    include_deleted: bool = False,
    **others: object,
) -> list[Record]:
    """A query whose `{values}` is an IN list of any length, split so that each address fits.

    Rows come in the order of the chunks; a value is asked for once. No values, no call.
    """
    return list(query_in_rows(sf, template, values, include_deleted=include_deleted, **others))


def query_in_rows(
    sf: Salesforce,
    template: str,
    values: Sequence[str],
    *,
    include_deleted: bool = False,
    **others: object,
) -> Iterator[Record]:
    """The same rows one by one as pages arrive."""
    for text in in_queries(template, values, **others):
        yield from query_rows(sf, text, include_deleted=include_deleted)


def query_all_in(sf: Salesforce, template: str, values: Sequence[str]) -> list[Record]:
    """The same rows, those in the recycle bin included, for one call per 25 queries.

    So ten thousand records are read in one call, and their order says nothing.
    """
    answers = get_many(sf, in_paths(template, values))
    return [row for answer in answers for row in follow_pages(sf, answer.unwrap())]


def in_paths(template: str, values: Sequence[str]) -> list[str]:
    """The resources that answer the same, to be read in a batch together with others."""
    return [with_parameters("queryAll", {"q": text}) for text in in_queries(template, values)]


def in_queries(template: str, values: Sequence[str], **others: object) -> Iterator[str]:
    """The queries that ask for all of `values`, each once, so that every address fits."""
    for chunk in _fitting_chunks(template, list(dict.fromkeys(values)), others):
        yield soql(template, values=chunk, **others)


def count_all(sf: Salesforce, text: str) -> int:
    """The answer of a `SELECT COUNT()` query, rows in the recycle bin included."""
    with reading(sf):
        return int(sf.query(text, include_deleted=True)["totalSize"])


def follow_pages(sf: Salesforce, page: Record) -> Iterator[Record]:
    """The rows of a query whose first answer is `page`, and of all its further pages."""
    announced, sent = int(page["totalSize"]), 0
    while True:
        rows, rest = page["records"], None if page["done"] else page["nextRecordsUrl"]
        sent += len(rows)
        for row in rows:
            _complete_children(sf, row)
            yield row
        if rest is None:
            break
        # The page is let go before the next one is parsed: pages are megabytes.
        rows.clear()
        with reading(sf):
            page = sf.query_more(rest, identifier_is_url=True)
    if sent != announced:
        raise IncompleteRead(
            f"The org announced {announced} rows and sent {sent}.",
            remedy="Nothing is concluded from it; it is read again.",
        )


def _complete_children(sf: Salesforce, row: Record) -> None:
    """Replaces a nested child result by the plain list of all its rows."""
    for name, value in row.items():
        if isinstance(value, dict) and "records" in value:
            row[name] = list(follow_pages(sf, value))


def _fitting_chunks(
    template: str, values: list[str], others: Mapping[str, object]
) -> Iterator[list[str]]:
    if not values:
        return
    fixed = encoded_bytes(soql(template, values=[""], **others))
    chunk: list[str] = []
    size = fixed
    for value in values:
        cost = encoded_bytes(soql("{value},", value=value))
        if chunk and size + cost > LONGEST_QUERY_BYTES:
            yield chunk
            chunk, size = [], fixed
        chunk.append(value)
        size += cost
    yield chunk
