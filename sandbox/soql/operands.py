"""Fields and functions as typed SQL expressions.

Owns what each function computes. Date parts of a datetime are taken in UTC unless the query says
convertTimezone. Source: developer.salesforce.com, SOQL and SOSL Reference, "Date Functions",
"Aggregate Functions", "Querying Currency Fields in Multicurrency Orgs".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox.org.errors import not_implemented
from sandbox.org.schema import NUMERIC_TYPES, Field, FieldType
from sandbox.soql.functions import FunctionKind, is_aggregate, kind_of
from sandbox.soql.money import rate_sql
from sandbox.soql.nodes import Call, Literal, Operand, Path
from sandbox.soql.scope import Column, Scope, column_sql
from sandbox.soql.syntax import malformed

_COUNT = Field("Count", FieldType.NUMBER, precision=18)
_PART = Field("DatePart", FieldType.NUMBER, precision=4)
_DAY = Field("Day", FieldType.DATE)
_DATES = frozenset({FieldType.DATE, FieldType.DATETIME})


@dataclass(frozen=True)
class Average:
    """A mean as its two exact halves; dividing is left to whoever shows or compares it."""

    sum_sql: str
    count_sql: str


@dataclass(frozen=True)
class Expression:
    """A value in SQL and how to read it: `field` gives type and scale.

    `rate` is the SQL of the record's currency rate when amounts of several currencies may meet.
    `column` is set for a plain field.
    """

    sql: str
    field: Field
    name: str
    position: int
    column: Column | None = None
    rate: str | None = None
    average: Average | None = None


def compile_operand(scope: Scope, operand: Operand) -> Expression:
    """A field, or a function of one row. Raises OrgError for anything else."""
    if isinstance(operand, Path):
        return compile_path(scope, operand)
    kind = kind_of(operand)
    if kind is FunctionKind.DATE_PART:
        return _compile_date_part(scope, operand)
    if kind is FunctionKind.LABEL:
        return _compile_label(scope, operand)
    if kind is FunctionKind.CURRENCY:
        return _compile_conversion(scope, operand)
    if kind in {FunctionKind.DISTANCE, FunctionKind.FORMAT, FunctionKind.FORMULA}:
        raise not_implemented(f"SOQL function {operand.name}")
    raise scope.statement.refuse(
        "MALFORMED_QUERY", operand.position, f"unexpected token: '{operand.name}'"
    )


def compile_path(scope: Scope, path: Path) -> Expression:
    """A field, perhaps of a parent."""
    return compile_column(scope, scope.resolve(path))


def compile_column(scope: Scope, column: Column) -> Expression:
    """A field that has been found."""
    rate = None
    if column.field.type is FieldType.CURRENCY and len(column.sources) == 1:
        rate = rate_sql(scope.statement.schema, column.sources[0])
    return Expression(
        column_sql(scope.statement, column),
        column.field,
        column.field.name,
        column.path.position,
        column=column,
        rate=rate,
    )


def argument_path(call: Call) -> Path:
    """The field that a function is about, however deep it is wrapped."""
    argument = call.arguments[0]
    while isinstance(argument, Call):
        argument = argument.arguments[0]
    assert isinstance(argument, Path)  # noqa: S101 - the parser has checked the arguments
    return argument


def _compile_date_part(scope: Scope, call: Call) -> Expression:
    path = argument_path(call)
    base = compile_path(scope, path)
    kind, sql = base.field.type, base.sql
    is_converted = isinstance(call.arguments[0], Call)
    needs_time = is_converted or call.name in {"HOUR_IN_DAY", "DAY_ONLY"}
    if kind not in _DATES or (needs_time and kind is not FieldType.DATETIME):
        reason = f"field {base.name} does not support the date function {call.name}"
        raise scope.statement.refuse("MALFORMED_QUERY", call.position, reason)
    if is_converted:
        zone = str(scope.statement.env.time_zone)
        sql = f"soql_local({sql}, {scope.statement.bind(zone)})"
    field = _DAY if call.name == "DAY_ONLY" else _PART
    part = _PARTS[call.name].format(sql)
    return Expression(part, field, base.name, call.position)


def _number(start: int, length: int) -> str:
    return f"CAST(substr({{0}}, {start}, {length}) AS INTEGER)"


_YEAR, _MONTH, _DAY_OF_MONTH = _number(1, 4), _number(6, 2), _number(9, 2)
_DAY_OF_YEAR = "CAST(strftime('%j', {0}) AS INTEGER)"
_QUARTER = f"(({_MONTH} + 2) / 3)"
_PARTS = {
    "CALENDAR_YEAR": _YEAR,
    "CALENDAR_QUARTER": _QUARTER,
    "CALENDAR_MONTH": _MONTH,
    "FISCAL_YEAR": _YEAR,
    "FISCAL_QUARTER": _QUARTER,
    "FISCAL_MONTH": _MONTH,
    "DAY_IN_MONTH": _DAY_OF_MONTH,
    # 1 is Sunday.
    "DAY_IN_WEEK": "(CAST(strftime('%w', {0}) AS INTEGER) + 1)",
    "DAY_IN_YEAR": _DAY_OF_YEAR,
    "DAY_ONLY": "substr({0}, 1, 10)",
    "HOUR_IN_DAY": _number(12, 2),
    # Weeks are counted from the first of the month or year, not by weekday.
    "WEEK_IN_MONTH": f"(({_DAY_OF_MONTH} + 6) / 7)",
    "WEEK_IN_YEAR": f"(({_DAY_OF_YEAR} + 6) / 7)",
}


def _compile_label(scope: Scope, call: Call) -> Expression:
    base = compile_path(scope, argument_path(call))
    values = base.field.values
    changed = [value for value in values if value.label and value.label != value.value]
    text = replace(base.field, type=FieldType.TEXT, values=(), formula=None)
    if not changed or base.field.type is not FieldType.PICKLIST:
        return replace(base, field=text, column=None) if changed else base
    bind = scope.statement.bind
    cases = " ".join(f"WHEN {bind(v.value)} THEN {bind(v.label)}" for v in changed)
    sql = f"CASE {base.sql} {cases} ELSE {base.sql} END"
    return replace(base, sql=sql, field=text, column=None)


def _compile_conversion(scope: Scope, call: Call) -> Expression:
    """convertCurrency: every user of this org has the corporate currency."""
    base = compile_path(scope, argument_path(call))
    if base.field.type is not FieldType.CURRENCY:
        reason = f"field {base.name} is not a currency field"
        raise scope.statement.refuse("INVALID_FIELD", call.position, reason)
    if base.rate is None:
        return replace(base, column=None)
    return replace(base, sql=f"soql_corporate({base.sql}, {base.rate})", column=None, rate=None)


def compile_aggregate(scope: Scope, call: Call) -> Expression:
    """A function over the rows of a group. Raises OrgError when the field does not take it."""
    if not call.arguments:
        raise malformed("COUNT() must be the only element in the SELECT list")
    if not is_aggregate(call) or kind_of(call) is FunctionKind.FORMAT:
        raise not_implemented(f"SOQL function {call.name} over an aggregate")
    if len(call.arguments) > 1:
        reason = f"{call.name} takes one field, not {len(call.arguments)}"
        raise scope.statement.refuse("MALFORMED_QUERY", call.position, reason)
    argument = call.arguments[0]
    assert not isinstance(argument, Literal)  # noqa: S101 - the parser has checked the arguments
    base = compile_operand(scope, argument)
    if not _supports(call.name, base.field):
        reason = f"field {base.name} does not support aggregate operator {call.name}"
        raise scope.statement.refuse("MALFORMED_QUERY", call.position, reason)
    return _AGGREGATES[call.name](replace(base, position=call.position, column=None))


def _supports(name: str, field: Field) -> bool:
    if name in {"SUM", "AVG"}:
        return field.type in NUMERIC_TYPES
    if name in {"MIN", "MAX"}:
        return field.type not in _UNORDERED
    return field.type not in _LONG


_LONG = frozenset({FieldType.LONG_TEXT_AREA, FieldType.HTML})
_UNORDERED = _LONG | {FieldType.CHECKBOX, FieldType.MULTISELECT}


def _count(base: Expression) -> Expression:
    return Expression(f"COUNT({base.sql})", _COUNT, base.name, base.position)


def _count_distinct(base: Expression) -> Expression:
    return Expression(f"COUNT(DISTINCT {base.sql})", _COUNT, base.name, base.position)


def _sum_sql(base: Expression) -> str:
    return f"soql_sum({base.sql}, {base.rate})" if base.rate else f"SUM({base.sql})"


def _sum(base: Expression) -> Expression:
    return replace(base, sql=_sum_sql(base), rate=None)


def _average(base: Expression) -> Expression:
    halves = Average(_sum_sql(base), f"COUNT({base.sql})")
    sql = f"(CAST({halves.sum_sql} AS REAL) / {halves.count_sql})"
    return replace(base, sql=sql, rate=None, average=halves)


def _extreme(function: str, base: Expression) -> Expression:
    sql = f"soql_corporate({base.sql}, {base.rate})" if base.rate else base.sql
    return replace(base, sql=f"{function}({sql})", rate=None)


_AGGREGATES: dict[str, Callable[[Expression], Expression]] = {
    "COUNT": _count,
    "COUNT_DISTINCT": _count_distinct,
    "SUM": _sum,
    "AVG": _average,
    "MIN": lambda base: _extreme("MIN", base),
    "MAX": lambda base: _extreme("MAX", base),
}
