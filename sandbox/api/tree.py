"""`composite/tree/X`: records with their children in one call, all or none.

Source: REST API guide, "sObject Tree": 200 records, five levels deep, five types.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.api.call import Answer, Call, Route
from sandbox.api.errors import row_errors
from sandbox.api.rows import find_sobject
from sandbox.org.errors import OrgError, refuse
from sandbox.org.schema import SObject

MOST_RECORDS = 200
MOST_LEVELS = 5
MOST_TYPES = 5


@dataclass(frozen=True)
class Node:
    """One record of a tree: its own values, and the record and lookup it hangs from."""

    reference_id: str
    sobject: SObject
    values: dict[str, object]
    parent: str | None = None  #: reference ID
    parent_field: str | None = None
    level: int = 1


class _UndoAllError(Exception):
    """Leaves the transaction when a record was refused."""


def create_tree(call: Call, sobject: str) -> Answer:
    """201 with the Ids by reference ID; 400 with the errors, and nothing created."""
    target = find_sobject(call, sobject)
    nodes = list(_read_records(call, call.json_object(), target, None))
    _check_size(nodes)
    ids: dict[str, str] = {}
    errors: list[dict[str, object]] = []
    try:
        with call.services.org.chunk():
            for node in nodes:
                _create(call, node, ids, errors)
            if errors:
                raise _UndoAllError
    except _UndoAllError:
        return Answer(400, {"hasErrors": True, "results": errors})
    results = [{"referenceId": reference, "id": record_id} for reference, record_id in ids.items()]
    return Answer(201, {"hasErrors": False, "results": results})


def _create(call: Call, node: Node, ids: dict[str, str], errors: list[dict[str, object]]) -> None:
    values = dict(node.values)
    if node.parent is not None and node.parent_field is not None:
        if node.parent not in ids:
            return  # its parent was refused, and that is already reported
        values[node.parent_field] = ids[node.parent]
    org = call.services.org
    try:
        with org.savepoint():
            ids[node.reference_id] = org.insert(call.actor, node.sobject.name, values)
    except OrgError as error:
        errors.append({"referenceId": node.reference_id, "errors": row_errors(error)})


def _read_records(
    call: Call, holder: object, expected: SObject, parent: Node | None, parent_field: str = ""
) -> Iterator[Node]:
    records = holder.get("records") if isinstance(holder, dict) else None
    if not isinstance(records, list):
        raise refuse("INVALID_INPUT", "records must be a list of records")
    for record in records:
        yield from _read_record(call, record, expected, parent, parent_field)


def _read_record(
    call: Call, record: Any, expected: SObject, parent: Node | None, parent_field: str
) -> Iterator[Node]:
    attributes = record.get("attributes") if isinstance(record, dict) else None
    if not isinstance(attributes, dict) or not attributes.get("referenceId"):
        raise refuse("INVALID_INPUT", "each record must have attributes with type and referenceId")
    if str(attributes.get("type", "")).lower() != expected.name.lower():
        raise refuse(
            "INVALID_INPUT",
            f"a record of type {attributes.get('type')} stands where {expected.name} is expected",
        )
    children = {k: v for k, v in record.items() if isinstance(v, dict) and "records" in v}
    values = {k: v for k, v in record.items() if k not in children and k != "attributes"}
    node = Node(
        reference_id=str(attributes["referenceId"]),
        sobject=expected,
        values=values,
        parent=parent.reference_id if parent else None,
        parent_field=parent_field or None,
        level=parent.level + 1 if parent else 1,
    )
    yield node
    for name, holder in children.items():
        child, field = _find_child(call, expected, name)
        yield from _read_records(call, holder, child, node, field)


def _find_child(call: Call, parent: SObject, relationship: str) -> tuple[SObject, str]:
    schema = call.services.org.schema
    for candidate in schema.children_of(parent.name):
        child = schema.objects[candidate.child]
        is_asked = candidate.name and candidate.name.lower() == relationship.lower()
        if is_asked and call.actor.access.can_read(child, candidate.field):
            return child, candidate.field.name
    raise refuse("INVALID_FIELD", f"{parent.name} has no child relationship {relationship}")


def _check_size(nodes: list[Node]) -> None:
    for count, most, what in (
        (len(nodes), MOST_RECORDS, "records"),
        (max((node.level for node in nodes), default=0), MOST_LEVELS, "levels"),
        (len({node.sobject.name for node in nodes}), MOST_TYPES, "types"),
    ):
        if count > most:
            raise refuse("LIMIT_EXCEEDED", f"{count} {what} are more than {most} in a tree")
    seen: set[str] = set()
    for node in nodes:
        if node.reference_id in seen:
            raise refuse("INVALID_INPUT", f"Duplicate referenceId {node.reference_id}")
        seen.add(node.reference_id)


ROUTES = [Route("composite/tree/{sobject}", {"POST": create_tree}, "tree")]
