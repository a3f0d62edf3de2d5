"""The conditions that start a record-triggered flow, each compiled from its metadata.

Owns what a flow's operators mean on the saved record. Text compares exactly, case included; a blank
side is neither less nor greater; `IsChanged` is false while the record is being created, as
`ISCHANGED()` is. The last two were never compared with a real org. Source: Metadata API guide,
"FlowRecordFilter".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from sandbox.org.automation import TriggerItem
from sandbox.org.flow_formulas import PRIOR, RECORD
from sandbox.org.formula_context import RecordContext
from sandbox.org.paths import PERMISSION, resolve_path
from sandbox.org.schema import NUMERIC_TYPES, Field, FieldType, Schema, SObject

Check = Callable[[RecordContext], bool]
#: The other side of a comparison, read from the record on its way.
_Side = Callable[[RecordContext], object]


class FlowFilterError(ValueError):
    """A condition that cannot work: an unknown field, operator or value."""


def compile_flow_item(schema: Schema, sobject: SObject, item: TriggerItem) -> Check:
    """The condition as a function of the saved record. Raises FlowFilterError."""
    field = sobject.field(item.field)
    if field is None:
        raise FlowFilterError(f"{sobject.name} has no field {item.field}")
    if item.operation in _YES_NO:
        return _compile_yes_no(field, item)
    compare = _COMPARISONS.get(item.operation)
    if compare is None:
        raise FlowFilterError(f"operator {item.operation} is not supported")
    path, other = (field.name,), _other_side(schema, sobject, field, item)
    return lambda context: compare(context.value(path), other(context))


def _compile_yes_no(field: Field, item: TriggerItem) -> Check:
    if item.value not in {"true", "false"}:
        raise FlowFilterError(f"{item.operation} of {field.name} needs a booleanValue")
    holds, wanted, path = _YES_NO[item.operation], item.value == "true", (field.name,)
    return lambda context: holds(context, path) is wanted


def _is_changed(context: RecordContext, path: tuple[str, ...]) -> bool:
    return not context.is_new and bool(context.value(path) != context.prior(path))


def _is_null(context: RecordContext, path: tuple[str, ...]) -> bool:
    return context.value(path) is None


_YES_NO: dict[str, Callable[[RecordContext, tuple[str, ...]], bool]] = {
    "IsChanged": _is_changed,
    "IsNull": _is_null,
}


def _other_side(schema: Schema, sobject: SObject, field: Field, item: TriggerItem) -> _Side:
    if item.reference is not None:
        return _referred(schema, sobject, item.reference)
    value = _literal(field, item.value)
    return lambda _context: value


def _referred(schema: Schema, sobject: SObject, reference: str) -> _Side:
    start, *rest = reference.split(".")
    is_prior = start.lower() == PRIOR
    path = tuple(rest) if is_prior or start.lower() == RECORD else (start, *rest)
    is_known = start.startswith("$") and start.lower() != PERMISSION and path
    if not is_known or resolve_path(schema, sobject, path) is None:
        raise FlowFilterError(f"there is no field {reference}")
    if is_prior:
        return lambda context: None if context.before is None else context.prior(path)
    return lambda context: context.value(path)


def _literal(field: Field, text: str | None) -> object:
    """A value as canonical as the field's own; blank is None."""
    if not text:
        return None
    try:
        return _READERS.get(field.type, str)(text)
    except (ValueError, InvalidOperation) as error:
        raise FlowFilterError(f"{text!r} is no value of {field.name} ({field.type})") from error


def _read_truth(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text]


def _read_number(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return number


def _read_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


_READERS: dict[FieldType, Callable[[str], object]] = {
    **dict.fromkeys(NUMERIC_TYPES, _read_number),
    FieldType.CHECKBOX: _read_truth,
    FieldType.DATE: date.fromisoformat,
    FieldType.DATETIME: _read_moment,
}


def _ordered(is_right: Callable[[int], bool]) -> Callable[[object, object], bool]:
    def holds(value: object, other: object) -> bool:
        if value is None or other is None:
            return False
        return is_right((value > other) - (value < other))  # type: ignore[operator]

    return holds


def _texts(is_right: Callable[[str, str], bool]) -> Callable[[object, object], bool]:
    def holds(value: object, other: object) -> bool:
        return value is not None and other is not None and is_right(str(value), str(other))

    return holds


_COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "EqualTo": lambda value, other: value == other,
    "NotEqualTo": lambda value, other: value != other,
    "GreaterThan": _ordered(lambda sign: sign > 0),
    "GreaterThanOrEqualTo": _ordered(lambda sign: sign >= 0),
    "LessThan": _ordered(lambda sign: sign < 0),
    "LessThanOrEqualTo": _ordered(lambda sign: sign <= 0),
    "StartsWith": _texts(str.startswith),
    "EndsWith": _texts(str.endswith),
    "Contains": _texts(lambda value, other: other in value),
}
