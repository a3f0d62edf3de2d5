"""Every formula of the schema, compiled once: rules, formula fields and defaults.

Owns the refusal of a broken formula when the org starts, with the name of its place; at the first
save it would be too late. Computes formula fields whenever they are read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from sandbox.org.canonical import canonical
from sandbox.org.formula_context import Reader, RecordContext, RecordScope
from sandbox.org.formulas import (
    Evaluate,
    FormulaError,
    FormulaSyntaxError,
    FormulaTypeError,
    Resolver,
    compile_formula,
    to_field_value,
)
from sandbox.org.paths import resolve_path
from sandbox.org.schema import Field, Schema, SObject, ValidationRule

#: Salesforce numbers have at most 18 digits, decimal places among them.
_LARGEST = Decimal(10) ** 18


class SchemaError(Exception):
    """The schema cannot run: a formula in it is broken. Names each place and its mistake."""


@dataclass(frozen=True)
class CompiledRule:
    """An active validation rule, ready to run."""

    rule: ValidationRule
    evaluate: Evaluate


class FormulaLibrary:
    """Compiled formulas and path readers of one org.

    Raises SchemaError listing every formula that does not compile.
    """

    def __init__(self, schema: Schema, org_id: str) -> None:
        self.schema = schema
        self.org_id = org_id
        self.readers: dict[str, dict[tuple[str, ...], Reader]] = {
            name: {} for name in schema.objects
        }
        self._scopes = {name: RecordScope(schema, o) for name, o in schema.objects.items()}
        self._problems: list[str] = []
        self._rules = {name: self._compile_rules(o) for name, o in schema.objects.items()}
        self._fields = self._compile_fields(lambda field: field.formula)
        self._defaults = self._compile_fields(lambda field: field.default)
        self._known_defaults: dict[str, object] = {}
        self._inputs: dict[str, tuple[str, ...]] = {}
        if self._problems:
            raise SchemaError("; ".join(self._problems))

    def scope(self, sobject: SObject) -> RecordScope:
        """What formulas on this sObject may name."""
        return self._scopes[sobject.name]

    def resolver(self, sobject: SObject) -> Resolver:
        """The field at the end of a path from this sObject."""
        return self._scopes[sobject.name].field_type

    def rules(self, sobject: SObject) -> list[CompiledRule]:
        """The active validation rules in the order of the schema."""
        return self._rules[sobject.name]

    def compute(self, context: RecordContext, sobject: SObject, field: Field) -> object:
        """The value of a formula field. A failing formula shows nothing, as the API does."""
        evaluate = self._fields[f"{sobject.name}.{field.name}"]
        if context.blanks_as_zero != field.blanks_as_zero:
            context = context.of(sobject, context.record, blanks_as_zero=field.blanks_as_zero)
        try:
            return to_field_value(evaluate(context), field)
        except FormulaError:
            return None

    def inputs(self, sobject: SObject, field: Field) -> tuple[str, ...]:
        """The stored fields of the record itself that a formula field depends on.

        Among them those that its other formula fields read, and the lookups that lead to parents.
        """
        place = f"{sobject.name}.{field.name}"
        if place not in self._inputs:
            self._inputs[place] = tuple(sorted(self._find_inputs(sobject, field, set())))
        return self._inputs[place]

    def _find_inputs(self, sobject: SObject, field: Field, seen: set[str]) -> set[str]:
        seen.add(field.name)
        found: set[str] = set()
        for path in compile_formula(field.formula or "").references:
            first = self._find_start(sobject, path)
            if first is None or first.name in seen:
                continue
            found |= self._find_inputs(sobject, first, seen) if first.is_formula else {first.name}
        return found

    def _find_start(self, sobject: SObject, path: tuple[str, ...]) -> Field | None:
        """The field of the record itself at which a path begins; None when it begins elsewhere."""
        found = resolve_path(self.schema, sobject, path)
        if found is None or found.start:
            is_type = found is not None and found.start == "$recordtype"
            return sobject.field("RecordTypeId") if is_type else None
        return found.steps[0] if found.steps else found.field

    def default(self, context: RecordContext, field: Field) -> object:
        """The default that a new record gets in `field`, canonical. Raises FormulaError."""
        place = f"{context.sobject.name}.{field.name}"
        if place in self._known_defaults:
            return self._known_defaults[place]
        found = self._work_out_default(context, place, field)
        if compile_formula(field.default or "").is_constant:
            self._known_defaults[place] = found
        return found

    def _work_out_default(self, context: RecordContext, place: str, field: Field) -> object:
        value = to_field_value(self._defaults[place](context), field)
        if isinstance(value, Decimal) and abs(value.scaleb(field.scale)) >= _LARGEST:
            raise FormulaError(f"{value} has more digits than {field.name} holds")
        try:
            return canonical(field, value)
        except TypeError as error:
            # Metadata may give a field a default of another type; saves must say so, not crash.
            raise FormulaError(str(error)) from error

    def _compile_rules(self, sobject: SObject) -> list[CompiledRule]:
        compiled = []
        for rule in sobject.validation_rules:
            if rule.active:
                place = f"{sobject.name} rule {rule.name}"
                evaluate = self._compile(place, sobject, rule.formula)
                if evaluate is not None:
                    compiled.append(CompiledRule(rule, evaluate))
        return compiled

    def _compile_fields(self, text_of: Callable[[Field], str | None]) -> dict[str, Evaluate]:
        compiled = {}
        for sobject in self.schema.objects.values():
            for field in sobject.fields.values():
                text = text_of(field)
                place = f"{sobject.name}.{field.name}"
                evaluate = self._compile(place, sobject, text) if text is not None else None
                if evaluate is not None:
                    compiled[place] = evaluate
        return compiled

    def _compile(self, place: str, sobject: SObject, text: str) -> Evaluate | None:
        scope = self._scopes[sobject.name]
        try:
            formula = compile_formula(text)
            formula.check(scope)
            return formula.bind(scope.field_type)
        except (FormulaSyntaxError, FormulaTypeError) as error:
            self._problems.append(f"{place}: {error}")
            return None
