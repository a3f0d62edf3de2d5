"""What a new record holds before anybody says anything.

Owns the order of precedence: a given value, also an explicit null, beats the default that the
record type has for a picklist, which beats the default formula, which beats the default picklist
value; the record type leaves only what it offers. Owner and currency have default formulas. The
default record type of a profile is not modelled: an sObject with exactly one active record type
defaults to it, one with several defaults to none (the master record type).
Source: developer.salesforce.com, Object Reference, "System Fields"; Metadata API guide,
"RecordType"; help.salesforce.com, "Define Default Field Values".
"""

from __future__ import annotations

from collections.abc import Set

from sandbox.org.errors import refuse
from sandbox.org.formulas import FormulaError
from sandbox.org.plans import picklist_default
from sandbox.org.requiredness import find_record_type
from sandbox.org.save import Save
from sandbox.org.schema import Field, RecordType


def apply_defaults(save: Save, given: Set[str]) -> None:
    """Fill the fields of a new record that the request does not mention."""
    if "RecordTypeId" in save.record and "RecordTypeId" not in given:
        save.record["RecordTypeId"] = _record_type(save)
    kind = find_record_type(save)
    for field in save.plan.defaulted:
        if field.name not in given:
            own = _default(save, field)
            save.record[field.name] = _of_type(kind, field, own) if kind else own


def _of_type(kind: RecordType, field: Field, own: object) -> object:
    """What the record type makes of a default of the field's own."""
    offered = kind.offers.get(field.name)
    if offered is None:
        return own
    return kind.defaults.get(field.name, own if own in offered else None)


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
