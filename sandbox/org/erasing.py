"""Deleting for good: past the recycle bin, out of it, and when its time is over.

Owns what goes along: all that an ordinary delete of the record would have put into the bin, and
what of its own is already there. Erased records live on in a list for getDeleted, which is the only
place where a reader can learn of them. Source: Bulk API 2.0 guide, operation `hardDelete`; SOAP API
guide, "emptyRecycleBin()" and "getDeleted()"; Salesforce help, "Recycle Bin" (15 days).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sandbox.org.actor import Actor
from sandbox.org.core import Core
from sandbox.org.ddl import quote
from sandbox.org.deletes import check_ownership, delete_record, deletes_children
from sandbox.org.errors import refuse
from sandbox.org.schema import SObject
from sandbox.org.tables import Record

#: How long a deleted record can be taken back.
KEPT_IN_BIN = timedelta(days=15)


def erase_record(core: Core, actor: Actor, sobject: SObject, record_id: str) -> None:
    """Remove a live or a binned record. Raises OrgError NOT_FOUND, or DELETE_FAILED."""
    actor.access.require(sobject, "delete")
    with core.store.savepoint():
        row = core.store.table(sobject).get(record_id)
        if row is None:
            raise refuse("NOT_FOUND", f"There is no {sobject.name} with Id {record_id}.")
        check_ownership(actor, sobject, row)
        if not row.get("IsDeleted"):
            delete_record(core, actor, sobject, record_id)
        _erase(core, sobject, core.store.table(sobject).get(record_id) or row)


def empty_from_bin(core: Core, actor: Actor, sobject: SObject, record_id: str) -> None:
    """Erase a record that is in the recycle bin. Raises OrgError when it is not there."""
    row = core.store.table(sobject).get(record_id)
    if row is None or not row.get("IsDeleted"):
        raise refuse("INVALID_ID_FIELD", f"{record_id} is not in the recycle bin")
    erase_record(core, actor, sobject, record_id)


def purge_bin(core: Core) -> None:
    """Erase what has been in the recycle bin for its time. Looks at most once an hour of the org's.

    Idempotent.
    """
    now = core.moment()
    last = core.purged_at
    if last is not None and last <= now < last + timedelta(hours=1):
        return
    core.purged_at = now
    limit = f"{now - KEPT_IN_BIN:%Y-%m-%dT%H:%M:%SZ}"
    with core.store.transaction():
        for sobject in core.schema.objects.values():
            if {"IsDeleted", "SystemModstamp"} <= sobject.fields.keys():
                _purge(core, sobject, limit)


def _purge(core: Core, sobject: SObject, limit: str) -> None:
    sql = f'SELECT "Id" FROM {quote(sobject.name)} WHERE "IsDeleted" = 1 AND "SystemModstamp" < ?'  # noqa: S608
    for (record_id,) in core.store.connection.execute(sql, (limit,)).fetchall():
        row = core.store.table(sobject).get(record_id)
        if row is not None and not core.store.late.holds(record_id):
            _erase(core, sobject, row)


def erased_between(
    core: Core, sobject: SObject, start: datetime, end: datetime
) -> list[tuple[str, datetime]]:
    """Records that were deleted in that span and are erased since: Id and time of deletion.

    Without those whose erasing is on its way: everybody still reads them.
    """
    sql = (
        "SELECT id, deleted_at FROM _erased "
        "WHERE sobject = ? AND deleted_at >= ? AND deleted_at < ?"
    )
    span = (f"{start:%Y-%m-%dT%H:%M:%SZ}", f"{end:%Y-%m-%dT%H:%M:%SZ}")
    rows = core.store.connection.execute(sql, (sobject.name, *span)).fetchall()
    return [
        (record_id, datetime.fromisoformat(at).astimezone(UTC))
        for record_id, at in rows
        if not core.store.late.holds(record_id)
    ]


def _erase(core: Core, sobject: SObject, row: Record) -> None:
    record_id = str(row["Id"])
    for relationship in core.plans[sobject.name].children:
        if deletes_children(relationship):
            child = core.schema.objects[relationship.child]
            table = core.store.table(child)
            for found in table.find(relationship.field.name, record_id, include_deleted=True):
                _erase(core, child, found)
    core.store.table(sobject).delete(record_id)
    deleted_at = row.get("SystemModstamp")
    if isinstance(deleted_at, datetime):
        core.store.connection.execute(
            "INSERT OR REPLACE INTO _erased VALUES (?, ?, ?)",
            (sobject.name, record_id, f"{deleted_at:%Y-%m-%dT%H:%M:%SZ}"),
        )
    core.written(sobject)
