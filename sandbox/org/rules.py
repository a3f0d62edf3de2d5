"""Validation rules.

Owns when a rule refuses: only when its formula is TRUE; a blank or false result lets the save
pass, and an error in the formula does not. All rules run, so that people see everything at once.
Source: help.salesforce.com, "Validation Rules".
"""

from __future__ import annotations

from sandbox.org.errors import ErrorItem
from sandbox.org.formula_context import RecordContext
from sandbox.org.formula_library import CompiledRule
from sandbox.org.formulas import FormulaError
from sandbox.org.save import Save

_CODE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"


def check_rules(save: Save) -> list[ErrorItem]:
    """One item per failing rule: its message, and the field that it points at."""
    context = save.context
    outcomes = [_run(context, rule) for rule in save.core.formulas.rules(save.sobject)]
    return [item for item in outcomes if item is not None]


def _run(context: RecordContext, compiled: CompiledRule) -> ErrorItem | None:
    rule = compiled.rule
    try:
        is_refused = compiled.evaluate(context) is True
    except FormulaError as error:
        message = f'The formula in the "{rule.name}" validation rule failed: {error}'
        return ErrorItem(_CODE, message)
    fields = (rule.error_field,) if rule.error_field else ()
    return ErrorItem(_CODE, rule.message, fields) if is_refused else None
