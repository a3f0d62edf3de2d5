"""Salesforce's formula language: parse, check and evaluate.

Owns the meaning of formulas in validation rules, formula fields and defaults. Reference: the
conformance cases of Salesforce's own engine (`python -m sandbox conformance formula FILE`).
"""

from __future__ import annotations

from sandbox.org.formulas.errors import FormulaError, FormulaSyntaxError, FormulaTypeError
from sandbox.org.formulas.formula import Formula, compile_formula
from sandbox.org.formulas.interface import (
    Evaluate,
    FieldRef,
    FormulaContext,
    Path,
    Resolver,
    ResultType,
    Scope,
    Value,
)
from sandbox.org.formulas.results import to_field_value

__all__ = [
    "Evaluate",
    "FieldRef",
    "Formula",
    "FormulaContext",
    "FormulaError",
    "FormulaSyntaxError",
    "FormulaTypeError",
    "Path",
    "Resolver",
    "ResultType",
    "Scope",
    "Value",
    "compile_formula",
    "to_field_value",
]
