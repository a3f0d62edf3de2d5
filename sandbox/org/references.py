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
    """INVALID_CROSS_REFERENCE_KEY for each changed lookup to nothing, or to the wrong thing."""
    return [
        ErrorItem(
            "INVALID_CROSS_REFERENCE_KEY",
            f"{label(field)}: invalid cross reference id: {save.record[field.name]}",
            (field.name,),
        )
        for field in save.plan.references
        if save.has_changed(field.name) and not _is_good(save, field)
    ]


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
            others = find_by_key(save.core, save.sobject, field, value)
            other = next((row["Id"] for row in others if row["Id"] != save.record_id), None)
            if other is not None:
                message = (
                    f"duplicate value found: {field.name} duplicates value on record "
                    f"with id: {other}"
                )
                items.append(ErrorItem("DUPLICATE_VALUE", message, (field.name,)))
    return items
