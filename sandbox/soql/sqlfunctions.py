"""Functions that SQLite lacks and SOQL needs, registered once per connection.

Owns the arithmetic of currencies in SQL: amounts and rates are scaled whole numbers, conversion is
exact and rounds once. All functions but `soql_formula` are pure.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from itertools import count
from zoneinfo import ZoneInfo

from sandbox.org.schema import Field, Schema, SObject
from sandbox.org.sql_values import SqlValue, to_sql
from sandbox.soql.environment import QueryEnv
from sandbox.soql.literals import fold

#: Width of a sortable amount: 14 decimal places and room for every stored number.
_KEY_UNIT = 10**14
_KEY_OFFSET = 10**44


class FormulaCalls:
    """Formula fields as one query sees them; keeps the error that SQLite would swallow."""

    def __init__(self, schema: Schema, env: QueryEnv) -> None:
        self._schema = schema
        self._env = env
        self.error: Exception | None = None

    def read(self, sobject_name: str, field_name: str, record_id: str) -> SqlValue:
        """The stored form of a formula's value."""
        sobject = self._schema.objects[sobject_name]
        field = sobject.fields[field_name]
        return to_sql(field, self.compute(sobject, field, [record_id])[0])

    def compute(self, sobject: SObject, field: Field, ids: Sequence[str]) -> Sequence[object]:
        """A formula's canonical values. Raises ValueError when the caller can compute none."""
        if self._env.formula is None:
            raise ValueError(f"{sobject.name}.{field.name} is a formula; QueryEnv.formula is None")
        return self._env.formula(sobject, field, ids)


_numbers = count(1)
_calls: dict[int, FormulaCalls] = {}


def open_calls(calls: FormulaCalls) -> int:
    """Make a query's formulas reachable from SQL; the answer is their number there."""
    number = next(_numbers)
    _calls[number] = calls
    return number


def close_calls(number: int) -> None:
    """Forget a query's formulas."""
    _calls.pop(number, None)


def prepare_connection(connection: sqlite3.Connection) -> None:
    """Register the functions unless this connection has them. Idempotent."""
    try:
        connection.execute("SELECT soql_fold('')")
    except sqlite3.OperationalError:
        for name, arguments, function in _FUNCTIONS:
            connection.create_function(name, arguments, function, deterministic=True)
        connection.create_function("soql_formula", 4, _formula)
        connection.create_aggregate("soql_sum", 3, _CorporateSum)  # type: ignore[arg-type]


def _formula(number: int, sobject: str, field: str, record_id: str | None) -> SqlValue:
    if record_id is None:
        return None
    calls = _calls[number]
    try:
        return calls.read(sobject, field, record_id)
    except Exception as error:
        calls.error = error
        raise


def _fold(text: str | None) -> str | None:
    return None if text is None else fold(text)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _local(text: str | None, zone: str) -> str | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return moment.astimezone(_zone(zone)).isoformat()[:19]


def _corporate(amount: int | None, rate: int, unit: int) -> int | None:
    """An amount in the corporate currency, rounded half up; `rate / unit` buys one of it."""
    return None if amount is None else round_half_up(Fraction(amount * unit, rate or unit))


def _corporate_key(amount: int | None, scale_unit: int, rate: int, unit: int) -> str | None:
    """A text that sorts as the corporate amount does, however far the digits go."""
    if amount is None:
        return None
    value = Fraction(amount * unit * _KEY_UNIT, (rate or unit) * scale_unit)
    return f"{round_half_up(value) + _KEY_OFFSET:046d}"


def round_half_up(value: Fraction) -> int:
    """The nearest whole number; a half goes away from zero."""
    whole = (abs(value.numerator) * 2 + value.denominator) // (2 * value.denominator)
    return whole if value >= 0 else -whole


class _CorporateSum:
    """The sum of amounts in several currencies, converted once per currency."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, int], int] = {}

    def step(self, amount: int | None, rate: int, unit: int) -> None:
        if amount is not None:
            key = rate or unit, unit
            self._sums[key] = self._sums.get(key, 0) + amount

    def finalize(self) -> int | None:
        if not self._sums:
            return None
        parts = (Fraction(total * unit, rate) for (rate, unit), total in self._sums.items())
        return round_half_up(sum(parts, Fraction(0)))


_FUNCTIONS: tuple[tuple[str, int, Callable[..., SqlValue]], ...] = (
    ("soql_fold", 1, _fold),
    ("soql_local", 2, _local),
    ("soql_corporate", 3, _corporate),
    ("soql_corporate_key", 4, _corporate_key),
)
