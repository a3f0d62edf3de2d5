"""Lookups must lead to a live record of the right kind, and unique values to no other record.

Owns the checks that look at other records before any rule of the business runs. A lookup that is
stored already and not touched is left alone: its record may have been deleted since.
"""

from __future__ import annotations

from sandbox.org.errors import ErrorItem
from sandbox.org.inputs import find_by_key
from sandbox.org.json_values import label
from sandbox.org.save import Save
from sandbox.org.schema import Field


def check_references(save: Save) -> list[ErrorItem]:
    """One item per changed lookup to nothing, to the wrong thing, or out of the user's reach."""
    changed = [field for field in save.plan.references if save.has_changed(field.name)]
    items = (_check_reference(save, field) for field in changed)
    return [item for item in items if item is not None]


def _check_reference(save: Save, field: Field) -> ErrorItem | None:
    value = save.record[field.name]
    if not _is_good(save, field):
        message = f"{label(field)}: invalid cross reference id: {value}"
        return ErrorItem("INVALID_CROSS_REFERENCE_KEY", message, (field.name,))
    target = None if value is None else save.core.store.sobject_of(str(value))
    if target is not None and not save.actor.access.can_see(target):
        message = f"insufficient access rights on cross-reference id: {value}"
        return ErrorItem("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message, (field.name,))
    return None


def _is_good(save: Save, field: Field) -> bool:
    value = save.record[field.name]
    if value is None:
        return True
    sobject = save.core.store.sobject_of(str(value))
    if sobject is None or sobject.name not in field.reference_to:
        return False
    row = save.rows.get(str(value))
    if row is None or row.get("IsDeleted"):
        return False
    if sobject.name == "RecordType":
        return row["SobjectType"] == save.sobject.name and row["IsActive"] is True
    return True


def check_unique(save: Save) -> list[ErrorItem]:
    """DUPLICATE_VALUE for each changed unique field that another live record holds."""
    items = []
    for field in save.plan.unique:
        value = save.record[field.name]
        if value is not None and save.has_changed(field.name):
            save.core.store.late.check_value(save.core.store.table(save.sobject), field, value)
            others = find_by_key(save.core, save.sobject, field, value)
            other = next((row["Id"] for row in others if row["Id"] != save.record_id), None)
            if other is not None:
                message = (
                    f"duplicate value found: {field.name} duplicates value on record "
                    f"with id: {other}"
                )
                items.append(ErrorItem("DUPLICATE_VALUE", message, (field.name,)))
    return items
