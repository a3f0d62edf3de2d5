"""Deleting for good, past the recycle bin.

Owns what goes along: all that an ordinary delete of the record would have put into the bin, and
what of its own is already there. Source: Bulk API 2.0 guide, operation `hardDelete`.
"""

from __future__ import annotations

from sandbox.org.actor import Actor
from sandbox.org.core import Core
from sandbox.org.deletes import delete_record, deletes_children
from sandbox.org.errors import refuse
from sandbox.org.schema import SObject
from sandbox.org.tables import Record


def erase_record(core: Core, actor: Actor, sobject: SObject, record_id: str) -> None:
    """Remove a live or a binned record. Raises OrgError NOT_FOUND, or DELETE_FAILED."""
    with core.store.savepoint():
        row = core.store.table(sobject).get(record_id)
        if row is None:
            raise refuse("NOT_FOUND", f"There is no {sobject.name} with Id {record_id}.")
        if not row.get("IsDeleted"):
            delete_record(core, actor, sobject, record_id)
        _erase(core, sobject, row)


def _erase(core: Core, sobject: SObject, row: Record) -> None:
    record_id = str(row["Id"])
    for relationship in core.plans[sobject.name].children:
        if deletes_children(relationship):
            child = core.schema.objects[relationship.child]
            table = core.store.table(child)
            for found in table.find(relationship.field.name, record_id, include_deleted=True):
                _erase(core, child, found)
    core.store.table(sobject).delete(record_id)
    core.written(sobject)
