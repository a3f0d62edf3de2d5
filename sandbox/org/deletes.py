"""Deleting into the recycle bin, and taking back out.

Owns what happens to the records that point at a deleted one: Restrict refuses the delete, Cascade
deletes them too, SetNull blanks the lookup. A required lookup without a constraint of its own
restricts. Source: developer.salesforce.com, Metadata API guide, CustomField `deleteConstraint`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sandbox.org.actor import Actor
from sandbox.org.core import Core
from sandbox.org.errors import OrgError, refuse
from sandbox.org.references import check_unique
from sandbox.org.related import RelatedRows
from sandbox.org.save import Save
from sandbox.org.saving import live_row, stamp
from sandbox.org.schema import ChildRelationship, Field, FieldType, SObject
from sandbox.org.tables import Record


@dataclass
class Deletion:
    """One delete with everything that it drags along, worked out before anything changes."""

    doomed: dict[str, tuple[SObject, Record]] = field(default_factory=dict)  #: by Id
    cleared: list[tuple[SObject, str, str]] = field(default_factory=list)  #: sObject, Id, field


def delete_record(core: Core, actor: Actor, sobject: SObject, record_id: str) -> None:
    """Put a record into the recycle bin. Raises OrgError DELETE_FAILED when others need it."""
    if not sobject.deletable:
        message = f"entity type cannot be deleted: {sobject.label}"
        raise refuse("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
    with core.store.savepoint():
        deletion = Deletion()
        _doom(core, deletion, sobject, live_row(core, sobject, record_id))
        _carry_out(core, actor, deletion)


def _doom(core: Core, deletion: Deletion, sobject: SObject, row: Record) -> None:
    record_id = str(row["Id"])
    if record_id in deletion.doomed:
        return
    deletion.doomed[record_id] = (sobject, row)
    for child in core.plans[sobject.name].children:
        _follow(core, deletion, child, record_id)


def _follow(core: Core, deletion: Deletion, child: ChildRelationship, parent_id: str) -> None:
    sobject = core.schema.objects[child.child]
    constraint = _constraint(child.field)
    for row in core.store.table(sobject).find(child.field.name, parent_id):
        row_id = str(row["Id"])
        if row_id in deletion.doomed:
            continue
        if constraint == "Restrict":
            raise _restricted(sobject, row)
        if constraint == "Cascade":
            _doom(core, deletion, sobject, row)
        else:
            deletion.cleared.append((sobject, row_id, child.field.name))


def deletes_children(relationship: ChildRelationship) -> bool:
    """True where the children go when their parent goes."""
    return _constraint(relationship.field) == "Cascade"


def _constraint(lookup: Field) -> str:
    if lookup.type is FieldType.MASTER_DETAIL:
        return "Cascade"
    is_blankable = lookup.delete_constraint != "SetNull" or not lookup.required
    return lookup.delete_constraint if is_blankable else "Restrict"


def _restricted(sobject: SObject, row: Record) -> OrgError:
    name = row.get(sobject.name_field) or row["Id"]
    return refuse(
        "DELETE_FAILED",
        "Your attempt to delete this record could not be completed because it is associated with "
        f"the following {sobject.plural_label}: {name}. Delete or re-point those first.",
    )


def _carry_out(core: Core, actor: Actor, deletion: Deletion) -> None:
    now = core.moment()
    for sobject, record_id, name in deletion.cleared:
        if record_id not in deletion.doomed:
            # The platform clears the lookup, not a person: only the system's own stamp moves.
            changes: Record = {name: None} | _system_stamp(core, sobject, now)
            core.store.table(sobject).update(record_id, changes)
    for record_id, (sobject, row) in deletion.doomed.items():
        _mark(core, actor, sobject, row, record_id, now, is_deleted=True)


def _system_stamp(core: Core, sobject: SObject, now: datetime) -> Record:
    names = core.store.table(sobject).names
    return {"SystemModstamp": now} if "SystemModstamp" in names else {}


def _mark(
    core: Core,
    actor: Actor,
    sobject: SObject,
    row: Record,
    record_id: str,
    now: datetime,
    *,
    is_deleted: bool,
) -> None:
    table = core.store.table(sobject)
    if "IsDeleted" not in row:
        table.delete(record_id)
    else:
        after = dict(row)
        stamp(after, actor.user_id, now)
        changes = {name: value for name, value in after.items() if value != row[name]}
        table.update(record_id, {**changes, "IsDeleted": is_deleted})
    core.written(sobject)


def undelete_record(core: Core, actor: Actor, sobject: SObject, record_id: str) -> None:
    """Take a record out of the recycle bin, with what was deleted along with it.

    Lookups that were blanked stay blank. Raises OrgError NOT_FOUND, UNDELETE_FAILED when the
    record is not deleted, DUPLICATE_VALUE when a unique value is taken meanwhile.
    """
    with core.store.savepoint():
        row = core.store.table(sobject).get(record_id)
        if row is None:
            raise refuse("NOT_FOUND", f"There is no {sobject.name} with Id {record_id}.")
        if not row.get("IsDeleted"):
            raise refuse("UNDELETE_FAILED", "Entity is not in the recycle bin")
        _restore(core, actor, sobject, row)


def _restore(core: Core, actor: Actor, sobject: SObject, row: Record) -> None:
    now, record_id = core.moment(), str(row["Id"])
    as_new = Save(core, sobject, actor, now, row, None, RelatedRows(core.store))
    items = check_unique(as_new)
    if items:
        raise OrgError(items)
    deleted_at = row.get("SystemModstamp")
    _mark(core, actor, sobject, row, record_id, now, is_deleted=False)
    for child in core.plans[sobject.name].children:
        if _constraint(child.field) == "Cascade":
            _restore_children(core, actor, child, record_id, deleted_at)


def _restore_children(
    core: Core, actor: Actor, child: ChildRelationship, parent_id: str, deleted_at: object
) -> None:
    sobject = core.schema.objects[child.child]
    rows = core.store.table(sobject).find(child.field.name, parent_id, include_deleted=True)
    for row in rows:
        # History rows carry no stamp of their own and come back with their record.
        if row.get("IsDeleted") and row.get("SystemModstamp", deleted_at) == deleted_at:
            _restore(core, actor, sobject, row)
