"""What only SOAP can do with records: undelete, emptyRecycleBin, merge.

REST has no such resources, so clients that need them speak the partner API for it. Every record
succeeds or fails on its own. Source: SOAP API guide, "undelete()", "emptyRecycleBin()", "merge()".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sandbox.api.soap import BOOLEANS, local_name
from sandbox.org.errors import ErrorItem, OrgError, refuse
from sandbox.org.schema import FieldType, SObject
from sandbox.xml_text import spell

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from sandbox.api.services import Services
    from sandbox.org.actor import Actor

_MOST_RECORDS = 200
_NULLS = "fieldsToNull"


def _undelete(services: Services, actor: Actor, operation: Element) -> str:
    return _each_id(services, operation, lambda o, i: services.org.undelete(actor, o.name, i))


def _empty_recycle_bin(services: Services, actor: Actor, operation: Element) -> str:
    return _each_id(services, operation, lambda o, i: services.org.empty_from_bin(actor, o.name, i))


def _each_id(services: Services, operation: Element, act: Callable[[SObject, str], None]) -> str:
    ids = [child.text or "" for child in operation if local_name(child) == "ids"]
    check_count(len(ids))
    return "".join(_result(services, given, act) for given in ids)


def check_count(count: int) -> None:
    """Raise OrgError for more records than one SOAP call takes."""
    if count > _MOST_RECORDS:
        raise refuse("EXCEEDED_ID_LIMIT", f"{count} records are more than {_MOST_RECORDS}")


def _result(services: Services, given: str, act: Callable[[SObject, str], None]) -> str:
    try:
        with services.org.savepoint():
            act(sobject_of(services, given), given)
    except OrgError as error:
        errors = show_errors(error.items)
        return f"<result>{errors}<id>{spell(given)}</id><success>false</success></result>"
    return f"<result><id>{spell(given)}</id><success>true</success></result>"


def _merge(services: Services, actor: Actor, operation: Element) -> str:
    requests = [child for child in operation if local_name(child) == "request"]
    return "".join(_merge_one(services, actor, request) for request in requests)


def _merge_one(services: Services, actor: Actor, request: Element) -> str:
    master = next((child for child in request if local_name(child) == "masterRecord"), None)
    losers = [child.text or "" for child in request if local_name(child) == "recordToMergeIds"]
    if master is None:
        raise refuse("MISSING_ARGUMENT", "a merge names its masterRecord")
    master_id = next((child.text or "" for child in master if local_name(child) == "Id"), "")
    try:
        sobject = sobject_of(services, master_id)
        values = read_values(sobject, master)
        moved = services.org.merge(actor, sobject.name, master_id, losers, values)
    except OrgError as error:
        return f"<result>{show_errors(error.items)}<success>false</success></result>"
    merged = "".join(f"<mergedRecordIds>{spell(one)}</mergedRecordIds>" for one in losers)
    related = "".join(f"<updatedRelatedIds>{one}</updatedRelatedIds>" for one in moved)
    return f"<result><id>{spell(master_id)}</id>{merged}<success>true</success>{related}</result>"


def read_values(sobject: SObject, record: Element) -> dict[str, object]:
    """The fields of a record in XML, but for its type and Id.

    `fieldsToNull` names those to blank; a parent is given by its external ID.
    """
    values: dict[str, object] = {}
    for child in record:
        name, text = local_name(child), child.text or ""
        if name == _NULLS:
            values[text] = None
        elif len(child):
            inner = {local_name(part): part.text or "" for part in child}
            values[name] = {key: held for key, held in inner.items() if key != "type"}
        elif name not in {"type", "Id"}:
            field = sobject.field(name)
            is_checkbox = field is not None and field.type is FieldType.CHECKBOX
            # Any other word is left for the org to refuse.
            values[name] = BOOLEANS.get(text.strip(), text) if is_checkbox else text
    return values


def sobject_of(services: Services, record_id: str) -> SObject:
    """The sObject whose Ids look like that. Raises OrgError MALFORMED_ID."""
    found = services.org.schema.by_key_prefix(record_id[:3])
    if found is None:
        raise refuse("MALFORMED_ID", f"malformed id {record_id}")
    return found


def show_errors(items: Iterable[ErrorItem]) -> str:
    """Refusals as the `errors` of a result."""
    return "".join(
        f"<errors>{''.join(f'<fields>{spell(name)}</fields>' for name in item.fields)}"
        f"<message>{spell(item.message)}</message>"
        f"<statusCode>{item.code}</statusCode></errors>"
        for item in items
    )


#: What an operation does: the results in XML, from the caller and the operation's element.
Operation = Callable[["Services", "Actor", "Element"], str]
OPERATIONS: dict[str, Operation] = {
    "emptyRecycleBin": _empty_recycle_bin,
    "merge": _merge,
    "undelete": _undelete,
}
