"""Formulas, rules and filters that need what the org has not: they are taken out and listed.

Owns the consequence of an absence. A formula field that cannot be computed is no field, so what
uses it goes too, until nothing in the schema leads to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from lxml import etree

from sandbox.metadata.absence import Absence
from sandbox.metadata.documents import child, children, text
from sandbox.metadata.project import Component, Project
from sandbox.org.formulas import FormulaSyntaxError, compile_formula
from sandbox.org.formulas.registry import FUNCTIONS
from sandbox.org.schema import Schema, SObject


@dataclass(frozen=True)
class Removal:
    """A component of which something was taken out of the schema, and why."""

    component: Component
    reason: str


@dataclass(frozen=True)
class _Settler:
    """A schema being settled."""

    schema: Schema
    absence: Absence

    def remove_field(self, sobject: SObject, component: Component) -> str | None:
        """Take a formula field out that cannot be computed."""
        reason = self._formula_reason(sobject, text(component.element, "formula"))
        if reason and component.name in sobject.fields:
            sobject.drop_field(component.name)
            self.absence.note_field(component.full_name, reason)
            return reason
        return None

    def remove_default(self, sobject: SObject, component: Component) -> str | None:
        """Take the default of a field out that cannot be computed."""
        field = sobject.fields.get(component.name)
        if field is None or field.default is None:
            return None
        reason = self._formula_reason(sobject, text(component.element, "defaultValue"))
        if reason:
            sobject.add_field(replace(field, default=None))
        return reason and f"its default is left out: {reason}"

    def remove_filter(self, sobject: SObject, component: Component) -> str | None:
        """Take a lookup filter out that cannot be judged."""
        field = sobject.fields.get(component.name)
        if field is None or field.lookup_filter is None:
            return None
        found = child(component.element, "lookupFilter")
        reasons = (self._filter_reason(sobject, path) for path in _filter_paths(found))
        reason = next((r for r in reasons if r), None)
        if reason:
            sobject.add_field(replace(field, lookup_filter=None))
        return reason and f"its lookup filter is not enforced: {reason}"

    def remove_rule(self, sobject: SObject, component: Component) -> str | None:
        """Take a validation rule out that cannot be judged."""
        reason = self._formula_reason(sobject, text(component.element, "errorConditionFormula"))
        kept = [rule for rule in sobject.validation_rules if rule.name != component.name]
        if reason is None or len(kept) == len(sobject.validation_rules):
            return None
        sobject.validation_rules = kept
        return f"it is not enforced: {reason}"

    def _formula_reason(self, sobject: SObject, written: str | None) -> str | None:
        try:
            formula = compile_formula(written or "NULL")
        except FormulaSyntaxError:
            return None
        for name in sorted(formula.functions & set(FUNCTIONS)):
            if FUNCTIONS[name].refusal and not self.absence.is_strict:
                return f"{name}() is not available: {FUNCTIONS[name].refusal}"
        paths = sorted(formula.references)
        reasons = (self.absence.path_reason(self.schema, sobject, path) for path in paths)
        return next((reason for reason in reasons if reason), None)

    def _filter_reason(self, source: SObject, path: str) -> str | None:
        start, *rest = path.split(".")
        if start.startswith("$") and start != "$Source":
            return self.absence.path_reason(self.schema, source, (start, *rest))
        base = source if start == "$Source" else self.schema.sobject(start)
        if base is None or not rest:
            return self.absence.object_reason(self.schema, start)
        return self.absence.path_reason(self.schema, base, tuple(rest))


def settle(project: Project, schema: Schema, absence: Absence) -> list[Removal]:
    """Take out of the schema whatever needs something absent; every component that lost something.

    A component may be listed more than once, for different things that it lost.
    """
    settler = _Settler(schema, absence)
    fields = list(project.of("field"))
    steps: list[tuple[Callable[[SObject, Component], str | None], list[Component]]] = [
        (settler.remove_field, fields),
        (settler.remove_default, fields),
        (settler.remove_filter, fields),
        (settler.remove_rule, list(project.of("validationRule"))),
    ]
    removals: list[Removal] = []
    while True:
        found = [
            Removal(component, reason)
            for step, components in steps
            for component in components
            for sobject in owners(schema, component)
            if (reason := step(sobject, component))
        ]
        if not found:
            return removals
        removals += found


def owners(schema: Schema, component: Component) -> Iterator[SObject]:
    """The objects that a field or rule belongs to: those of Activity are Event and Task."""
    names = ("Event", "Task") if component.owner == "Activity" else (component.owner,)
    return (schema.objects[name] for name in names if name in schema.objects)


def _filter_paths(found: etree._Element | None) -> Iterator[str]:
    for item in children(found, "filterItems") if found is not None else ():
        for tag in ("field", "valueField"):
            path = text(item, tag)
            if path:
                yield path
