"""Figures of an sObject's rows by day, as the org counts them and as we do, and where they part.

Owns which figures are comparable. The day is that of SystemModstamp in UTC, which is what DAY_ONLY
means without convertTimezone. Amounts of money are counted and not summed: an org of several
currencies sums them in its own one, at rates that move. Formulas are left out, because they change
without a stamp and some do every midnight.
Source: SOQL and SOSL Reference, "Support for Field Types in Aggregate Functions", "Date Functions"
and "Querying Currency Fields in Multi-currency Orgs" (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sfsync import mapping as maps
from sfsync.batch import with_parameters
from sfsync.keyset import Span, condition
from sfsync.mapping import FieldMap
from sfsync.results import Record
from sfsync.values import read_instant

#: Days of one query, below the 2,000 groups that an aggregate query may answer with.
MOST_DAYS = 1_900
#: Types whose sum means the same to everybody.
SUMMABLE = frozenset({"double", "int", "long", "percent"})
#: The org sums binary floating-point numbers, exact to about 15 digits.
TOLERANCE = Decimal("1E-9")

Row = dict[str, Any]


@dataclass(frozen=True)
class Measures:
    """Which fields of an sObject are counted and summed."""

    counted: tuple[FieldMap, ...] = ()
    summed: tuple[FieldMap, ...] = ()


@dataclass
class DayFigures:
    """The figures of one day's rows that are alive."""

    rows: int = 0
    newest: datetime | None = None
    counts: list[int] = field(default_factory=list)
    sums: list[Decimal] = field(default_factory=list)

    def has_same_rows(self, other: DayFigures) -> bool:
        """Whether nothing speaks against the same records in the same versions."""
        return (self.rows, self.newest) == (other.rows, other.newest)

    def has_same_values(self, other: DayFigures) -> bool:
        """Whether nothing speaks against the same values in as many records."""
        if (self.rows, self.counts) != (other.rows, other.counts):
            return False
        return all(map(_is_same_sum, self.sums, other.sums))


def choose_measures(mapping: maps.Mapping, describe: Record) -> Measures:
    """What can be counted and summed, by what the org says of its fields."""
    described = {each["name"]: each for each in describe["fields"]}
    stored = [
        (each, described[each.path])
        for each in mapping.fields
        if each.path in described and not described[each.path]["calculated"]
    ]
    usable = [(each, facts) for each, facts in stored if facts.get("aggregatable")]
    return Measures(
        counted=tuple(each for each, facts in usable if facts["nillable"]),
        summed=tuple(each for each, facts in usable if facts["type"] in SUMMABLE),
    )


@dataclass
class DayBook:
    """Our own figures of an sObject by day, of the rows stamped before `proven_to`.

    Sums are made here and not by SQL: SQLite would add numbers that are text as doubles.
    """

    measures: Measures
    proven_to: datetime
    days: dict[date, DayFigures] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Counts a row, unless it is deleted or newer than what is proven."""
        if self._counts(row):
            self._book(row, 1)

    def replace(self, ours: Iterable[Row], theirs: Iterable[Row]) -> None:
        """Counts the org's records in the place of our rows.

        The newest stamp of a day stays when its row is taken out, so it may be too new then.
        """
        for row in ours:
            if self._counts(row):
                self._book(row, -1)
        for row in theirs:
            self.add(row)

    def _counts(self, row: Row) -> bool:
        return not row["is_deleted"] and row["system_modstamp"] < self.proven_to

    def _book(self, row: Row, sign: int) -> None:
        stamp, measures = row["system_modstamp"], self.measures
        day = self.days.get(stamp.date())
        if day is None:
            day = _empty_day(measures)
            self.days[stamp.date()] = day
        day.rows += sign
        if day.newest is None or stamp > day.newest:
            day.newest = stamp
        for place, each in enumerate(measures.counted):
            if row[each.column] is not None:
                day.counts[place] += sign
        for place, each in enumerate(measures.summed):
            if row[each.column] is not None:
                day.sums[place] += sign * row[each.column]

    def parted_from(self, theirs: Mapping[date, DayFigures]) -> list[date]:
        """The days on which the org has other rows or other values, oldest first."""
        return [
            day
            for day, ours, other in self._pairs(theirs)
            if not (ours.has_same_rows(other) and ours.has_same_values(other))
        ]

    def unlike_in_values(self, theirs: Mapping[date, DayFigures]) -> list[date]:
        """The days on which the org has as other values, whatever the stamps."""
        pairs = self._pairs(theirs)
        return [day for day, ours, other in pairs if not ours.has_same_values(other)]

    def _pairs(
        self, theirs: Mapping[date, DayFigures]
    ) -> Iterable[tuple[date, DayFigures, DayFigures]]:
        none = _empty_day(self.measures)
        for day in sorted(self.days.keys() | theirs.keys()):
            ours, other = self.days.get(day, none), theirs.get(day, none)
            if ours.rows or other.rows:
                yield day, ours, other


def figure_paths(
    mapping: maps.Mapping, measures: Measures, first_day: date | None, proven_to: datetime
) -> list[str]:
    """The resources that answer an sObject's figures, to be read in a batch.

    One, or more when our rows reach further back than one query can tell days apart.
    """
    end_at = proven_to - timedelta(seconds=1)
    paths = []
    while True:
        start = end_at - timedelta(days=MOST_DAYS)
        is_last = first_day is None or first_day > start.date()
        span = Span(end_at, None if is_last else start)
        paths.append(with_parameters("query", {"q": _query(mapping, measures, span)}))
        if is_last:
            return paths
        end_at = start - timedelta(seconds=1)


def read_figures(rows: Iterable[Record], measures: Measures) -> dict[date, DayFigures]:
    """The org's answers to `figure_paths`, by day."""
    days: dict[date, DayFigures] = {}
    for row in rows:
        day = date.fromisoformat(row["stampDay"])
        part = DayFigures(
            rows=int(row["total"]),
            newest=read_instant(row["newest"]),
            counts=[int(row[f"count{n}"]) for n in range(len(measures.counted))],
            sums=[Decimal(row[f"sum{n}"] or 0) for n in range(len(measures.summed))],
        )
        days[day] = _add(days[day], part) if day in days else part
    return days


def _query(mapping: maps.Mapping, measures: Measures, span: Span) -> str:
    columns = [
        "DAY_ONLY(SystemModstamp) stampDay",
        "COUNT(Id) total",
        "MAX(SystemModstamp) newest",
        *(f"COUNT({each.path}) count{n}" for n, each in enumerate(measures.counted)),
        *(f"SUM({each.path}) sum{n}" for n, each in enumerate(measures.summed)),
    ]
    return (
        f"SELECT {', '.join(columns)} FROM {mapping.sobject}"  # noqa: S608 - SOQL, names of ours
        f" WHERE {condition(span)} GROUP BY DAY_ONLY(SystemModstamp)"
    )


def _empty_day(measures: Measures) -> DayFigures:
    return DayFigures(counts=[0] * len(measures.counted), sums=[Decimal(0)] * len(measures.summed))


def _add(first: DayFigures, second: DayFigures) -> DayFigures:
    """The figures of a day that two queries share."""
    return DayFigures(
        rows=first.rows + second.rows,
        newest=max(each for each in (first.newest, second.newest) if each),
        counts=[a + b for a, b in zip(first.counts, second.counts, strict=True)],
        sums=[a + b for a, b in zip(first.sums, second.sums, strict=True)],
    )


def _is_same_sum(ours: Decimal, theirs: Decimal) -> bool:
    return abs(ours - theirs) <= TOLERANCE * max(abs(ours), Decimal(1))
