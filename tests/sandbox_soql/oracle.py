"""A second, naive implementation of SOQL's meaning, over dictionaries.

It shares nothing with the engine: it reads the random query's own structure, not the engine's
parse of its text, walks every row in Python and uses Decimal, Fraction and date arithmetic only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import cmp_to_key

from tests.sandbox_soql.asked import (
    Asked,
    Both,
    Child,
    Column,
    Group,
    Having,
    Join,
    Key,
    Not,
    Period,
    Ranking,
    Test,
    Value,
)
from tests.sandbox_soql.calendar_days import days_of

Row = Mapping[str, object]
Tables = Mapping[str, Mapping[str, Row]]


class Oracle:
    """Answers random queries from tables of rows."""

    def __init__(
        self,
        tables: Tables,
        lookups: Mapping[tuple[str, str], tuple[str, str]],
        rates: Mapping[str, Decimal],
        now: datetime,
        zone: tzinfo,
        include_deleted: bool,
    ) -> None:
        self._tables = tables
        self._lookups = lookups
        self._rates = rates
        self._zone = zone
        self._today = now.astimezone(zone).date()
        self._include_deleted = include_deleted

    def answer(self, asked: Asked) -> object:
        rows = [row for row in self._visible(asked.table) if self._holds(asked.where, asked, row)]
        if asked.counts_only:
            return len(rows)
        if asked.groups or asked.functions:
            return self._group(asked, rows)
        rows = self._cut(self._sort(asked.table, rows, asked.order), asked.limit, asked.offset)
        return [
            (
                *(self._show(self._get(asked.table, row, c), c) for c in asked.columns),
                *(self._children(child, row) for child in asked.children),
                *((self._case(asked, row),) if asked.typeof else ()),
            )
            for row in rows
        ]

    def _visible(self, table: str) -> Iterator[Row]:
        for row in self._tables[table].values():
            if self._include_deleted or not row["IsDeleted"]:
                yield row

    def _get(self, table: str, row: Row, column: Column) -> object:
        here = self._holder(table, row, column)
        if here is None:
            return False if column.kind == "checkbox" else None
        return here[column.path[-1]]

    def _holder(self, table: str, row: Row, column: Column) -> Row | None:
        here: Row | None = row
        for step in column.path[:-1]:
            lookup, target = self._lookups[table, step]
            here = self._pointed(target, here[lookup]) if here else None
            table = target
        return here

    def _pointed(self, target: str, record_id: object) -> Row | None:
        """The row that an Id points at; several types meet in an owner."""
        for table in ("User", "Group") if target == "Owner" else (target,):
            if str(record_id) in self._tables[table]:
                return {"Type": table, **self._tables[table][str(record_id)]}
        return None

    # What a value looks like in the answer.

    def _show(self, value: object, column: Column) -> object:
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%dT%H:%M:%S") + ".000+0000"
        if isinstance(value, date):
            return value.isoformat()
        if column.kind == "integer" and isinstance(value, Decimal):
            return int(value)
        if column.kind == "checkbox" and len(column.path) > 1:
            return value  # a missing parent is cut out before anybody sees this
        return value

    # Conditions.

    def _holds(self, test: object, asked: Asked | Child, row: Row) -> bool:
        table = asked.table
        if test is None:
            return True
        if isinstance(test, Both):
            results = (self._holds(part, asked, row) for part in test.tests)
            return all(results) if test.operator == "AND" else any(results)
        if isinstance(test, Not):
            return not self._holds(test.test, asked, row)
        if isinstance(test, Join):
            return self._joins(test, table, row)
        assert isinstance(test, Test)
        return self._compares(test, table, row)

    def _joins(self, test: Join, table: str, row: Row) -> bool:
        inner = Child("", test.table, "", (), test.where, (), None)
        found = {
            other[test.inner]
            for other in self._visible(test.table)
            if self._holds(test.where, inner, other) and other[test.inner] is not None
        }
        return (self._get(table, row, test.column) in found) == (test.operator == "IN")

    def _compares(self, test: Test, table: str, row: Row) -> bool:
        value = self._get(table, row, test.column)
        if test.part:
            value = self._part(test.part, value)
        if test.operator in {"=", "IN", "!=", "NOT IN"}:
            equal = any(self._equals(test, value, v, table, row) for v in test.values)
            return equal == (test.operator in {"=", "IN"})
        if test.operator in {"INCLUDES", "EXCLUDES"}:
            held = set(str(value).lower().split(";")) if value else set()
            found = any(set(str(v.meaning).lower().split(";")) <= held for v in test.values)
            return found == (test.operator == "INCLUDES")
        (wanted,) = test.values
        if value is None or wanted.meaning is None:
            return False
        if test.operator == "LIKE":
            return bool(re.fullmatch(str(wanted.meaning), str(value).lower(), re.DOTALL))
        return self._is_ordered(test, value, wanted, table, row)

    def _equals(self, test: Test, value: object, wanted: Value, table: str, row: Row) -> bool:
        meaning = wanted.meaning
        if value is None or meaning is None:
            return value is None and meaning is None
        if isinstance(meaning, Period):
            first, last = self._days(meaning)
            return first <= self._day(value) <= last
        left, right = self._pair(test, value, meaning, table, row)
        return left == right

    def _is_ordered(self, test: Test, value: object, wanted: Value, table: str, row: Row) -> bool:
        meaning = wanted.meaning
        compare: Callable[[object, object], bool] = {
            "<": lambda a, b: a < b,
            "<=": lambda a, b: a <= b,
            ">": lambda a, b: a > b,
            ">=": lambda a, b: a >= b,
        }[test.operator]
        if isinstance(meaning, Period):
            first, last = self._days(meaning)
            edge = first if test.operator in {"<", ">="} else last
            return compare(self._day(value), edge)
        return compare(*self._pair(test, value, meaning, table, row))

    def _pair(
        self, test: Test, value: object, meaning: object, table: str, row: Row
    ) -> tuple[object, object]:
        kind = test.column.kind
        if isinstance(meaning, tuple):  # a currency literal
            holder = self._holder(table, row, test.column)
            iso = holder["CurrencyIsoCode"] if holder else None
            return self._corporate(value, iso), self._corporate(meaning[1], meaning[0])
        if kind == "exact text" or test.part:
            return value, meaning
        if kind in {"text", "picklist", "multiselect"}:
            return str(value).lower(), str(meaning).lower()
        return value, meaning

    def _corporate(self, amount: object, iso: object) -> Fraction:
        rate = self._rates.get(str(iso), Decimal(1))
        return Fraction(amount) / Fraction(rate)  # type: ignore[call-overload, no-any-return]

    # Dates.

    def _day(self, value: object) -> date:
        if isinstance(value, datetime):
            return value.astimezone(self._zone).date()
        assert isinstance(value, date)
        return value

    def _days(self, period: Period) -> tuple[date, date]:
        return days_of(period.name, self._today)

    def _part(self, name: str, value: object) -> object:
        if value is None:
            return None
        if name.endswith("/local"):
            assert isinstance(value, datetime)
            value, name = value.astimezone(self._zone), name.removesuffix("/local")
        assert isinstance(value, date)
        return {
            "CALENDAR_YEAR": value.year,
            "CALENDAR_QUARTER": (value.month - 1) // 3 + 1,
            "CALENDAR_MONTH": value.month,
            "FISCAL_YEAR": value.year,
            "FISCAL_QUARTER": (value.month + 2) // 3,
            "FISCAL_MONTH": value.month,
            "DAY_ONLY": value.date() if isinstance(value, datetime) else None,
            "DAY_IN_MONTH": value.day,
            "DAY_IN_WEEK": value.isoweekday() % 7 + 1,
            "DAY_IN_YEAR": value.timetuple().tm_yday,
            "WEEK_IN_MONTH": (value.day - 1) // 7 + 1,
            "WEEK_IN_YEAR": (value.timetuple().tm_yday - 1) // 7 + 1,
            "HOUR_IN_DAY": value.hour if isinstance(value, datetime) else None,
        }[name]

    # Order.

    def _sort(self, table: str, rows: list[Row], order: Sequence[Key]) -> list[Row]:
        def compare(one: Row, other: Row) -> int:
            for key in order:
                a, b = (self._sort_value(table, row, key.column) for row in (one, other))
                if a == b:
                    continue
                if a is None or b is None:
                    is_first = (a is None) != key.nulls_last
                    return -1 if is_first else 1
                return -1 if (a < b) != key.descending else 1  # type: ignore[operator]
            return -1 if str(one["Id"]) < str(other["Id"]) else 1

        return sorted(rows, key=cmp_to_key(compare))

    def _sort_value(self, table: str, row: Row, column: Column) -> object:
        value = self._get(table, row, column)
        if value is None:
            return None
        if column.kind == "currency":
            holder = self._holder(table, row, column)
            return self._corporate(value, holder["CurrencyIsoCode"] if holder else None)
        if column.kind == "picklist":
            known = column.order.index(str(value)) if value in column.order else len(column.order)
            return known, str(value).lower()
        return str(value).lower() if column.kind in {"text", "exact text"} else value

    @staticmethod
    def _cut(rows: list[Row], limit: int | None, offset: int | None) -> list[Row]:
        rows = rows[offset or 0 :]
        return rows if limit is None else rows[:limit]

    # Children and groups.

    def _children(self, child: Child, parent: Row) -> object:
        rows = [
            row
            for row in self._visible(child.table)
            if row[child.lookup] == parent["Id"] and self._holds(child.where, child, row)
        ]
        rows = self._cut(self._sort(child.table, rows, child.order), child.limit, None)
        shown = [
            (
                *(self._show(self._get(child.table, row, c), c) for c in child.columns),
                *(self._children(inner, row) for inner in child.children),
            )
            for row in rows
        ]
        return shown or None

    def _case(self, asked: Asked, row: Row) -> object:
        assert asked.typeof is not None
        lookup, target = self._lookups[asked.table, asked.typeof.relationship]
        pointed = self._pointed(target, row[lookup])
        if pointed is None:
            return None
        fields = dict(asked.typeof.cases).get(str(pointed["Type"]), asked.typeof.otherwise)
        return tuple(pointed[name] for name in fields)

    def _group(self, asked: Asked, rows: list[Row]) -> list[tuple[object, ...]]:
        answer: list[tuple[object, ...]] = []
        for kept in summed(asked):
            groups: dict[tuple[object, ...], list[Row]] = {} if asked.groups else {(): rows}
            if asked.groups:
                for row in rows:
                    key = tuple(self._key(asked.table, row, asked.groups[n]) for n in kept)
                    groups.setdefault(key, []).append(row)
            for key, members in groups.items():
                if self._has(asked.having, asked.table, members):
                    answer.append(self._show_group(asked, kept, key, members))
        return answer if asked.ranking is None else rank(answer, asked, asked.ranking)

    def _key(self, table: str, row: Row, group: Group) -> object:
        value = self._get(table, row, group.column)
        return self._part(group.part, value) if group.part else value

    def _has(self, having: Having | None, table: str, rows: list[Row]) -> bool:
        if having is None:
            return True
        found = self._apply(having.function, table, having.column, rows)
        if found is None or having.operator in {"=", "!="}:
            return having.operator == "!=" if found != having.number else having.operator == "="
        compare = {"<": found < having.number, ">": found > having.number}  # type: ignore[operator]
        return compare[having.operator]

    def _show_group(
        self, asked: Asked, kept: Sequence[int], key: Sequence[object], rows: list[Row]
    ) -> tuple[object, ...]:
        held = dict(zip(kept, key, strict=True))
        places = range(len(asked.groups))
        return (
            *(self._show(held.get(n), asked.groups[n].column) for n in places),
            *(self._apply(name, asked.table, column, rows) for name, column in asked.functions),
            *((int(n not in held) for n in places) if asked.subtotals else ()),
        )

    def _apply(self, name: str, table: str, column: Column, rows: list[Row]) -> object:
        values = [v for row in rows if (v := self._get(table, row, column)) is not None]
        if name == "COUNT":
            return len(values)
        if name == "COUNT_DISTINCT":
            return len(set(values))
        if not values:
            return None
        if column.kind == "currency":
            return self._apply_money(name, table, column, rows)
        if name == "AVG":
            return mean(sum(values), len(values))  # type: ignore[arg-type]
        if name == "SUM":
            return self._show(sum(values), column)  # type: ignore[arg-type]
        return self._show(min(values) if name == "MIN" else max(values), column)  # type: ignore[type-var]

    def _apply_money(self, name: str, table: str, column: Column, rows: list[Row]) -> object:
        amounts = []
        for row in rows:
            value = self._get(table, row, column)
            if value is not None:
                holder = self._holder(table, row, column)
                amounts.append(self._corporate(value, holder and holder["CurrencyIsoCode"]))
        if name == "MIN":
            return cents(min(amounts))
        if name == "MAX":
            return cents(max(amounts))
        total = cents(sum(amounts, Fraction(0)))
        return total if name == "SUM" else mean(total, len(amounts))


def summed(asked: Asked) -> list[tuple[int, ...]]:
    """The places of the groups that stay apart, once for every level of subtotals."""
    every = range(len(asked.groups))
    if asked.subtotals == "ROLLUP":
        return [tuple(every[:count]) for count in range(len(every) + 1)]
    if asked.subtotals == "CUBE":
        return [
            tuple(n for n in every if chosen >> n & 1) for chosen in range(2 ** len(asked.groups))
        ]
    return [tuple(every)]


def rank(
    rows: list[tuple[object, ...]], asked: Asked, ranking: Ranking
) -> list[tuple[object, ...]]:
    """Groups by one of their aggregates."""
    place = len(asked.groups) + ranking.place
    empty = [row for row in rows if row[place] is None]
    full = [row for row in rows if row[place] is not None]
    full.sort(key=lambda row: row[place], reverse=ranking.descending)  # type: ignore[arg-type,return-value]
    return [*full, *empty] if ranking.nulls_last else [*empty, *full]


def cents(value: Fraction) -> Decimal:
    """Half up to two places; 40 digits are enough to see on which side of a half it lies."""
    digits = Context(prec=40).divide(Decimal(value.numerator), Decimal(value.denominator))
    return digits.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def mean(total: Decimal, count: int) -> Decimal:
    return Context(prec=17).divide(total, Decimal(count))
