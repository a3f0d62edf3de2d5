"""Inserting and updating one record, in Salesforce's order.

Owns the order of the checks: shapes and read-only fields, required fields, picklists, references,
uniqueness, lookup filters, then all validation rules. The first stage that finds anything ends the
save, and everything that this stage found is reported. Only then are numbers given, stamps set and
history written, all in one transaction. Source: developer.salesforce.com, Apex guide, "Triggers
and Order of Execution".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sandbox.org.actor import Actor
from sandbox.org.autonumbers import assign_auto_numbers
from sandbox.org.core import Core
from sandbox.org.defaults import apply_defaults
from sandbox.org.derived import derive_fields
from sandbox.org.errors import OrgError, refuse
from sandbox.org.history import write_history
from sandbox.org.inputs import read_input
from sandbox.org.lookup_filters import check_filters, check_pointing_filters
from sandbox.org.references import check_references, check_unique
from sandbox.org.related import RelatedRows
from sandbox.org.requiredness import check_picklists, check_required
from sandbox.org.rollups import roll_up
from sandbox.org.rules import check_rules
from sandbox.org.save import Check, Save
from sandbox.org.schema import SObject
from sandbox.org.tables import Record
from sandbox.org.triggers import queue_messages

#: The stages of a save. A stage sees only records that passed the stages before it.
STAGES: tuple[tuple[Check, ...], ...] = (
    (check_required,),
    (check_picklists,),
    (check_references,),
    (check_unique,),
    (check_filters, check_pointing_filters),
    (check_rules,),
)


def insert_record(core: Core, actor: Actor, sobject: SObject, raw: Mapping[str, object]) -> str:
    """Create a record from raw JSON values and return its Id.

    Raises OrgError when the org refuses; nothing is written then. Not idempotent: upsert is.
    """
    if not sobject.createable:
        raise _closed(sobject, "inserted")
    actor.access.require(sobject, "create")
    with core.store.savepoint():
        values = read_input(core, sobject, raw, is_new=True, access=actor.access)
        save = prepare_insert(core, actor, sobject, values)
        check_save(save)
        write_insert(save)
        return str(save.record["Id"])


def prepare_insert(
    core: Core, actor: Actor, sobject: SObject, values: Record, rows: RelatedRows | None = None
) -> Save:
    """The new record with its defaults, not yet checked and without an Id."""
    save = Save(
        core,
        sobject,
        actor,
        core.moment(),
        core.store.table(sobject).blank() | values,
        None,
        rows or RelatedRows(core.store),
    )
    apply_defaults(save, values.keys())
    derive_fields(save)
    return save


def check_save(save: Save) -> None:
    """Raise OrgError with all findings of the first stage that has any."""
    for stage in STAGES:
        items = [item for check in stage for item in check(save)]
        if items:
            raise OrgError(items)


def write_insert(save: Save) -> None:
    """Give the record its Id, numbers and stamps, and store it with its history."""
    save.record["Id"] = save.core.store.new_id(save.sobject)
    assign_auto_numbers(save)
    stamp(save.record, save.actor.user_id, save.now, is_new=True)
    save.core.store.table(save.sobject).insert([save.record])
    write_history(save)
    save.core.written(save.sobject)
    queue_messages(save)
    roll_up(save.core, save.actor, save.sobject, [save.record])


def update_record(
    core: Core,
    actor: Actor,
    sobject: SObject,
    record_id: str,
    raw: Mapping[str, object],
    unmodified_since: datetime | None = None,
) -> None:
    """Change the given fields of a record; the others keep their values.

    The stamps move even when no value does. `unmodified_since` (aware) refuses with
    PRECONDITION_FAILED when the record was modified later, compared in whole seconds.
    """
    if not sobject.updateable:
        raise _closed(sobject, "updated")
    actor.access.require(sobject, "edit")
    with core.store.savepoint():
        before = live_row(core, sobject, record_id)
        _check_unmodified(before, unmodified_since)
        save = _prepare_update(core, actor, sobject, before, raw)
        check_save(save)
        _write_update(save)


def live_row(core: Core, sobject: SObject, record_id: str) -> Record:
    """The row to change. Raises OrgError NOT_FOUND, or ENTITY_IS_DELETED from the recycle bin."""
    row = core.store.table(sobject).get(record_id)
    if row is None:
        raise refuse("NOT_FOUND", f"There is no {sobject.name} with Id {record_id}.")
    if row.get("IsDeleted"):
        raise refuse("ENTITY_IS_DELETED", "entity is deleted")
    return row


def _check_unmodified(before: Record, since: datetime | None) -> None:
    modified = before.get("LastModifiedDate")
    if since is None or not isinstance(modified, datetime):
        return
    if modified > since:
        raise refuse(
            "PRECONDITION_FAILED",
            f"The record was modified at {modified:%Y-%m-%dT%H:%M:%SZ}, "
            f"after {since:%Y-%m-%dT%H:%M:%SZ}; read it again and decide anew.",
        )


def _prepare_update(
    core: Core, actor: Actor, sobject: SObject, before: Record, raw: Mapping[str, object]
) -> Save:
    values = read_input(core, sobject, raw, is_new=False, access=actor.access)
    record, rows = before | values, RelatedRows(core.store)
    save = Save(core, sobject, actor, core.moment(), record, before, rows)
    derive_fields(save)
    return save


def _write_update(save: Save) -> None:
    stamp(save.record, save.actor.user_id, save.now)
    before = save.before or {}
    changes = {
        name: value
        for name, value in save.record.items()
        if value is not (old := before.get(name)) and value != old
    }
    if changes:
        save.core.store.table(save.sobject).update(str(save.record["Id"]), changes)
    write_history(save)
    save.core.written(save.sobject)
    queue_messages(save)
    roll_up(save.core, save.actor, save.sobject, [save.before, save.record])


def stamp(record: Record, user_id: str, now: datetime, *, is_new: bool = False) -> None:
    """Set who and when, in the audit fields that the sObject has."""
    stamps: dict[str, object] = {
        "LastModifiedById": user_id,
        "LastModifiedDate": now,
        "SystemModstamp": now,
    }
    if is_new:
        stamps |= {"CreatedById": user_id, "CreatedDate": now}
    record.update((name, value) for name, value in stamps.items() if name in record)


def _closed(sobject: SObject, verb: str) -> OrgError:
    message = f"entity type cannot be {verb}: {sobject.label}"
    return refuse("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
