"""One condition of a lookup filter, compiled from its metadata.

Owns how a condition's two sides are found (`$Source` is the record being saved, the other record is
the one looked up, either may stand on either side) and how they compare: case-sensitively, a comma
separating alternatives, record types by label. Source: help.salesforce.com, "Lookup Filters".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from sandbox.org.formula_context import RecordContext
from sandbox.org.paths import GLOBAL_RECORDS, FieldPath, resolve_path
from sandbox.org.schema import NUMERIC_TYPES, Field, FieldType, FilterItem, Schema, SObject

_SOURCE = "$source"


class FilterError(ValueError):
    """A filter item that cannot work: an unknown field, operation or value."""


@dataclass(frozen=True)
class Operand:
    """One side of a condition: whose record, and where in it."""

    of_source: bool
    path: tuple[str, ...]
    found: FieldPath

    def read(self, source: RecordContext, target: RecordContext) -> object:
        """The value, given the record being saved and the record looked up."""
        return (source if self.of_source else target).value(self.path)


#: Says whether the condition holds for (record being saved, record looked up).
Condition = Callable[[RecordContext, RecordContext], bool]


def compile_item(
    schema: Schema, source: SObject, target: SObject, item: FilterItem
) -> tuple[Condition, tuple[Operand, ...]]:
    """The condition and the fields that it reads. Raises FilterError."""
    compare = _OPERATIONS.get(item.operation)
    if compare is None:
        raise FilterError(f"operation {item.operation} is not supported")
    left = _operand(schema, source, target, item.field)
    if item.value_field:
        right = _operand(schema, source, target, item.value_field)
        return (lambda s, t: compare(left.read(s, t), [right.read(s, t)])), (left, right)
    wanted = _literals(left.found.field, item.value or "")
    if left.found.field.name == "RecordTypeId":
        return (lambda s, t: compare(_record_type_label(left, s, t), wanted)), (left,)
    return (lambda s, t: compare(left.read(s, t), wanted)), (left,)


def _operand(schema: Schema, source: SObject, target: SObject, text: str) -> Operand:
    first, *rest = text.split(".")
    if first.lower() in GLOBAL_RECORDS:
        of_source, base, path = True, source, (first, *rest)
    elif first.lower() == _SOURCE:
        of_source, base, path = True, source, tuple(rest)
    elif first.lower() == target.name.lower():
        of_source, base, path = False, target, tuple(rest)
    else:
        raise FilterError(f"{text} starts neither with $Source nor with {target.name}")
    found = resolve_path(schema, base, path) if path else None
    if found is None:
        raise FilterError(f"there is no field {text}")
    return Operand(of_source, path, found)


def _record_type_label(left: Operand, source: RecordContext, target: RecordContext) -> object:
    record_type_id = left.read(source, target)
    row = source.rows.get(str(record_type_id)) if record_type_id else None
    return row["Name"] if row else None


def _literals(field: Field, text: str) -> list[object]:
    """The alternatives that a value lists; an empty value means blank."""
    parts = [part.strip() for part in text.split(",")]
    try:
        return [_literal(field, part) if part else None for part in parts]
    except (ValueError, InvalidOperation) as error:
        raise FilterError(f"{text!r} is no value of {field.name} ({field.type})") from error


def _literal(field: Field, text: str) -> object:
    if field.type in NUMERIC_TYPES:
        return Decimal(text)
    if field.type is FieldType.CHECKBOX:
        return text.lower() in {"true", "1"}
    if field.type is FieldType.DATE:
        return date.fromisoformat(text)
    if field.type is FieldType.DATETIME:
        return datetime.fromisoformat(text)
    return text


def _equals(value: object, wanted: list[object]) -> bool:
    return value in wanted


def _contains(value: object, wanted: list[object]) -> bool:
    return value is not None and any(str(part) in str(value) for part in wanted if part)


def _starts_with(value: object, wanted: list[object]) -> bool:
    return value is not None and any(str(value).startswith(str(part)) for part in wanted if part)


def _includes(value: object, wanted: list[object]) -> bool:
    chosen = set(str(value).split(";")) if value is not None else set()
    return any(part in chosen for part in wanted)


def _ordered(is_right: Callable[[int], bool]) -> Callable[[object, list[object]], bool]:
    """A comparison of values that have an order; a blank side never holds."""

    def holds(value: object, wanted: list[object]) -> bool:
        other = wanted[0]
        if value is None or other is None:
            return False
        sign = (value > other) - (value < other)  # type: ignore[operator]
        return is_right(sign)

    return holds


_OPERATIONS: dict[str, Callable[[object, list[object]], bool]] = {
    "equals": _equals,
    "notEqual": lambda value, wanted: not _equals(value, wanted),
    "lessThan": _ordered(lambda sign: sign < 0),
    "greaterThan": _ordered(lambda sign: sign > 0),
    "lessOrEqual": _ordered(lambda sign: sign <= 0),
    "greaterOrEqual": _ordered(lambda sign: sign >= 0),
    "contains": _contains,
    "notContain": lambda value, wanted: not _contains(value, wanted),
    "startsWith": _starts_with,
    "includes": _includes,
    "excludes": lambda value, wanted: not _includes(value, wanted),
}
