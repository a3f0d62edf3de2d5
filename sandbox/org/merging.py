"""Merging: one record takes over from its duplicates.

Owns what a merge does: the master gets the values that the caller chose, whatever pointed at the
losers points at the master, and the losers go to the recycle bin with the master's Id in
MasterRecordId. All or nothing. Source: SOAP API guide, "merge()": Account, Contact and Lead, at
most two losers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.org.actor import Actor
from sandbox.org.core import Core
from sandbox.org.deletes import delete_record
from sandbox.org.errors import refuse
from sandbox.org.rollups import roll_up
from sandbox.org.saving import live_row, update_record
from sandbox.org.schema import SObject
from sandbox.org.tables import Record

MERGEABLE = frozenset({"Account", "Contact", "Lead"})
_MOST_LOSERS = 2


def merge_records(
    core: Core,
    actor: Actor,
    sobject: SObject,
    master_id: str,
    loser_ids: Sequence[str],
    values: Mapping[str, object],
) -> list[str]:
    """Merge the losers into the master; returns the Ids of the records that were re-pointed.

    Raises OrgError: INVALID_TYPE_FOR_OPERATION, INVALID_ARGUMENT_TYPE for a wrong choice of
    losers, and what an update of the master or a delete of a loser raises.
    """
    if sobject.name not in MERGEABLE:
        raise refuse("INVALID_TYPE_FOR_OPERATION", f"entity type cannot be merged: {sobject.label}")
    if not 0 < len(set(loser_ids)) <= _MOST_LOSERS or master_id in loser_ids:
        message = f"name one or two other records than the master, not {len(set(loser_ids))}"
        raise refuse("INVALID_ARGUMENT_TYPE", message)
    with core.store.savepoint(), core.chunk():
        live_row(core, sobject, master_id)
        for loser_id in loser_ids:
            live_row(core, sobject, loser_id)
        moved = [
            moved for one in loser_ids for moved in _repoint(core, actor, sobject, one, master_id)
        ]
        for loser_id in loser_ids:
            delete_record(core, actor, sobject, loser_id)
            core.store.table(sobject).update(loser_id, {"MasterRecordId": master_id})
        # Last, so that the master may take over a unique value of a loser.
        update_record(core, actor, sobject, master_id, values)
    return list(dict.fromkeys(moved))


def _repoint(
    core: Core, actor: Actor, sobject: SObject, loser_id: str, master_id: str
) -> list[str]:
    """Make every live record that points at the loser point at the master."""
    moved = []
    for relation in core.plans[sobject.name].children:
        if relation.field.name == "MasterRecordId":
            continue
        child = core.schema.objects[relation.child]
        table = core.store.table(child)
        for row in table.find(relation.field.name, loser_id):
            changes: Record = {relation.field.name: master_id}
            if "SystemModstamp" in row:
                changes["SystemModstamp"] = core.moment()
            table.update(str(row["Id"]), changes)
            roll_up(core, actor, child, [row, row | changes])
            core.written(child)
            if child.history_of is None:
                moved.append(str(row["Id"]))
    return moved
