"""Reads and writes over the REST API: plain dictionaries in, plain dictionaries or our errors out.

Owns the shapes of Salesforce's resources. Numbers stay exact in both directions, and a read that
did not arrive whole is an error, never a shorter list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from simple_salesforce.api import Salesforce

from sfsync import jsonio
from sfsync.batch import get_many, with_parameters
from sfsync.edge import reading, writing
from sfsync.errors import (
    IncompleteRead,
    OutcomeUnknown,
    SalesforceAuthFailed,
    SalesforceRejected,
)
from sfsync.results import (
    GraphResult,
    Record,
    SaveResult,
    read_graph_result,
    read_save_result,
    response_errors,
)
from sfsync.soql import LONGEST_QUERY_BYTES, encoded_bytes, soql

__all__ = [
    "COLLECTION_SIZE",
    "COMPOSITE_SIZE",
    "GRAPH_NODES",
    "GraphResult",
    "Record",
    "SaveResult",
    "api_versions",
    "collections_update",
    "collections_upsert",
    "composite",
    "composite_graph",
    "count_all",
    "create_record",
    "describe_many",
    "follow_pages",
    "get_record",
    "org_time",
    "patch_record",
    "query",
    "query_all",
    "query_all_in",
    "query_in",
    "query_in_rows",
    "query_rows",
    "resource",
    "response_errors",
    "running_user",
    "soql",
    "upsert_record",
]

#: Rows of one sObject Collections call (REST API guide, "sObject Collections").
COLLECTION_SIZE = 200
#: Nodes of one composite graph call (REST API guide, "Using Composite Graphs").
GRAPH_NODES = 500
#: Requests of one composite call (REST API guide, "Composite").
COMPOSITE_SIZE = 25


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
    queries = in_queries(template, values)
    answers = get_many(sf, [with_parameters("queryAll", {"q": text}) for text in queries])
    return [row for answer in answers for row in follow_pages(sf, answer.unwrap())]


def in_queries(template: str, values: Sequence[str], **others: object) -> Iterator[str]:
    """The queries that ask for all of `values`, each once, so that every address fits."""
    for chunk in _fitting_chunks(template, list(dict.fromkeys(values)), others):
        yield soql(template, values=chunk, **others)


def count_all(sf: Salesforce, text: str) -> int:
    """The answer of a `SELECT COUNT()` query, rows in the recycle bin included."""
    with reading(sf):
        return int(sf.query(text, include_deleted=True)["totalSize"])


def org_time(sf: Salesforce) -> datetime:
    """The org's own clock, aware UTC, whole seconds; costs no API call."""
    with reading(sf):
        answer = sf.session.get(f"https://{sf.sf_instance}/services/data")
        answer.raise_for_status()
    return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)


def api_versions(sf: Salesforce) -> list[str]:
    """The API versions that the org offers, oldest first; costs no API call."""
    with reading(sf):
        answer = sf.session.get(f"https://{sf.sf_instance}/services/data")
        answer.raise_for_status()
        return [str(each["version"]) for each in answer.json()]


def running_user(sf: Salesforce) -> Record:
    """The user that this connection acts for: Id, Username, TimeZoneSidKey."""
    try:
        with reading(sf):
            identity = sf.oauth2("userinfo") or {}
    except SalesforceRejected as error:
        # This resource answers a dead token with 403 and text, not with INVALID_SESSION_ID.
        raise SalesforceAuthFailed(
            "The org does not accept the login.",
            remedy="Renew SALESFORCE_ACCESS_TOKEN, or log in with a client ID.",
        ) from error
    text = "SELECT Id, Username, TimeZoneSidKey FROM User WHERE Id = {user}"
    return query(sf, soql(text, user=str(identity["user_id"])))[0]


def get_record(sf: Salesforce, name: str, record_id: str, fields: Sequence[str]) -> Record:
    """One record by its Id. Raises SalesforceRejected with code NOT_FOUND when there is none."""
    path = f"sobjects/{name}/{record_id}"
    with reading(sf):
        found = sf.restful(path, params={"fields": ",".join(fields)})
    return dict(found or {})


def create_record(sf: Salesforce, name: str, values: Mapping[str, object]) -> str:
    """Creates one record and returns its Id. Not repeatable: prefer an upsert by external ID."""
    with writing(sf):
        answer = sf.restful(f"sobjects/{name}/", method="POST", data=_body(values))
    return str((answer or {})["id"])


def patch_record(
    sf: Salesforce,
    name: str,
    record_id: str,
    values: Mapping[str, object],
    unmodified_since: datetime | None = None,
) -> None:
    """Changes one record by its Id.

    With `unmodified_since` (its LastModifiedDate when it was read) the org refuses when someone
    changed it later: raises RecordChanged, and the caller re-reads and decides again. The check is
    to the second (REST API guide, "Conditional Requests").
    """
    headers = {}
    if unmodified_since is not None:
        in_utc = unmodified_since.astimezone(UTC)
        headers["If-Unmodified-Since"] = format_datetime(in_utc, usegmt=True)
    with writing(sf):
        sf.restful(
            f"sobjects/{name}/{record_id}", method="PATCH", data=_body(values), headers=headers
        )


def upsert_record(
    sf: Salesforce, name: str, external_field: str, external_id: str, values: Mapping[str, object]
) -> SaveResult:
    """Creates or changes the record with that external ID. Idempotent, and repeated by itself."""
    path = f"sobjects/{name}/{external_field}/{quote(external_id, safe='')}"
    with writing(sf):
        answer = sf.restful(path, method="PATCH", data=_body(values)) or {}
    return SaveResult(answer.get("id"), success=True, created=bool(answer.get("created")))


def collections_upsert(
    sf: Salesforce, name: str, external_field: str, records: Sequence[Mapping[str, object]]
) -> list[SaveResult]:
    """Creates or changes up to 200 records by external ID in one call, each on its own.

    Results come in the order of `records`. Raises OutcomeUnknown when no whole answer came: the
    caller reads back by external ID before it tries again.
    """
    rows = [{"attributes": {"type": name}, **record} for record in records]
    return _save_collection(sf, f"composite/sobjects/{name}/{external_field}", rows)


def collections_update(
    sf: Salesforce, records: Sequence[tuple[str, Mapping[str, object]]]
) -> list[SaveResult]:
    """Changes up to 200 records in one call, each on its own: (sObject, values with `Id`) each.

    Several sObjects may be mixed. Results come in the order of `records`. Raises OutcomeUnknown
    when no whole answer came.
    """
    rows = [{"attributes": {"type": name}, **values} for name, values in records]
    return _save_collection(sf, "composite/sobjects", rows)


def _save_collection(sf: Salesforce, path: str, rows: list[Record]) -> list[SaveResult]:
    if len(rows) > COLLECTION_SIZE:
        raise ValueError(f"{len(rows)} records exceed the {COLLECTION_SIZE} of one call")
    with writing(sf):
        answer = sf.restful(path, method="PATCH", data=_body({"allOrNone": False, "records": rows}))
    if not isinstance(answer, list) or len(answer) != len(rows):
        raise OutcomeUnknown(
            f"The org answered for {len(answer or [])} of {len(rows)} records.",
            remedy="They are read back before they are tried again.",
        )
    return [read_save_result(item) for item in answer]


def composite(
    sf: Salesforce, subrequests: Sequence[Mapping[str, object]], *, all_or_none: bool
) -> list[Record]:
    """Up to 25 subrequests in one call; answers (body, httpStatusCode, referenceId) in order."""
    if len(subrequests) > COMPOSITE_SIZE:
        raise ValueError(f"{len(subrequests)} subrequests exceed the {COMPOSITE_SIZE} of one call")
    body = {"allOrNone": all_or_none, "compositeRequest": list(subrequests)}
    with writing(sf):
        answer = sf.restful("composite", method="POST", data=_body(body)) or {}
    responses = answer.get("compositeResponse")
    if not isinstance(responses, list) or len(responses) != len(subrequests):
        raise OutcomeUnknown("The org answered for only a part of a composite call.")
    return responses


def composite_graph(sf: Salesforce, graphs: Sequence[Mapping[str, Any]]) -> list[GraphResult]:
    """Writes several units in one call, each whole or not at all, in the order of `graphs`.

    A graph is `{"graphId": …, "compositeRequest": [{method, url, referenceId, body}, …]}`; urls
    come from `resource()`. At most 500 nodes together. One refused graph does not stop the others.
    Raises OutcomeUnknown when no whole answer came: read back before trying again.
    """
    nodes = sum(len(graph["compositeRequest"]) for graph in graphs)
    if nodes > GRAPH_NODES:
        raise ValueError(f"{nodes} nodes exceed the {GRAPH_NODES} of one composite graph call")
    with writing(sf):
        answer = sf.restful("composite/graph", method="POST", data=_body({"graphs": list(graphs)}))
    answered = {str(each["graphId"]): each for each in (answer or {}).get("graphs", ())}
    missing = [graph["graphId"] for graph in graphs if graph["graphId"] not in answered]
    if missing:
        raise OutcomeUnknown(f"The org gave no answer for graphs {', '.join(missing)}.")
    return [read_graph_result(answered[graph["graphId"]]) for graph in graphs]


def describe_many(sf: Salesforce, names: Sequence[str]) -> dict[str, Record]:
    """The describe of each sObject that exists and is visible to us, in one call per 25."""
    answers = get_many(sf, [f"sobjects/{name}/describe" for name in names])
    pairs = zip(names, answers, strict=True)
    return {name: answer.unwrap() for name, answer in pairs if answer.status != 404}


def resource(sf: Salesforce, path: str) -> str:
    """The address of a resource inside a composite or graph, such as `sobjects/Order/801…`."""
    return f"/services/data/v{sf.sf_version}/{path}"


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


def _body(value: object) -> bytes:
    return jsonio.dumps(value).encode()
