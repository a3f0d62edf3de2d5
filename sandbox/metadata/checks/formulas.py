"""Formulas: they parse, their types fit, and the picklist values that they name exist.

Owns where a formula may stand and what it must return there. A misspelt picklist value makes a
rule that never fires and that nobody misses, so it is treated as an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.metadata.checks.context import CheckContext, closest, missing_field, missing_value
from sandbox.metadata.documents import child, line_of, text
from sandbox.metadata.problems import Problem
from sandbox.metadata.project import Component
from sandbox.org.formulas import (
    FieldRef,
    Formula,
    FormulaSyntaxError,
    FormulaTypeError,
    ResultType,
    compile_formula,
)
from sandbox.org.paths import resolve_path
from sandbox.org.schema import NUMERIC_TYPES, TEXT_TYPES, FieldType, Schema, SObject

#: Functions that need the record's earlier state, which only a save has.
_SAVE_FUNCTIONS = frozenset({"ISCHANGED", "ISNEW", "ISCLONE", "PRIORVALUE"})
_PICKLISTS = (FieldType.PICKLIST, FieldType.MULTISELECT)
#: What a field's formula or default may return.
_RETURNS: dict[FieldType, frozenset[ResultType]] = {
    **dict.fromkeys(TEXT_TYPES, frozenset({ResultType.TEXT})),
    **dict.fromkeys(NUMERIC_TYPES, frozenset({ResultType.NUMBER})),
    FieldType.CHECKBOX: frozenset({ResultType.BOOLEAN}),
    FieldType.DATE: frozenset({ResultType.DATE}),
    FieldType.DATETIME: frozenset({ResultType.DATETIME}),
    FieldType.TIME: frozenset({ResultType.TIME}),
    FieldType.PICKLIST: frozenset({ResultType.TEXT, ResultType.PICKLIST}),
}
_ALWAYS = frozenset({ResultType.NULL, ResultType.ANY})


@dataclass(frozen=True)
class _Scope:
    """The fields that a formula on one object may name."""

    schema: Schema
    sobject: SObject

    def field_type(self, path: tuple[str, ...], /) -> FieldRef | None:
        found = resolve_path(self.schema, self.sobject, path)
        if found is None:
            return None
        field = found.field
        values = tuple(v.value for v in field.values) if field.type in _PICKLISTS else None
        return FieldRef(field.type, None, values)


@dataclass(frozen=True)
class _Place:
    """One formula in a file, and what it is for."""

    component: Component
    sobject: SObject
    tag: str
    what: str  #: `validation rule Order.Winner_Complete`
    returns: frozenset[ResultType]
    in_save: bool  #: it runs during a save, so ISCHANGED and friends make sense

    def problem(self, message: str, line: int = 1) -> Problem:
        """A finding at a line of the formula, counted from 1."""
        element = child(self.component.element, self.tag)
        raw = (element.text or "") if element is not None else ""
        skipped = raw[: len(raw) - len(raw.lstrip())].count("\n")
        at = line_of(element) + skipped + line - 1
        return Problem(str(self.component.path), at, f"{self.what}: {message}")


def check_rule(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A validation rule's formula is true or false, and its field exists."""
    sobject = context.sobject(component.owner)
    if sobject is None:
        return
    what = f"validation rule {component.full_name}"
    returns = frozenset({ResultType.BOOLEAN})
    place = _Place(component, sobject, "errorConditionFormula", what, returns, in_save=True)
    yield from _check_place(context, place)
    shown_on = text(component.element, "errorDisplayField")
    if shown_on is not None and shown_on not in sobject.fields:
        message = f"{what}: {missing_field(sobject, shown_on)}"
        yield component.problem(message, "errorDisplayField")


def check_field_formula(context: CheckContext, component: Component) -> Iterator[Problem]:
    """A formula field returns its own type; a default is a formula that does so too."""
    sobject, field = context.sobject(component.owner), context.field_of(component)
    if sobject is None or field is None:
        return
    returns = _RETURNS.get(field.type, frozenset())
    for tag, what in (("formula", "formula field"), ("defaultValue", "default of")):
        if tag == "defaultValue" and field.type is FieldType.CHECKBOX:
            continue  # the one default that is a plain word, judged with the field's shape
        title = f"{what} {component.full_name}"
        yield from _check_place(
            context, _Place(component, sobject, tag, title, returns, in_save=False)
        )


def _check_place(context: CheckContext, place: _Place) -> Iterator[Problem]:
    written = text(place.component.element, place.tag)
    if written is None:
        return
    scope = _Scope(context.schema, place.sobject)
    try:
        formula = compile_formula(written)
        found = formula.check(scope)
    except (FormulaSyntaxError, FormulaTypeError) as error:
        yield place.problem(_explain(context, place, error), error.line)
        return
    if place.returns and found not in place.returns | _ALWAYS:
        expected = " or ".join(sorted(place.returns))
        yield place.problem(f"the formula returns {found}; {expected} is needed here")
    yield from _check_functions(place, formula)
    yield from _check_literals(context, place, formula)


def _explain(
    context: CheckContext, place: _Place, error: FormulaSyntaxError | FormulaTypeError
) -> str:
    if isinstance(error, FormulaSyntaxError):
        return f"the formula does not parse: {error.message}"
    words = (word.strip("'.,()") for word in error.message.split())
    hint = next((h for h in (_hint(context, place, word) for word in words) if h), "")
    return f"the formula is not valid: {error.message}{hint}"


def _hint(context: CheckContext, place: _Place, word: str) -> str:
    """The close match for a misspelt path, judged on the object where it leads."""
    *parents, last = word.split(".")
    if parents[:1] == ["$Permission"]:
        return closest(last, context.schema.custom_permissions)
    if not parents:
        return closest(last, place.sobject.fields) if last not in place.sobject.fields else ""
    found = resolve_path(context.schema, place.sobject, (*parents, "Id"))
    return closest(last, found.sobject.fields) if found and found.sobject else ""


def _check_functions(place: _Place, formula: Formula) -> Iterator[Problem]:
    misplaced = sorted(formula.functions & _SAVE_FUNCTIONS)
    if misplaced and not place.in_save:
        message = f"{', '.join(misplaced)} needs a save and cannot stand here; use a rule"
        yield place.problem(message)


def _check_literals(context: CheckContext, place: _Place, formula: Formula) -> Iterator[Problem]:
    for path, literal in sorted(set(formula.picklist_literals)):
        found = resolve_path(context.schema, place.sobject, path)
        if found is None or found.field.type not in _PICKLISTS:
            continue
        known = [value.value for value in found.field.values]
        has_all = found.sobject is None or context.has_all_values(found.field, found.sobject)
        # An empty literal is how formulas ask whether a picklist is blank.
        if literal and literal not in known and has_all:
            yield place.problem(missing_value(".".join(path), literal, known))
