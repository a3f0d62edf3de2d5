"""Random formulas, checked and evaluated: a result, or a refusal in words."""

from __future__ import annotations

import random
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial

import pytest

from sandbox.org.formulas import (
    FormulaError,
    FormulaSyntaxError,
    FormulaTypeError,
    ResultType,
    compile_formula,
    to_field_value,
)
from sandbox.org.schema import Field, FieldType
from tests.sandbox_fuzz.campaign import run_quota, run_round
from tests.sandbox_fuzz.formula_texts import a_formula, a_record

#: A field that may hold a result of each type, and the Python types of its values.
_FIELDS: dict[ResultType, tuple[FieldType, type]] = {
    ResultType.NUMBER: (FieldType.NUMBER, Decimal),
    ResultType.TEXT: (FieldType.TEXT, str),
    ResultType.BOOLEAN: (FieldType.CHECKBOX, bool),
    ResultType.DATE: (FieldType.DATE, date),
    ResultType.DATETIME: (FieldType.DATETIME, datetime),
    ResultType.TIME: (FieldType.TIME, time),
}


class FormulaFuzzer:
    """Checks a formula as a deploy does, then runs it on a random record whatever it said."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def make_input(self) -> str:
        return a_formula(self._chance)

    def try_input(self, given: str) -> str:
        record = a_record(self._chance)
        try:
            kind = compile_formula(given).check(record)
        except FormulaSyntaxError:
            return "no formula"
        except FormulaTypeError:
            self._run_unchecked(given)
            return "ill-typed"
        try:
            value = compile_formula(given).evaluate(record)
        except FormulaError:
            return "no result"
        if kind in _FIELDS:
            field_type, python_type = _FIELDS[kind]
            held = to_field_value(value, Field("F__c", field_type, scale=2))
            assert held is None or isinstance(held, python_type), held
        return "result"

    def _run_unchecked(self, text: str) -> None:
        try:
            compile_formula(text).evaluate(a_record(self._chance))
        except (FormulaError, FormulaTypeError):
            return

    def finish(self) -> None:
        assert compile_formula("1 + 1").evaluate(a_record(self._chance)) == 2


def test_a_few_random_formulas_have_a_result_or_are_refused() -> None:
    taken = run_round(FormulaFuzzer, seed=1, inputs=300)

    assert set(taken) == {"no formula", "ill-typed", "no result", "result"}


@pytest.mark.slow
def test_random_formulas_have_a_result_or_are_refused() -> None:
    taken = run_quota("formulas", partial(FormulaFuzzer))

    assert set(taken) == {"no formula", "ill-typed", "no result", "result"}
