"""What saving a record of each sObject involves, worked out once from the schema.

Owns which fields are required, closed, unique, tracked or defaulted. A save walks these short
lists instead of all fields, which is what keeps hundreds of saves per second possible.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.org.ddl import stored_fields
from sandbox.org.filter_conditions import Condition, FilterError, compile_item
from sandbox.org.formula_library import SchemaError
from sandbox.org.schema import ChildRelationship, Field, FieldType, Schema, SObject, Summary

#: Salesforce does not declare Order.Status restricted, but an unknown status has no category and
#: breaks every report. The local org is stricter here than the documentation promises.
_STRICT_PICKLISTS = frozenset({("Order", "Status")})
#: Filled by the org itself, or never blank.
_NEVER_MISSING = frozenset({FieldType.CHECKBOX, FieldType.ID, FieldType.AUTO_NUMBER})


@dataclass(frozen=True)
class RollUp:
    """A field of a master that summarises these details."""

    master: SObject
    field: Field
    lookup: str  #: of the detail
    operation: str
    summarised: Field | None
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class SavePlan:
    """The fields of one sObject by the part that they play in a save."""

    required: tuple[Field, ...]
    picklists: tuple[tuple[Field, frozenset[str]], ...]  #: with their active values
    references: tuple[Field, ...]
    unique: tuple[Field, ...]
    defaulted: tuple[Field, ...]
    auto_numbers: tuple[Field, ...]
    tracked: tuple[Field, ...]  #: whose changes are kept in the history, when there is one
    history: SObject | None
    children: tuple[ChildRelationship, ...]  #: lookups of any sObject that may point here
    rollups: tuple[RollUp, ...]  #: summaries that records of this sObject count in


def plan_saves(schema: Schema) -> dict[str, SavePlan]:
    """The plan of every sObject, by its name. Raises SchemaError for a summary that cannot work."""
    return {name: _plan(schema, sobject) for name, sobject in schema.objects.items()}


def is_writable(field: Field, *, is_new: bool) -> bool:
    """True when a request may set the field at all."""
    if field.is_formula or field.type in {FieldType.ID, FieldType.AUTO_NUMBER}:
        return False
    return field.createable if is_new else field.updateable


def picklist_default(field: Field) -> str | None:
    """The value that the picklist itself marks as default."""
    return next((v.value for v in field.values if v.is_default and v.is_active), None)


def _plan(schema: Schema, sobject: SObject) -> SavePlan:
    fields = stored_fields(sobject)
    history = next((o for o in schema.objects.values() if o.history_of == sobject.name), None)
    keeps_history = sobject.enable_history and history is not None
    return SavePlan(
        required=tuple(f for f in fields if _must_be_given(f)),
        picklists=tuple((f, _active_values(f)) for f in fields if _is_closed(sobject, f)),
        references=tuple(f for f in fields if f.is_reference),
        unique=tuple(f for f in fields if f.unique),
        defaulted=tuple(f for f in fields if _has_default(sobject, f)),
        auto_numbers=tuple(f for f in fields if f.type is FieldType.AUTO_NUMBER),
        tracked=tuple(f for f in fields if f.track_history) if keeps_history else (),
        history=history if keeps_history else None,
        children=tuple(schema.children_of(sobject.name)),
        rollups=_rollups(schema, sobject),
    )


def _rollups(schema: Schema, detail: SObject) -> tuple[RollUp, ...]:
    return tuple(
        RollUp(
            master,
            field,
            field.summary.lookup,
            field.summary.operation,
            detail.fields[field.summary.field] if field.summary.field else None,
            _conditions(schema, detail, f"{master.name}.{field.name}", field.summary),
        )
        for master in schema.objects.values()
        for field in master.fields.values()
        if field.summary is not None and field.summary.child == detail.name
    )


def _conditions(
    schema: Schema, detail: SObject, name: str, summary: Summary
) -> tuple[Condition, ...]:
    try:
        return tuple(compile_item(schema, detail, detail, item)[0] for item in summary.filters)
    except FilterError as error:
        raise SchemaError(f"{name}: {error}") from error


def _has_default(sobject: SObject, field: Field) -> bool:
    by_type = any(field.name in kind.defaults for kind in sobject.record_types.values())
    return field.default is not None or by_type or picklist_default(field) is not None


def _must_be_given(field: Field) -> bool:
    is_open = is_writable(field, is_new=True) or is_writable(field, is_new=False)
    return field.required and is_open and field.type not in _NEVER_MISSING


def _is_closed(sobject: SObject, field: Field) -> bool:
    is_strict = field.restricted or (sobject.name, field.name) in _STRICT_PICKLISTS
    return is_strict and bool(field.values)


def _active_values(field: Field) -> frozenset[str]:
    return frozenset(value.value for value in field.values if value.is_active)
