"""A record in memory that answers formulas, with every default filled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from operator import methodcaller
from typing import Any

import pytest

from sandbox.org.formulas import (
    FieldRef,
    FormulaError,
    FormulaTypeError,
    Resolver,
    compile_formula,
)
from sandbox.org.schema import FieldType

STATUSES = ("Draft", "AWAITING PROPOSALS", "CANCELLED")
FIELDS: dict[str, FieldRef] = {
    "Name": FieldRef(FieldType.TEXT),
    "Amount__c": FieldRef(FieldType.NUMBER),
    "Budget__c": FieldRef(FieldType.CURRENCY),
    "Share__c": FieldRef(FieldType.PERCENT),
    "Status": FieldRef(FieldType.PICKLIST, None, STATUSES),
    "Colours__c": FieldRef(FieldType.MULTISELECT, None, ("Red", "Green", "Red Dark")),
    "Paid__c": FieldRef(FieldType.CHECKBOX),
    "Due__c": FieldRef(FieldType.DATE),
    "Sent__c": FieldRef(FieldType.DATETIME),
    "Opens__c": FieldRef(FieldType.TIME),
    "Order__c": FieldRef(FieldType.LOOKUP),
    "Order__r.Status": FieldRef(FieldType.PICKLIST, None, STATUSES),
    "Order__r.Amount__c": FieldRef(FieldType.NUMBER),
    "$Permission.Bypass": FieldRef(FieldType.CHECKBOX),
    "$User.Id": FieldRef(FieldType.ID),
}
_BY_LOWER = {name.lower(): (name, ref) for name, ref in FIELDS.items()}


@dataclass
class MemoryRecord:
    """Values by field name; what is not given is blank."""

    values: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    is_new: bool = False
    blanks_as_zero: bool = False
    now: datetime = datetime(2026, 11, 20, 23, 30, 15, tzinfo=UTC)
    today: date = date(2026, 11, 21)
    time_zone: tzinfo = UTC

    def field_type(self, path: tuple[str, ...]) -> FieldRef | None:
        """The field of that name, whatever its case, with its canonical path."""
        found = _BY_LOWER.get(".".join(path).lower())
        if found is None:
            return None
        name, ref = found
        return FieldRef(ref.type, tuple(name.split(".")), ref.picklist_values)

    def value(self, path: tuple[str, ...]) -> Any:
        """The current value."""
        return self.values.get(".".join(path))

    def prior(self, path: tuple[str, ...]) -> Any:
        """The value before the save."""
        return self.before.get(".".join(path))


def evaluate(text: str, record: MemoryRecord | None = None, **values: Any) -> Any:
    """The result of a formula on a record; `Order__r_Status` stands for `Order__r.Status`.

    The formula bound beforehand must give and raise the same.
    """
    record = record or MemoryRecord(values)
    formula = compile_formula(text)
    try:
        result = formula.evaluate(record)
    except (FormulaError, FormulaTypeError) as error:
        with pytest.raises(type(error), match=re.escape(str(error))):
            formula.bind(_quick_resolver(record))(record)
        raise
    assert formula.bind(_quick_resolver(record))(record) == result
    return result


def _quick_resolver(record: MemoryRecord) -> Resolver:
    """Fields that are read by a function of their own, as the org's are."""

    def resolve(path: tuple[str, ...]) -> FieldRef | None:
        ref = record.field_type(path)
        if ref is None or ref.path is None:
            return ref
        return replace(ref, read=methodcaller("value", ref.path))

    return resolve
