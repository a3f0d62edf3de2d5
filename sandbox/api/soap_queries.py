"""Reading records by the partner API: query, queryAll, queryMore, retrieve.

Owns how a record of unknown type looks: its type, its Id, then what was selected, the Id once more.
Source: SOAP API guide, "query()", "QueryResult", "retrieve()".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sandbox.api.queries import DEFAULT_PAGE, open_page
from sandbox.api.soap import child_text, local_name
from sandbox.api.soap_records import Operation, check_count
from sandbox.bulk.batch_query import xml_word
from sandbox.org.errors import refuse
from sandbox.soql.results import QueryResult, Row
from sandbox.xml_text import spell

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from sandbox.api.services import Services
    from sandbox.org.actor import Actor

_RECORD = 'xmlns:sf="urn:sobject.partner.soap.sforce.com" xsi:type="sf:sObject"'
_NIL = 'xsi:nil="true"'


def _query(services: Services, actor: Actor, operation: Element) -> str:
    return _first_page(services, actor, operation, include_deleted=False)


def _query_all(services: Services, actor: Actor, operation: Element) -> str:
    return _first_page(services, actor, operation, include_deleted=True)


def _first_page(
    services: Services, actor: Actor, operation: Element, *, include_deleted: bool
) -> str:
    soql = child_text(operation, "queryString") or ""
    result = services.org.query(actor, soql, include_deleted=include_deleted)
    records, locator = result.records, ""
    if len(records) > DEFAULT_PAGE:
        key = services.locators.open(actor.user_id, result.total_size, records, DEFAULT_PAGE)
        locator = f"{key}-{DEFAULT_PAGE}"
    return _page("result", records[:DEFAULT_PAGE], result.total_size, locator)


def _query_more(services: Services, actor: Actor, operation: Element) -> str:
    asked = child_text(operation, "queryLocator") or ""
    result, key, start = open_page(services.locators, asked, actor)
    end = start + result.page_size
    locator = f"{key}-{end}" if end < len(result.records) else ""
    return _page("result", result.records[start:end], result.total_size, locator)


def _retrieve(services: Services, actor: Actor, operation: Element) -> str:
    asked = (child_text(operation, "fieldList") or "").split(",")
    fields = ["Id", *(name for name in map(str.strip, asked) if name.lower() not in {"", "id"})]
    sobject = services.org.schema.sobject(child_text(operation, "sObjectType") or "")
    if sobject is None:
        raise refuse("INVALID_TYPE", "retrieve() names an sObject that is not supported.")
    ids = [child.text or "" for child in operation if local_name(child) == "ids"]
    check_count(len(ids))
    listed = ", ".join(f"'{one}'" for one in ids if one.isalnum()) or "''"
    soql = f"SELECT {', '.join(fields)} FROM {sobject.name} WHERE Id IN ({listed})"  # noqa: S608
    found = {str(row["Id"])[:15]: row for row in services.org.query(actor, soql).records}
    rows = (found.get(one[:15]) for one in ids)
    return "".join(_record("result", row) if row else f"<result {_NIL}/>" for row in rows)


def _page(name: str, records: Sequence[Row], size: int, locator: str) -> str:
    shown = "".join(_record("records", row) for row in records)
    more = f"<queryLocator>{locator}</queryLocator>" if locator else f"<queryLocator {_NIL}/>"
    done = str(not locator).lower()
    return (
        f'<{name} xsi:type="QueryResult"><done>{done}</done>{more}{shown}'
        f"<size>{size}</size></{name}>"
    )


def _record(name: str, row: Mapping[str, Any]) -> str:
    return f"<{name} {_RECORD}>{''.join(_elements(row))}</{name}>"


def _elements(row: Mapping[str, Any]) -> Iterator[str]:
    about = row["attributes"]
    yield f"<sf:type>{about['type']}</sf:type>"
    record_id = row.get("Id") or about.get("id")
    yield f"<sf:Id>{record_id}</sf:Id>" if record_id else f"<sf:Id {_NIL}/>"
    for name, value in row.items():
        if name == "attributes":
            continue
        if value is None:
            yield f"<sf:{name} {_NIL}/>"
        elif isinstance(value, QueryResult):
            yield _page(f"sf:{name}", value.records, value.total_size, "")
        elif isinstance(value, Mapping):
            yield _record(f"sf:{name}", value)
        else:
            yield f"<sf:{name}>{spell(xml_word(value))}</sf:{name}>"


OPERATIONS: dict[str, Operation] = {
    "query": _query,
    "queryAll": _query_all,
    "queryMore": _query_more,
    "retrieve": _retrieve,
}
