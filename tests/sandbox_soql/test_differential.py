"""Random queries over random rows: the engine against a naive second implementation."""

from __future__ import annotations

import os
import random
import re
import time
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from sandbox.soql import QueryResult
from tests.sandbox_soql.asked import Asked, Child, Column
from tests.sandbox_soql.oracle import Oracle
from tests.sandbox_soql.random_queries import LOOKUPS, QueryMaker
from tests.sandbox_soql.random_rows import fill
from tests.sandbox_soql.rendering import render
from tests.sandbox_soql.small_org import NOW, RATES, SmallOrg

ZONES = ("Europe/Warsaw", "America/Los_Angeles", "Asia/Kolkata", "UTC", "Pacific/Auckland")
QUERIES_PER_ORG = 50
#: A change is judged by its own doing, not by the luck of a die; `SEED=` looks elsewhere.
USUAL_SEED = 20_261_127
PAIRS = 20_000


#: What the random queries must be made of, each with a text that shows it. The clauses that an
#: oracle in memory cannot speak about (USING SCOPE, WITH, FOR) have tests of their own; fuzzing
#: derives them all from the grammar.
CLAUSES = {
    "a parent's field": r"__r\.\w|Parent\.\w",
    "a child subquery": r"\(SELECT .*?\) FROM|, \(SELECT",
    "COUNT()": r"^SELECT COUNT\(\)",
    "COUNT_DISTINCT": r"COUNT_DISTINCT\(",
    **{name: rf"\b{name}\(\w" for name in ("COUNT", "SUM", "AVG", "MIN", "MAX")},
    "GROUP BY": r" GROUP BY ",
    "ROLLUP or CUBE": r"(ROLLUP|CUBE)\(",
    "HAVING": r" HAVING ",
    "TYPEOF": r"\bTYPEOF ",
    "AND": r"\) AND \(",
    "OR": r"\) OR \(",
    "NOT": r"\(NOT ",
    **{mark: rf"\w\)* {mark} " for mark in ("=", "!=", "<", "<=", ">", ">=", "LIKE")},
    "IN": r"\w IN \('",
    "NOT IN": r"\w NOT IN \('",
    "INCLUDES": r" INCLUDES \(",
    "EXCLUDES": r" EXCLUDES \(",
    "a semi-join": r"\w IN \(SELECT",
    "an anti-join": r" NOT IN \(SELECT",
    "null": r" (null|NULL)\b",
    "a date": r" \d{4}-\d\d-\d\d\b(?!T)",
    "a datetime with an offset": r"T\d\d:\d\d:\d\d\S*[+-]\d\d",
    "a date literal": r" (TODAY|THIS_WEEK|LAST_MONTH|NEXT_QUARTER)\b",
    "a counted date literal": r"_N_\w+:\d|N_\w+_AGO:\d",
    "a date function": r"CALENDAR_YEAR\(|DAY_IN_WEEK\(",
    "convertTimezone": r"\(convertTimezone\(",
    "a currency literal": r" (EUR|USD|PLN)\d",
    "a 15-character Id": r"'\w{15}'",
    "ORDER BY": r" ORDER BY ",
    "DESC": r" DESC\b",
    "NULLS LAST": r" NULLS LAST",
    "LIMIT": r" LIMIT \d",
    "OFFSET": r" OFFSET \d",
}


def _check_org(seed: int, queries: int) -> Counter[str]:
    """Fails where the two disagree; counts the clauses that were compared."""
    chance = random.Random(seed)
    org = SmallOrg()
    fill(org, chance, chance.choice([0, 1, 10, 40]))
    if not org.rows["Part__c"]:
        org.add("Part__c", Name="only")
    maker = QueryMaker(chance, org)
    clauses: Counter[str] = Counter()
    for number in range(queries):
        asked = maker.make()
        zone = ZoneInfo(chance.choice(ZONES))
        now = NOW + timedelta(days=chance.choice([0, chance.randint(-500, 500)]))
        with_deleted = chance.random() < 0.2
        soql = render(asked)
        clauses.update(name for name, shape in CLAUSES.items() if re.search(shape, soql))
        oracle = Oracle(org.rows, LOOKUPS, RATES, now, zone, with_deleted)
        expected = oracle.answer(asked)
        result = org.query(soql, now=now, time_zone=zone, include_deleted=with_deleted)
        found = _found(result, asked)
        if asked.ranking:
            place = len(asked.groups) + asked.ranking.place
            assert [row[place] for row in found] == [row[place] for row in expected], soql  # type: ignore
        if asked.groups:
            expected, found = sorted(expected, key=repr), sorted(found, key=repr)  # type: ignore
        assert found == expected, f"seed {seed}, query {number}, {zone}: {soql}"
    org.connection.close()
    return clauses


def _found(result: QueryResult, asked: Asked) -> object:
    """The engine's rows as the tuples that the oracle answers."""
    if asked.counts_only:
        assert result.is_count
        return result.total_size
    assert result.total_size == len(result.records)
    if asked.groups or asked.functions:
        return [_plain_group(row) for row in result.records]
    return [
        (
            *(_at(row, column) for column in asked.columns),
            *(_rows(row[child.relationship], child) for child in asked.children),
            *((_case(row[asked.typeof.relationship]),) if asked.typeof else ()),
        )
        for row in result.records
    ]


def _plain_group(row: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(value for name, value in row.items() if name != "attributes")


def _case(pointed: object) -> object:
    return _plain_group(pointed) if isinstance(pointed, Mapping) else None


def _rows(result: object, child: Child) -> object:
    if result is None:
        return None
    assert isinstance(result, QueryResult)
    return [
        (
            *(_at(row, column) for column in child.columns),
            *(_rows(row[inner.relationship], inner) for inner in child.children),
        )
        for row in result.records
    ]


def _at(row: object, column: Column) -> object:
    for name in column.path:
        if row is None:
            return None
        assert isinstance(row, Mapping)
        row = row[name]
    return row


def test_the_engine_agrees_with_the_oracle_on_a_few_hundred_queries() -> None:
    for number in range(8):
        _check_org(USUAL_SEED + number, QUERIES_PER_ORG)


@pytest.mark.slow
def test_the_engine_agrees_with_the_oracle_on_twenty_thousand_queries() -> None:
    seed = int(os.environ.get("SEED", USUAL_SEED + 1_000_000))
    deadline = time.monotonic() + float(os.environ.get("BUDGET", "20")) * 60
    print(f"seed {seed}")
    pairs, clauses = 0, Counter[str]()
    while pairs < PAIRS and time.monotonic() < deadline:
        clauses += _check_org(seed + pairs, QUERIES_PER_ORG)
        pairs += QUERIES_PER_ORG
    print(f"{pairs} pairs agree: {dict(clauses.most_common())}")
    assert pairs >= PAIRS, f"only {pairs} of {PAIRS} pairs fitted into BUDGET minutes"
    rare = {name: clauses[name] for name in CLAUSES if clauses[name] < PAIRS // 1_000}
    assert not rare, f"hardly compared: {rare}"


def test_the_oracle_is_able_to_disagree() -> None:
    org = SmallOrg()
    org.add("Part__c", Name="only", Price__c=Decimal("5.00"))
    asked = Asked("Part__c", (Column(("Name",), "text"),))
    oracle = Oracle({"Part__c": {}}, LOOKUPS, RATES, NOW, ZoneInfo("UTC"), False)

    assert _found(org.query(render(asked)), asked) != oracle.answer(asked)
