"""SOQL over REST: `query`, `queryAll`, and the pages that follow.

Source: REST API guide, "Query", "QueryAll", "Query Options Header".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.api.call import Answer, Call, Route
from sandbox.api.counts import read_count
from sandbox.api.query_columns import show_columns, show_plan
from sandbox.fault import FaultAction, find_hit
from sandbox.org.errors import not_implemented, refuse
from sandbox.soql import parse

if TYPE_CHECKING:
    from sandbox.api.locators import Locators, OpenResult
    from sandbox.org.actor import Actor

DEFAULT_PAGE = 2000
SMALLEST_PAGE = 200
LARGEST_PAGE = 2000
_RECORD_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_LOCATOR = re.compile(r"(\w+)-([0-9]{1,9})")
#: Types of values that are shown as they are.
_PLAIN = frozenset({bool, Decimal, int, str, type(None)})
_BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)


def run_query(call: Call) -> Answer:
    """The first page of a query."""
    return _run(call, "query", include_deleted=False)


def run_query_all(call: Call) -> Answer:
    """The same with records from the recycle bin."""
    return _run(call, "queryAll", include_deleted=True)


def read_page(call: Call, locator: str) -> Answer:
    """A further page: `01g…-2000` is the row to start from."""
    result, key, start = open_page(call.services.locators, locator, call.actor)
    page = result.records[start : start + _shorten(call, result.page_size)]
    end = start + len(page)
    resource = "queryAll" if "/queryall/" in call.path.lower() else "query"
    body: dict[str, object] = {
        "totalSize": result.total_size,
        "done": end == len(result.records),
    }
    if end < len(result.records):
        body["nextRecordsUrl"] = f"{call.data_url}/{resource}/{key}-{end}"
    body["records"] = [show_row(row, call.data_url) for row in page]
    return Answer(body=body)


def open_page(locators: Locators, locator: str, actor: Actor) -> tuple[OpenResult, str, int]:
    """The result behind a locator, its key, and the row to start from.

    Raises OrgError INVALID_QUERY_LOCATOR.
    """
    found = _LOCATOR.fullmatch(locator)
    if found is None:
        raise refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
    result, start = locators.find(found[1], actor.user_id), int(found[2])
    if start >= len(result.records):
        raise refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
    return result, found[1], start


def show_row(row: Mapping[str, Any], data_url: str) -> dict[str, object]:
    """A row as REST shows it: every record gets its URL, child results become objects."""
    shown: dict[str, object] = {}
    for name, value in row.items():
        if type(value) in _PLAIN:
            shown[name] = value
        elif name == "attributes":
            shown[name] = _attributes(value, row, data_url)
        elif isinstance(value, Mapping):
            shown[name] = show_row(value, data_url)
        elif hasattr(value, "records"):
            shown[name] = _show_children(value, data_url)
        else:
            shown[name] = value
    return shown


def _run(call: Call, resource: str, *, include_deleted: bool) -> Answer:
    if "explain" in call.params:
        return _explain(call, call.params["explain"])
    soql = _read_soql(call)
    if call.params.get("columns", "").lower() == "true":
        return _describe_columns(call, soql)
    page_size = _page_size(call)
    org = call.services.org
    result = org.query(call.actor, soql, include_deleted=include_deleted)
    records = result.records
    end = _shorten(call, page_size)
    body: dict[str, object] = {"totalSize": result.total_size, "done": len(records) <= end}
    if len(records) > end:
        key = call.services.locators.open(call.actor.user_id, result.total_size, records, page_size)
        body["nextRecordsUrl"] = f"{call.data_url}/{resource}/{key}-{end}"
    body["records"] = [show_row(row, call.data_url) for row in records[:end]]
    return Answer(body=body)


def _describe_columns(call: Call, soql: str) -> Answer:
    org = call.services.org
    # Running it is how a wrong query gets the refusal that it would get without `columns`.
    org.query(call.actor, soql)
    return Answer(body=show_columns(org.schema, parse(soql), call.actor.access))


def _explain(call: Call, soql: str) -> Answer:
    if _RECORD_ID.fullmatch(soql.strip()):
        raise not_implemented("query?explain= for reports and list views")
    org = call.services.org
    found = org.query(call.actor, soql).total_size
    sobject = org.schema.sobject(parse(soql).source.path.parts[0])
    assert sobject is not None  # noqa: S101 - the query has been run
    total = org.query(call.actor, f"SELECT COUNT() FROM {sobject.name}")  # noqa: S608 - API name
    return Answer(body=show_plan(sobject.name, soql, found, total.total_size))


def _read_soql(call: Call) -> str:
    soql = call.params.get("q", "")
    if not soql.strip():
        raise refuse("MALFORMED_QUERY", "A query string has to be specified")
    return soql


def _page_size(call: Call) -> int:
    asked = _BATCH_SIZE.search(call.headers.get("sforce-query-options", ""))
    if asked is None:
        return DEFAULT_PAGE
    size = read_count(asked[1])
    if size is None or not SMALLEST_PAGE <= size <= LARGEST_PAGE:
        raise refuse(
            "INVALID_QUERY_OPTIONS",
            f"batchSize {asked[1]} must be between {SMALLEST_PAGE} and {LARGEST_PAGE}",
        )
    return size


def _shorten(call: Call, page_size: int) -> int:
    hit = find_hit(call.faults, FaultAction.SHORT_PAGES)
    return min(page_size, hit.rows) if hit else page_size


def _attributes(value: Mapping[str, Any], row: Mapping[str, Any], data_url: str) -> dict[str, Any]:
    sobject, record_id = value.get("type"), row.get("Id") or value.get("id")
    if sobject == "AggregateResult" or not record_id:
        return {name: held for name, held in value.items() if name != "id"}
    return {"type": sobject, "url": f"{data_url}/sobjects/{sobject}/{record_id}"}


def _show_children(result: Any, data_url: str) -> dict[str, object]:
    rows = [show_row(row, data_url) for row in result.records]
    return {"totalSize": result.total_size, "done": True, "records": rows}


_NESTED = frozenset({"composite", "batch"})
ROUTES = [
    Route("query", {"GET": run_query}, "query", _NESTED),
    Route("queryAll", {"GET": run_query_all}, "query", _NESTED),
    Route("query/{locator}", {"GET": read_page}, "query", _NESTED),
    Route("queryAll/{locator}", {"GET": read_page}, "query", _NESTED),
]
