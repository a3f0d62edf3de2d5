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
    Formula,
    FormulaError,
    FormulaSyntaxError,
    FormulaTypeError,
    compile_formula,
    to_field_value,
)
from sandbox.org.schema import Field, Schema, SObject, ValidationRule

#: Salesforce numbers have at most 18 digits, decimal places among them.
_LARGEST = Decimal(10) ** 18


class SchemaError(Exception):
    """The schema cannot run: a formula in it is broken. Names each place and its mistake."""


@dataclass(frozen=True)
class CompiledRule:
    """An active validation rule, ready to run."""

    rule: ValidationRule
    formula: Formula


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
        if self._problems:
            raise SchemaError("; ".join(self._problems))

    def scope(self, sobject: SObject) -> RecordScope:
        """What formulas on this sObject may name."""
        return self._scopes[sobject.name]

    def rules(self, sobject: SObject) -> list[CompiledRule]:
        """The active validation rules in the order of the schema."""
        return self._rules[sobject.name]

    def compute(self, context: RecordContext, sobject: SObject, field: Field) -> object:
        """The value of a formula field. A failing formula shows nothing, as the API does."""
        formula = self._fields[f"{sobject.name}.{field.name}"]
        if context.blanks_as_zero != field.blanks_as_zero:
            context = context.of(sobject, context.record, blanks_as_zero=field.blanks_as_zero)
        try:
            return to_field_value(formula.evaluate(context), field)
        except FormulaError:
            return None

    def default(self, context: RecordContext, field: Field) -> object:
        """The default that a new record gets in `field`, canonical. Raises FormulaError."""
        formula = self._defaults[f"{context.sobject.name}.{field.name}"]
        value = to_field_value(formula.evaluate(context), field)
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
                formula = self._compile(f"{sobject.name} rule {rule.name}", sobject, rule.formula)
                if formula is not None:
                    compiled.append(CompiledRule(rule, formula))
        return compiled

    def _compile_fields(self, text_of: Callable[[Field], str | None]) -> dict[str, Formula]:
        compiled = {}
        for sobject in self.schema.objects.values():
            for field in sobject.fields.values():
                text = text_of(field)
                place = f"{sobject.name}.{field.name}"
                formula = self._compile(place, sobject, text) if text is not None else None
                if formula is not None:
                    compiled[place] = formula
        return compiled

    def _compile(self, place: str, sobject: SObject, text: str) -> Formula | None:
        scope = self._scopes[sobject.name]
        try:
            formula = compile_formula(text, scope.field_type)
            formula.check(scope)
        except (FormulaSyntaxError, FormulaTypeError) as error:
            self._problems.append(f"{place}: {error}")
            return None
        return formula
