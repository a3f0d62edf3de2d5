"""Reads the inputs of the formula conformance file and serves them as a record.

Owns the spelling of that file: `2004:12:31:11:32:00:PST` is a date/time eight hours behind UTC,
an impossible day rolls over, `NULL` and the empty text are blanks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.org.formulas import FieldRef, Formula, Path, Value, compile_formula
from sandbox.org.formulas.results import to_percent
from sandbox.org.schema import FieldType

BLANKS = frozenset({"", "NULL"})
#: Hours to add to reach UTC, by the last part of a date/time.
ZONE_HOURS = {"GMT": 0, "UTC": 0, "PST": 8}
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905
FIELD_TYPES = {
    "double": FieldType.NUMBER,
    "currency": FieldType.CURRENCY,
    "percent": FieldType.PERCENT,
    "dateonly": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "timeonly": FieldType.TIME,
    "boolean": FieldType.CHECKBOX,
    "text": FieldType.TEXT,
    "textarea": FieldType.TEXT_AREA,
    "phone": FieldType.PHONE,
    "email": FieldType.EMAIL,
    "url": FieldType.URL,
}


def read_number(text: str) -> Decimal:
    """A number as Java writes and reads it."""
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no number") from error


def read_datetime(text: str) -> datetime:
    """`Y:M:D[:h:m:s[:zone]]` in UTC; parts beyond their range roll over."""
    parts = text.split(":")
    hours = ZONE_HOURS[parts.pop()] if parts[-1] in ZONE_HOURS else 0
    numbers = [int(part) for part in parts] + [0] * (6 - len(parts))
    year, month, day, hour, minute, second = numbers[:6]
    first = datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC)
    return first + timedelta(days=day - 1, hours=hour + hours, minutes=minute, seconds=second)


def read_date(text: str) -> date:
    """The day of a date/time; its time of day is dropped."""
    return read_datetime(":".join(text.split(":")[:3])).date()


def read_time(text: str) -> time:
    """`HH:MM[:SS[.mmm]]`, also with a colon before the milliseconds."""
    parts = [int(part) for part in re.split("[:.]", text)]
    hour, minute, second, milliseconds = (parts + [0] * 4)[:4]
    return time(hour, minute, second, milliseconds * 1000)


READERS: Mapping[FieldType, Callable[[str], Value]] = {
    FieldType.NUMBER: read_number,
    FieldType.CURRENCY: read_number,
    FieldType.PERCENT: read_number,
    FieldType.DATE: read_date,
    FieldType.DATETIME: read_datetime,
    FieldType.TIME: read_time,
}


def read_input(kind: FieldType, text: str) -> Value:
    """The canonical value of one input, None when blank. Raises ValueError when unreadable."""
    trimmed = text.strip()
    if kind is FieldType.CHECKBOX:
        return trimmed.lower() == "true"
    reader = READERS.get(kind)
    if reader is None:
        return trimmed or None
    return None if trimmed in BLANKS else reader(trimmed)


def read_java_date(text: str) -> datetime:
    """`Tue Nov 15 17:00:00 GMT 2005`, as Java's Date prints it. The weekday is not checked."""
    _weekday, month, day, clock, _zone, year = text.split()
    hour, minute, second = (int(part) for part in clock.split(":"))
    number = MONTHS.index(month) + 1
    return datetime(int(year), number, int(day), hour, minute, second, tzinfo=UTC)


@dataclass(frozen=True)
class CaseField:
    """A field of a case: an input, or a formula over the fields before it."""

    name: str
    type: FieldType
    formula: Formula | None


def read_field(described: Mapping[str, Any]) -> CaseField:
    """One entry of `fields`. Raises FormulaSyntaxError, and ValueError for an unknown type."""
    kind = FIELD_TYPES.get(str(described["type"]).lower())
    if kind is None:
        raise ValueError(f"field {described['name']} has the unknown type {described['type']!r}")
    text = described.get("formula")
    return CaseField(described["name"], kind, compile_formula(text) if text else None)


class CaseRecord:
    """One row of a case in one blank mode, as the formula's context."""

    is_new = False

    def __init__(
        self, fields: Sequence[CaseField], inputs: Sequence[str], *, blanks_as_zero: bool
    ) -> None:
        self.blanks_as_zero = blanks_as_zero
        self.now = datetime.now(UTC)
        self.today = self.now.date()
        self._fields = {f"{field.name}__c".lower(): field for field in fields}
        given = [field for field in fields if field.formula is None]
        pairs = zip(given, inputs, strict=True)
        self._inputs = {field.name: read_input(field.type, text) for field, text in pairs}

    def field_type(self, path: Path) -> FieldRef | None:
        """The type of a field of the case."""
        field = self._fields.get(path[0].lower()) if len(path) == 1 else None
        return FieldRef(field.type) if field else None

    def value(self, path: Path) -> Value:
        """The input, or the result of the field's own formula."""
        field = self._fields[path[0].lower()]
        if field.formula is None:
            return self._inputs[field.name]
        result = field.formula.evaluate(self)
        return to_percent(result) if field.type is FieldType.PERCENT else result

    def prior(self, path: Path) -> Value:
        """The same as now: the file has no earlier values."""
        return self.value(path)
