"""What a new record holds before anybody says anything.

Owns the order of precedence: a given value, also an explicit null, beats the default formula, which
beats the default picklist value, which beats the default record type. Owner and currency have
default formulas. The default record type of a profile is not modelled: an sObject with exactly one
active record type defaults to it, one with several defaults to none (the master record type).
Source: developer.salesforce.com, Object Reference, "System Fields"; help.salesforce.com, "Define
Default Field Values".
"""

from __future__ import annotations

from collections.abc import Set

from sandbox.org.errors import refuse
from sandbox.org.formulas import FormulaError
from sandbox.org.plans import picklist_default
from sandbox.org.save import Save
from sandbox.org.schema import Field


def apply_defaults(save: Save, given: Set[str]) -> None:
    """Fill the fields of a new record that the request does not mention."""
    for field in save.plan.defaulted:
        if field.name not in given:
            save.record[field.name] = _default(save, field)
    if "RecordTypeId" in save.record and "RecordTypeId" not in given:
        save.record["RecordTypeId"] = _record_type(save)


def _default(save: Save, field: Field) -> object:
    if field.default is None:
        return picklist_default(field)
    try:
        return save.core.formulas.default(save.context, field)
    except FormulaError as error:
        message = f"The default value of {field.name} could not be computed: {error}"
        raise refuse("FIELD_INTEGRITY_EXCEPTION", message, field.name) from error


def _record_type(save: Save) -> object:
    active = [rt.developer_name for rt in save.sobject.record_types.values() if rt.active]
    if len(active) != 1:
        return None
    rows = save.core.store.tables["RecordType"].find("DeveloperName", active[0])
    return next((r["Id"] for r in rows if r["SobjectType"] == save.sobject.name), None)
