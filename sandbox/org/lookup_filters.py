"""Lookup filters: which records a lookup may point at.

Owns when they are asked. A required filter is checked on every save of the record that holds the
lookup, also for a value that was stored long ago; and a save that would break such a filter on
other records that point here is refused too. Optional filters only warn people in the UI and are
ignored. Source: help.salesforce.com, "Considerations for Lookup Filters".
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.org.errors import ErrorItem
from sandbox.org.filter_conditions import Condition, FilterError, Operand, compile_item
from sandbox.org.filter_logic import FilterLogicError, Logic, parse_logic
from sandbox.org.formula_context import RecordContext
from sandbox.org.formula_library import SchemaError
from sandbox.org.save import Save
from sandbox.org.schema import Field, LookupFilter, Schema, SObject

_CODE = "FIELD_FILTER_VALIDATION_EXCEPTION"
_DEFAULT_MESSAGE = "Value does not exist or does not match filter criteria."


@dataclass(frozen=True)
class CompiledFilter:
    """The required filter of one lookup, ready to run."""

    source: SObject  #: holds the lookup
    lookup: Field
    target: SObject
    conditions: tuple[Condition, ...]
    logic: Logic
    watched: frozenset[str]  #: own fields of the target that the filter reads
    message: str

    def accepts(self, source: RecordContext, target: RecordContext) -> bool:
        """True when the lookup of `source` may hold `target`."""
        return self.logic([condition(source, target) for condition in self.conditions])


class LookupFilters:
    """All active required filters, by the sObject that holds and by the one looked up.

    Raises SchemaError listing every filter that cannot work.
    """

    def __init__(self, schema: Schema) -> None:
        self.held: dict[str, list[CompiledFilter]] = {name: [] for name in schema.objects}
        self.pointing: dict[str, list[CompiledFilter]] = {name: [] for name in schema.objects}
        problems = []
        for sobject in schema.objects.values():
            for field in sobject.fields.values():
                try:
                    self._add(schema, sobject, field)
                except (FilterError, FilterLogicError) as error:
                    problems.append(f"lookup filter of {sobject.name}.{field.name}: {error}")
        if problems:
            raise SchemaError("; ".join(problems))

    def _add(self, schema: Schema, sobject: SObject, field: Field) -> None:
        rule = field.lookup_filter
        if rule is None or not rule.active or rule.is_optional:
            return
        target = schema.sobject(field.reference_to[0])
        if target is None:
            raise FilterError(f"there is no sObject {field.reference_to[0]}")
        compiled = _compile(schema, sobject, field, target, rule)
        self.held[sobject.name].append(compiled)
        self.pointing[target.name].append(compiled)


def _compile(
    schema: Schema, sobject: SObject, field: Field, target: SObject, rule: LookupFilter
) -> CompiledFilter:
    items = [compile_item(schema, sobject, target, item) for item in rule.items]
    operands = [operand for _, read in items for operand in read]
    return CompiledFilter(
        source=sobject,
        lookup=field,
        target=target,
        conditions=tuple(condition for condition, _ in items),
        logic=parse_logic(rule.boolean_filter, len(items)) if rule.boolean_filter else all,
        watched=frozenset(_own_field(o) for o in operands if not o.of_source),
        message=rule.error_message or _DEFAULT_MESSAGE,
    )


def _own_field(operand: Operand) -> str:
    """The target's own field on the way; changes further up are not followed."""
    steps = operand.found.steps
    return steps[0].name if steps else operand.found.field.name


def check_filters(save: Save) -> list[ErrorItem]:
    """One item per lookup of this record whose record the filter does not accept."""
    items = []
    for rule in save.core.filters.held[save.sobject.name]:
        target_id = save.record[rule.lookup.name]
        row = save.rows.get(str(target_id)) if target_id is not None else None
        if row is not None and not rule.accepts(save.context, save.context.of(rule.target, row)):
            items.append(ErrorItem(_CODE, rule.message, (rule.lookup.name,)))
    return items


def check_pointing_filters(save: Save) -> list[ErrorItem]:
    """One item per filter on another record that would stop accepting this record."""
    if save.before is None:
        return []
    return [
        item
        for rule in save.core.filters.pointing[save.sobject.name]
        if any(name in save.record and save.has_changed(name) for name in rule.watched)
        for item in _broken(save, rule)
    ]


def _broken(save: Save, rule: CompiledFilter) -> list[ErrorItem]:
    table = save.core.store.table(rule.source)
    for row in table.find(rule.lookup.name, save.record_id):
        if _breaks(save, rule, save.context.of(rule.source, row)):
            name = row.get(rule.source.name_field) or row["Id"]
            message = f"{rule.message} ({rule.source.label} {name}, {rule.lookup.label})"
            changed = tuple(name for name in sorted(rule.watched) if save.has_changed(name))
            return [ErrorItem(_CODE, message, changed)]
    return []


def _breaks(save: Save, rule: CompiledFilter, source: RecordContext) -> bool:
    """True when the filter accepted the record as it was and would not accept it as it will be."""
    if save.before is None or rule.accepts(source, save.context):
        return False
    return rule.accepts(source, save.context.of(save.sobject, save.before))
