"""Field history: who changed what, from what, to what.

Owns the rows of `OrderHistory` and `<Object>__History`. They are written with the save that causes
them and never by a request. A changed lookup leaves two rows, one with names and one with Ids; a
long text leaves only the fact. Source: developer.salesforce.com, Object Reference, "OrderHistory".
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.org.json_values import to_json
from sandbox.org.save import Save
from sandbox.org.schema import Field, FieldType, SObject
from sandbox.org.tables import Record

_LONGEST_VALUE = 255
#: What the DataType column calls each field type; text types are "Text".
_DATA_TYPES = {
    FieldType.CHECKBOX: "Boolean",
    FieldType.NUMBER: "Double",
    FieldType.CURRENCY: "Currency",
    FieldType.PERCENT: "Percent",
    FieldType.DATE: "DateOnly",
    FieldType.DATETIME: "DateTime",
    FieldType.PICKLIST: "DynamicEnum",
    FieldType.MULTISELECT: "MultiEnum",
    FieldType.LONG_TEXT_AREA: "TextArea",
}


def history_rows(save: Save) -> list[Record]:
    """The history that this save leaves; the record must have its Id by now."""
    history = save.plan.history
    if history is None:
        return []
    if save.is_new:
        return [_row(save, history, "created", "Text", None, None)]
    rows: list[Record] = []
    for field in save.plan.tracked:
        if save.has_changed(field.name):
            rows.extend(_changes(save, history, field))
    return rows


def write_history(save: Save) -> None:
    """Store the history of one save."""
    rows = history_rows(save)
    if rows and save.plan.history is not None:
        save.core.store.table(save.plan.history).insert(rows)


def _changes(save: Save, history: SObject, field: Field) -> Iterator[Record]:
    before = save.before[field.name] if save.before else None
    after = save.record[field.name]
    if field.is_reference:
        yield _row(save, history, field.name, "Text", _name(save, before), _name(save, after))
        yield _row(save, history, field.name, "EntityId", before, after)
        return
    kind = _DATA_TYPES.get(field.type, "Text")
    yield _row(save, history, field.name, kind, _shown(field, before), _shown(field, after))


def _row(save: Save, history: SObject, name: str, kind: str, old: object, new: object) -> Record:
    return save.core.store.table(history).blank() | {
        "Id": save.core.store.new_id(history),
        _parent_field(history, save.sobject): save.record_id,
        "Field": name,
        "DataType": kind,
        "OldValue": old,
        "NewValue": new,
        "CreatedById": save.actor.user_id,
        "CreatedDate": save.now,
    }


def _parent_field(history: SObject, tracked: SObject) -> str:
    return next(f.name for f in history.fields.values() if tracked.name in f.reference_to)


def _name(save: Save, record_id: object) -> object:
    """How people know the record: its name field, which may be a formula."""
    if record_id is None:
        return None
    sobject = save.core.store.sobject_of(str(record_id))
    row = save.rows.get(str(record_id))
    if sobject is None or row is None:
        return record_id
    return save.context.of(sobject, row).value((sobject.name_field,))


def _shown(field: Field, value: object) -> object:
    if value is None:
        return None
    if field.type is FieldType.CHECKBOX:
        return "true" if value else "false"
    text = str(to_json(field, value))
    return text if len(text) <= _LONGEST_VALUE else None
