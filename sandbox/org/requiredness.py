"""Required fields and picklist values: what Salesforce's own validation asks of each record.

Owns the two refusals that need nothing but the record and its record type, which may offer fewer
values than a restricted picklist has. A picklist value that is stored already and not touched is
left alone, as when an admin retires one.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.org.errors import ErrorItem
from sandbox.org.json_values import label
from sandbox.org.save import Save
from sandbox.org.schema import Field, FieldType, RecordType


def check_required(save: Save) -> list[ErrorItem]:
    """REQUIRED_FIELD_MISSING naming every required field that would be blank."""
    missing = [field.name for field in save.plan.required if save.record[field.name] is None]
    if not missing:
        return []
    message = f"Required fields are missing: [{', '.join(missing)}]"
    return [ErrorItem("REQUIRED_FIELD_MISSING", message, tuple(missing))]


def check_picklists(save: Save) -> list[ErrorItem]:
    """INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST for each changed value that is not in its list."""
    items = []
    offers = _offers(save)
    for field, active in save.plan.picklists:
        value = save.record[field.name]
        if value is not None and save.has_changed(field.name):
            known = active & offers.get(field.name, active)
            bad = [part for part in _parts(field, str(value)) if part not in known]
            if bad:
                message = f"{label(field)}: bad value for restricted picklist field: {bad[0]}"
                code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
                items.append(ErrorItem(code, message, (field.name,)))
    return items


def _offers(save: Save) -> Mapping[str, frozenset[str]]:
    """The values that the record's type leaves of each picklist."""
    kind = find_record_type(save)
    return kind.offers if kind else {}


def find_record_type(save: Save) -> RecordType | None:
    """The type of the record, where the types of its object differ in their picklists."""
    if not any(kind.offers for kind in save.sobject.record_types.values()):
        return None
    type_id = save.record["RecordTypeId"]
    row = save.rows.get(str(type_id)) if type_id else None
    # The Id is not vetted yet: it may be of anything.
    return save.sobject.record_types.get(str(row.get("DeveloperName"))) if row else None


def _parts(field: Field, value: str) -> list[str]:
    return value.split(";") if field.type is FieldType.MULTISELECT else [value]
