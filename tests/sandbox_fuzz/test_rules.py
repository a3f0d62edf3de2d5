"""Random formulas as rules, formula fields and defaults, and saves of records under them."""

from __future__ import annotations

import random
from functools import partial
from xml.sax.saxutils import escape

import pytest

from sandbox.org.errors import OrgError
from sandbox.org.formulas import (
    FormulaSyntaxError,
    FormulaTypeError,
    ResultType,
    compile_formula,
)
from tests.sandbox_formulas.builders import MemoryRecord
from tests.sandbox_fuzz.campaign import run_quota, run_round
from tests.sandbox_fuzz.formula_texts import expression
from tests.sandbox_fuzz.junk import damage_text
from tests.sandbox_metadata.deploy_target import VISIT, Target
from tests.sandbox_metadata.mdapi import an_object, with_manifest, zip_of

_BASE = VISIT + "".join(
    f"<fields><fullName>{name}</fullName><label>L</label>{more}</fields>"
    for name, more in {
        "Amount__c": "<precision>18</precision><scale>2</scale><type>Number</type>",
        "Budget__c": "<precision>18</precision><scale>0</scale><type>Number</type>",
        "Share__c": "<precision>5</precision><scale>2</scale><type>Percent</type>",
        "Due__c": "<type>Date</type>",
        "Sent__c": "<type>DateTime</type>",
        "Opens__c": "<type>Time</type>",
        "Paid__c": "<defaultValue>false</defaultValue><type>Checkbox</type>",
    }.items()
)
_KINDS = {
    ResultType.NUMBER: "<precision>18</precision><scale>2</scale><type>Number</type>",
    ResultType.TEXT: "<type>Text</type>",
    ResultType.BOOLEAN: "<type>Checkbox</type>",
    ResultType.DATE: "<type>Date</type>",
    ResultType.DATETIME: "<type>DateTime</type>",
    ResultType.TIME: "<type>Time</type>",
}
_VALUES: dict[str, tuple[object, ...]] = {
    "Amount__c": ("0", "-1", "9999999999999999.99", None),
    "Budget__c": (0, 999_999_999_999_999_999, None),
    "Share__c": ("100", "-999.99"),
    "Due__c": ("0001-01-01", "9999-12-31", "2024-02-29", None),
    "Sent__c": ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-20T07:00:00Z"),
    "Opens__c": ("00:00:00.000Z", "23:59:59.999Z"),
    "Paid__c": (True, False),
    "Name": ("Łódź🙂", "a" * 80),
}


class RuleFuzzer:
    """Deploys an object with one random formula in it, and saves records under it."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._target = Target()
        self._deploy(_BASE)

    def make_input(self) -> str:
        chance = self._chance
        kind = chance.choice(list(_KINDS))
        place = chance.choice(["rule", "field", "default"])
        formula = _fit_formula(chance, kind if place != "rule" else ResultType.BOOLEAN)
        if chance.random() < 0.1:
            formula = damage_text(formula, chance)
        text = escape(formula.encode("utf-8", "replace").decode())
        if place == "rule":
            return (
                "<validationRules><fullName>R</fullName><active>true</active>"
                f"<errorConditionFormula>{text}</errorConditionFormula>"
                "<errorMessage>No.</errorMessage></validationRules>"
            )
        use = "formula" if place == "field" else "defaultValue"
        length = "<length>80</length>" if use == "defaultValue" and kind is ResultType.TEXT else ""
        return (
            f"<fields><fullName>F_{kind}__c</fullName><label>F</label><{use}>{text}</{use}>"
            f"{length}{_KINDS[kind]}</fields>"
        )

    def try_input(self, given: str) -> str:
        if not self._deploy(_BASE + given):
            return "refused"
        target = self._target
        values = {
            name: self._chance.choice(some)
            for name, some in _VALUES.items()
            if self._chance.random() < 0.7
        }
        try:
            record_id = target.insert("Visit__c", **values)
            target.org.update(target.admin, "Visit__c", record_id, {"Name": "again"})
        except OrgError as error:
            return error.items[0].code
        finally:
            target.org.query(target.admin, "SELECT FIELDS(ALL) FROM Visit__c LIMIT 3")
        target.org.retrieve(target.admin, "Visit__c", record_id)
        return "saved"

    def finish(self) -> None:
        assert self._deploy(_BASE)
        rows = self._target.org.store.connection.execute("PRAGMA integrity_check").fetchall()
        assert [tuple(row) for row in rows] == [("ok",)]
        self._target.org.close()

    def _deploy(self, content: str) -> bool:
        files = with_manifest({"objects/Visit__c.object": an_object(content)})
        report = self._target.send(zip_of(files))
        assert report.is_success or all(f.message for f in report.findings)
        return report.is_success


def _fit_formula(chance: random.Random, kind: ResultType) -> str:
    """A formula that would deploy on the object, if chance gives one soon."""
    for _ in range(chance.choice([1, 20, 20, 20])):
        text = expression(chance, kind, 3)
        try:
            formula = compile_formula(text)
            formula.check(MemoryRecord())
        except (FormulaSyntaxError, FormulaTypeError):
            continue
        if all(path[0] in _VALUES for path in formula.references):
            break
    return text


def test_a_few_random_rules_are_refused_or_kept() -> None:
    taken = run_round(RuleFuzzer, seed=1, inputs=40)

    assert {"refused", "saved"} <= set(taken)


@pytest.mark.slow
def test_random_rules_are_refused_or_kept() -> None:
    taken = run_quota("rules of records", partial(RuleFuzzer))

    assert {"refused", "saved", "FIELD_CUSTOM_VALIDATION_EXCEPTION"} <= set(taken)
