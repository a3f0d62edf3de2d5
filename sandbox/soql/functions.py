"""The functions of SOQL and which arguments each takes.

Owns which names are functions at all: an unknown one is a syntax error, because the parser must
refuse it before any schema is known. Source: developer.salesforce.com, SOQL and SOSL Reference,
"Aggregate Functions", "Date Functions", "Location-Based SOQL Queries", "FIELDS()", "FORMULA()".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from sandbox.soql.nodes import Call, Literal, LiteralKind, Path

Argument = Path | Call | Literal


class FunctionKind(StrEnum):
    """What a function is for, which decides where it may stand."""

    AGGREGATE = "aggregate"  #: over the rows of a group
    DATE_PART = "date part"  #: a number or day out of a date or datetime
    ZONE = "zone"  #: convertTimezone, only inside a date part
    LABEL = "label"  #: toLabel
    FORMAT = "format"  #: FORMAT
    CURRENCY = "currency"  #: convertCurrency
    DISTANCE = "distance"
    GEOLOCATION = "geolocation"  #: only inside DISTANCE
    FORMULA = "formula"  #: FORMULA('Amount - Cost__c'), only in WHERE
    FIELDS = "fields"  #: FIELDS(ALL), only in SELECT
    GROUPING = "grouping"  #: GROUPING(field): 1 on a subtotal row
    SETS = "sets"  #: ROLLUP and CUBE, only in GROUP BY


DATE_PARTS = (
    "CALENDAR_MONTH",
    "CALENDAR_QUARTER",
    "CALENDAR_YEAR",
    "DAY_IN_MONTH",
    "DAY_IN_WEEK",
    "DAY_IN_YEAR",
    "DAY_ONLY",
    "FISCAL_MONTH",
    "FISCAL_QUARTER",
    "FISCAL_YEAR",
    "HOUR_IN_DAY",
    "WEEK_IN_MONTH",
    "WEEK_IN_YEAR",
)
#: Every function by its upper-case name.
FUNCTIONS: dict[str, FunctionKind] = {
    **dict.fromkeys(
        ("COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"), FunctionKind.AGGREGATE
    ),
    **dict.fromkeys(DATE_PARTS, FunctionKind.DATE_PART),
    "CONVERTTIMEZONE": FunctionKind.ZONE,
    "TOLABEL": FunctionKind.LABEL,
    "FORMAT": FunctionKind.FORMAT,
    "CONVERTCURRENCY": FunctionKind.CURRENCY,
    "DISTANCE": FunctionKind.DISTANCE,
    "GEOLOCATION": FunctionKind.GEOLOCATION,
    "FORMULA": FunctionKind.FORMULA,
    "FIELDS": FunctionKind.FIELDS,
    "GROUPING": FunctionKind.GROUPING,
    "ROLLUP": FunctionKind.SETS,
    "CUBE": FunctionKind.SETS,
}
#: Functions that mean nothing outside another function.
INNER_ONLY = frozenset({FunctionKind.ZONE, FunctionKind.GEOLOCATION})
#: Functions that only a condition of WHERE may call.
WHERE_ONLY = frozenset({FunctionKind.FORMULA})
_FIELD = r"[A-Za-z]\w*(?:\.[A-Za-z]\w*)*"
_SUM = re.compile(rf"\s*{_FIELD}\s*[+-]\s*{_FIELD}\s*", re.ASCII)


def kind_of(call: Call) -> FunctionKind:
    """What the function is for."""
    return FUNCTIONS[call.name]


def is_aggregate(node: object) -> bool:
    """True for COUNT(Id), MAX(Price__c) and the like, also inside FORMAT()."""
    if not isinstance(node, Call):
        return False
    kind = FUNCTIONS[node.name]
    if kind is FunctionKind.FORMAT:
        return is_aggregate(node.arguments[0])
    return kind is FunctionKind.AGGREGATE


def takes(name: str, arguments: tuple[Argument, ...]) -> bool:
    """True when the function of that name can be called with these arguments."""
    if name == "COUNT" and len(arguments) != 1:
        # The reference shows COUNT(Id, Name); the compiler refuses it with its reason.
        return all(isinstance(argument, Path) for argument in arguments)
    return _CHECKS[FUNCTIONS[name]](arguments)


def _is_call(argument: Argument, *kinds: FunctionKind) -> bool:
    return isinstance(argument, Call) and FUNCTIONS[argument.name] in kinds


def _one_path(arguments: tuple[Argument, ...]) -> bool:
    return len(arguments) == 1 and isinstance(arguments[0], Path)


def _path_or(*kinds: FunctionKind) -> Callable[[tuple[Argument, ...]], bool]:
    def check(arguments: tuple[Argument, ...]) -> bool:
        return _one_path(arguments) or (len(arguments) == 1 and _is_call(arguments[0], *kinds))

    return check


def _distance(arguments: tuple[Argument, ...]) -> bool:
    if len(arguments) != 3:
        return False
    here, there, unit = arguments
    return (
        isinstance(here, Path)
        and (isinstance(there, Path) or _is_call(there, FunctionKind.GEOLOCATION))
        and isinstance(unit, Literal)
        and unit.kind is LiteralKind.TEXT
        and unit.text.lower() in {"mi", "km"}
    )


def _two_numbers(arguments: tuple[Argument, ...]) -> bool:
    return len(arguments) == 2 and all(
        isinstance(argument, Literal) and argument.kind is LiteralKind.NUMBER
        for argument in arguments
    )


def _sum_of_fields(arguments: tuple[Argument, ...]) -> bool:
    return (
        len(arguments) == 1
        and isinstance(text := arguments[0], Literal)
        and text.kind is LiteralKind.TEXT
        and _SUM.fullmatch(text.text) is not None
    )


def _field_set(arguments: tuple[Argument, ...]) -> bool:
    return (
        len(arguments) == 1
        and isinstance(arguments[0], Path)
        and arguments[0].text.upper() in {"ALL", "STANDARD", "CUSTOM"}
    )


def _groupable(arguments: tuple[Argument, ...]) -> bool:
    return bool(arguments) and all(
        isinstance(argument, Path) or _is_call(argument, FunctionKind.DATE_PART)
        for argument in arguments
    )


_CHECKS: dict[FunctionKind, Callable[[tuple[Argument, ...]], bool]] = {
    FunctionKind.AGGREGATE: _path_or(FunctionKind.CURRENCY),
    FunctionKind.DATE_PART: _path_or(FunctionKind.ZONE),
    FunctionKind.ZONE: _one_path,
    FunctionKind.LABEL: _one_path,
    FunctionKind.FORMAT: _path_or(FunctionKind.AGGREGATE, FunctionKind.CURRENCY),
    FunctionKind.CURRENCY: _one_path,
    FunctionKind.DISTANCE: _distance,
    FunctionKind.GEOLOCATION: _two_numbers,
    FunctionKind.FORMULA: _sum_of_fields,
    FunctionKind.FIELDS: _field_set,
    FunctionKind.GROUPING: _path_or(FunctionKind.DATE_PART),
    FunctionKind.SETS: _groupable,
}
