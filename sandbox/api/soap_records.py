"""What only SOAP can do with records: undelete, emptyRecycleBin, merge.

REST has no such resources, so clients that need them speak the partner API for it. Every record
succeeds or fails on its own. Source: SOAP API guide, "undelete()", "emptyRecycleBin()", "merge()".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from sandbox.org.errors import OrgError, refuse
from sandbox.org.schema import FieldType, SObject

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from sandbox.api.services import Services
    from sandbox.org.actor import Actor

_MOST_RECORDS = 200
_NULLS = "fieldsToNull"


def answer_operation(services: Services, actor: Actor, name: str, operation: Element) -> str:
    """The body of the answer to one of OPERATIONS. Raises OrgError for a malformed request."""
    return f"<{name}Response>{OPERATIONS[name](services, actor, operation)}</{name}Response>"


def _undelete(services: Services, actor: Actor, operation: Element) -> str:
    return _each_id(services, operation, lambda o, i: services.org.undelete(actor, o.name, i))


def _empty_recycle_bin(services: Services, actor: Actor, operation: Element) -> str:
    return _each_id(services, operation, lambda o, i: services.org.empty_from_bin(actor, o.name, i))


def _each_id(services: Services, operation: Element, act: Callable[[SObject, str], None]) -> str:
    ids = [child.text or "" for child in operation if _name(child) == "ids"]
    if len(ids) > _MOST_RECORDS:
        raise refuse("EXCEEDED_ID_LIMIT", f"{len(ids)} records are more than {_MOST_RECORDS}")
    return "".join(_result(services, given, act) for given in ids)


def _result(services: Services, given: str, act: Callable[[SObject, str], None]) -> str:
    try:
        with services.org.savepoint():
            act(_sobject_of(services, given), given)
    except OrgError as error:
        return f"<result>{_errors(error)}<id>{escape(given)}</id><success>false</success></result>"
    return f"<result><id>{escape(given)}</id><success>true</success></result>"


def _merge(services: Services, actor: Actor, operation: Element) -> str:
    requests = [child for child in operation if _name(child) == "request"]
    return "".join(_merge_one(services, actor, request) for request in requests)


def _merge_one(services: Services, actor: Actor, request: Element) -> str:
    master = next((child for child in request if _name(child) == "masterRecord"), None)
    losers = [child.text or "" for child in request if _name(child) == "recordToMergeIds"]
    if master is None:
        raise refuse("MISSING_ARGUMENT", "a merge names its masterRecord")
    master_id = next((child.text or "" for child in master if _name(child) == "Id"), "")
    try:
        sobject = _sobject_of(services, master_id)
        values = _values(sobject, master)
        moved = services.org.merge(actor, sobject.name, master_id, losers, values)
    except OrgError as error:
        return f"<result>{_errors(error)}<success>false</success></result>"
    merged = "".join(f"<mergedRecordIds>{escape(one)}</mergedRecordIds>" for one in losers)
    related = "".join(f"<updatedRelatedIds>{one}</updatedRelatedIds>" for one in moved)
    return f"<result><id>{escape(master_id)}</id>{merged}<success>true</success>{related}</result>"


def _values(sobject: SObject, record: Element) -> Mapping[str, object]:
    """The fields of a record in XML; `fieldsToNull` names those to blank."""
    values: dict[str, object] = {}
    for child in record:
        name, text = _name(child), child.text or ""
        if name == _NULLS:
            values[text] = None
        elif name not in {"type", "Id"}:
            field = sobject.field(name)
            is_checkbox = field is not None and field.type is FieldType.CHECKBOX
            values[name] = text == "true" if is_checkbox else text
    return values


def _sobject_of(services: Services, record_id: str) -> SObject:
    found = services.org.schema.by_key_prefix(record_id[:3])
    if found is None:
        raise refuse("MALFORMED_ID", f"malformed id {record_id}")
    return found


def _errors(error: OrgError) -> str:
    return "".join(
        f"<errors>{''.join(f'<fields>{escape(name)}</fields>' for name in item.fields)}"
        f"<message>{escape(item.message)}</message>"
        f"<statusCode>{item.code}</statusCode></errors>"
        for item in error.items
    )


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


OPERATIONS: dict[str, Callable[[Services, Actor, Element], str]] = {
    "emptyRecycleBin": _empty_recycle_bin,
    "merge": _merge,
    "undelete": _undelete,
}
