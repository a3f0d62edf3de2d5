"""Functions that look at fields rather than values: changes, picklists, record Ids.

Owns what "changed" means: text without regard to line ends, numbers by value, nothing on a record
that is being inserted (there PRIORVALUE is the current value).
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

from sandbox.org.formulas.arithmetic import plain
from sandbox.org.formulas.errors import FormulaError, FormulaTypeError
from sandbox.org.formulas.interface import FormulaContext, Path, Value
from sandbox.org.formulas.nodes import Call, Reference
from sandbox.org.formulas.reading import read_field
from sandbox.org.formulas.signature import (
    BOOLEAN,
    DATE,
    DATETIME,
    MULTIPICKLIST,
    NUMBER,
    PICKLIST,
    TEXT,
    TIME,
    Bound,
    Function,
    check_count,
    check_kind,
    literal_text,
)
from sandbox.org.formulas.times import format_datetime
from sandbox.org.schema import NUMERIC_TYPES

#: Letters of a record Id's check part: one for each pattern of five upper-case flags.
CHECK_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHORT_ID_LENGTH = 15


def _own_field(call: Call, arguments: tuple[Bound, ...]) -> tuple[Bound, Path]:
    check_count(call, len(arguments), 1, 1)
    argument = arguments[0]
    node = argument.node
    if not isinstance(node, Reference) or not node.is_own_field or argument.field is None:
        found = node.name if isinstance(node, Reference) else "an expression"
        raise FormulaTypeError(
            f"{call.label} takes a field of the record itself, not {found}; "
            "name a field without a dot",
            node.line,
            node.column,
        )
    return argument, argument.field.path or node.path


def _bind_is_changed(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    _, path = _own_field(call, arguments)

    def run(context: FormulaContext) -> Value:
        if context.is_new:
            return False
        return _comparable(context.prior(path)) != _comparable(context.value(path))

    return Bound(BOOLEAN, run, call)


def _comparable(value: Value) -> Value:
    if isinstance(value, str):
        return value.replace("\r\n", "\n") or None
    return value


class _Prior:
    """The record before the save, as a context for reading a field."""

    __slots__ = ("_context",)

    def __init__(self, context: FormulaContext) -> None:
        self._context = context

    @property
    def blanks_as_zero(self) -> bool:
        return self._context.blanks_as_zero

    def value(self, path: Path) -> Value:
        return self._context.prior(path)


def _bind_prior_value(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    argument, path = _own_field(call, arguments)
    assert argument.field is not None  # noqa: S101 - _own_field refused anything else
    is_number, current = argument.field.type in NUMERIC_TYPES, argument.run
    read_number = read_field(argument.field.type, path)

    def run(context: FormulaContext) -> Value:
        if context.is_new:
            return current(context)
        return read_number(_Prior(context)) if is_number else context.prior(path)

    return Bound(argument.type, run, call, argument.field)


def _bind_is_picklist_value(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 2, 2)
    picklist, wanted = arguments
    check_kind(call, picklist, (PICKLIST,))
    value = literal_text(call, wanted)
    read = picklist.run

    def run(context: FormulaContext) -> Value:
        return (read(context) or "") == value

    return Bound(BOOLEAN, run, call)


def _bind_includes(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 2, 2)
    check_kind(call, arguments[0], (MULTIPICKLIST,))
    value = literal_text(call, arguments[1])
    read = arguments[0].run
    return Bound(BOOLEAN, lambda context: value in _selected(read(context)), call)


def _selected(value: Value) -> list[str]:
    return [part.strip() for part in (value or "").split(";") if part.strip()]


def _count_selected(value: Value) -> Decimal:
    return Decimal(len(_selected(value)))


def _bind_text(call: Call, arguments: tuple[Bound, ...]) -> Bound:
    check_count(call, len(arguments), 1, 1)
    argument = arguments[0]
    check_kind(call, argument, (NUMBER, DATE, DATETIME, TIME, PICKLIST))
    read = argument.run

    def run(context: FormulaContext) -> Value:
        value = read(context)
        return None if value is None else _as_text(value)

    field = argument.field if argument.type is PICKLIST else None
    return Bound(TEXT, run, call, field)


def _as_text(value: Value) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return format_datetime(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="milliseconds")
    return str(value)


def _case_safe_id(record_id: str) -> str:
    if len(record_id) != SHORT_ID_LENGTH:
        return record_id
    chunks = [record_id[start : start + 5] for start in (0, 5, 10)]
    flags = [sum(1 << i for i, c in enumerate(chunk) if c in UPPER) for chunk in chunks]
    return record_id + "".join(CHECK_LETTERS[flag] for flag in flags)


UPPER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _is_clone(context: FormulaContext) -> bool:
    return bool(getattr(context, "is_clone", False))


def _currency_rate(context: FormulaContext, code: Value) -> Value:
    rate = getattr(context, "currency_rate", None)
    found = rate(code) if rate is not None and code else None
    if found is None:
        raise FormulaError(f"CURRENCYRATE() knows no currency '{code or ''}' in this org")
    return found


FUNCTIONS = (
    Function("CASESAFEID", ((TEXT,),), TEXT, _case_safe_id),
    Function("CURRENCYRATE", ((TEXT,),), NUMBER, _currency_rate, needs_context=True),
    Function("INCLUDES", binding=_bind_includes),
    Function("ISCHANGED", binding=_bind_is_changed),
    Function("ISCLONE", (), BOOLEAN, _is_clone, needs_context=True),
    Function("ISNEW", (), BOOLEAN, lambda context: context.is_new, needs_context=True),
    Function("ISPICKVAL", binding=_bind_is_picklist_value),
    Function("PICKLISTCOUNT", ((MULTIPICKLIST,),), NUMBER, _count_selected, takes_blank=True),
    Function("PRIORVALUE", binding=_bind_prior_value),
    Function("TEXT", binding=_bind_text),
)
