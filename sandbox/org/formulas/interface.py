"""What the formula engine needs to know of fields and records, and the types it speaks of.

Owns the border between the engine and the org: a `Scope` answers for field types when a formula is
checked, a `FormulaContext` answers for values when it runs. The engine imports nothing else of the
org, so rules, formula fields and defaults can all use it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from sandbox.org.schema import NUMERIC_TYPES, REFERENCE_TYPES, TEXT_TYPES, FieldType

#: `Order__r.Status` is ("Order__r", "Status"); `$User.Id` is ("$User", "Id").
Path: TypeAlias = tuple[str, ...]
#: Decimal, str, bool, date, datetime, time, a Location, or None. Typed loosely because the binder
#: proves the types once per formula, and checks per value would double the cost of a rule.
Value: TypeAlias = Any


class ResultType(StrEnum):
    """Types of formula expressions."""

    NUMBER = "Number"  #: a Decimal: numbers, currency, percent (24 % is 0.24)
    TEXT = "Text"  #: a str, also for record Ids; None and "" are the same blank
    BOOLEAN = "Boolean"  #: True, False or None (unknown, which counts as false)
    DATE = "Date"  #: a calendar day
    DATETIME = "DateTime"  #: an instant, aware UTC
    TIME = "Time"  #: a time of day with milliseconds
    PICKLIST = "Picklist"  #: a single value; only some functions take it
    MULTIPICKLIST = "MultiselectPicklist"  #: values joined by semicolons
    LOCATION = "Geolocation"  #: latitude and longitude, argument of DISTANCE only
    NULL = "Null"  #: the literal NULL, which fits every type
    ANY = "Any"  #: unknown until it runs; the engine never produces it by itself


@dataclass(frozen=True)
class FieldRef:
    """What a path leads to. `path` is the canonical spelling, asked for when the formula runs;
    when it is None the spelling of the formula is used."""

    type: FieldType
    path: Path | None = None
    picklist_values: tuple[str, ...] | None = None  #: API names; None when not a picklist
    #: Reads the value from a context of this scope, quicker than `value(path)` finds it.
    read: Callable[[Any], Value] | None = None

    @property
    def result_type(self) -> ResultType:
        """The type of the field as an expression."""
        return RESULT_TYPES[self.type]


#: Every field type as an expression. A record Id or a lookup is text.
RESULT_TYPES: dict[FieldType, ResultType] = {
    **dict.fromkeys(TEXT_TYPES | REFERENCE_TYPES | {FieldType.ID}, ResultType.TEXT),
    **dict.fromkeys(NUMERIC_TYPES, ResultType.NUMBER),
    FieldType.PICKLIST: ResultType.PICKLIST,
    FieldType.MULTISELECT: ResultType.MULTIPICKLIST,
    FieldType.CHECKBOX: ResultType.BOOLEAN,
    FieldType.DATE: ResultType.DATE,
    FieldType.DATETIME: ResultType.DATETIME,
    FieldType.TIME: ResultType.TIME,
}


class Scope(Protocol):
    """Answers which fields a formula may name. Matching ignores case."""

    def field_type(self, path: Path, /) -> FieldRef | None:
        """The field at the end of `path`, None when there is none."""


class FormulaContext(Scope, Protocol):
    """One record in one save or query, as a formula sees it.

    Values are canonical (see `sandbox.org.values`): a Percent field gives the number as entered,
    the engine divides it by 100. Three more attributes are used when they exist: `time_zone` (of
    the running user, for DATEVALUE of a date/time; UTC without it), `is_clone` and
    `currency_rate(code)`.
    """

    @property
    def is_new(self) -> bool:
        """True while the record is being inserted."""

    @property
    def now(self) -> datetime:
        """The moment of evaluation, aware UTC."""

    @property
    def today(self) -> date:
        """The running user's date at that moment."""

    @property
    def blanks_as_zero(self) -> bool:
        """True for formula fields with BlankAsZero; validation rules say False."""

    def value(self, path: Path, /) -> Value:
        """The current value of a field, None when blank or when a parent is missing."""

    def prior(self, path: Path, /) -> Value:
        """The value that an own field had before this save."""


#: Resolves a path to its field, as `Scope.field_type` does.
Resolver: TypeAlias = Callable[[Path], FieldRef | None]
#: A bound expression: everything about types is settled, only the record is missing.
Evaluate: TypeAlias = Callable[[FormulaContext], Value]
