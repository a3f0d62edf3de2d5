"""Damaged queries are refused or answered, and never crash."""

from __future__ import annotations

import os
import random
import re
import time

import pytest

from sandbox.org.errors import OrgError
from tests.sandbox_soql.random_queries import QueryMaker
from tests.sandbox_soql.random_rows import fill
from tests.sandbox_soql.rendering import render
from tests.sandbox_soql.small_org import SmallOrg

_TEXT = (
    "SELECT FROM WHERE AND OR NOT IN LIKE ( ) , . = != < > ' '' 'x' 5 -1 null TRUE TODAY "
    "LAST_N_DAYS:3 2026-11-20 2026-11-20T07:00:00Z USD5 ORDER BY GROUP LIMIT OFFSET 0 99999999999 "
    "COUNT() COUNT(Id) SUM(Price__c) AVG(Price__c) MAX(Name) ROLLUP(Name,Stage__c) CUBE(Name) "
    "GROUPING(Name) HAVING TYPEOF Owner WHEN User THEN Name ELSE END toLabel(Stage__c) "
    "convertCurrency(Price__c) FORMAT(Price__c) CALENDAR_YEAR(Due__c) DAY_ONLY(Seen_At__c) "
    "FIELDS(ALL) Id Name Account__r.Name Whole__r.Whole__r.Id Owner.Name Part__c Account Parts__r "
    "Pieces__r ASC DESC NULLS FIRST USING SCOPE mine WITH SECURITY_ENFORCED FOR VIEW UPDATE "
    "INCLUDES EXCLUDES Tags__c \\ % :x # ; -- Ł \x00 \n 🙂 Description Opens__c 10:30:00Z"
)
TOKENS = _TEXT.split(" ")


def _damage(soql: str, chance: random.Random) -> str:
    parts = re.findall(r"\w+|\s+|.", soql)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(parts) + 1)
        what = chance.random()
        if what < 0.3:
            del parts[place : place + chance.randint(1, 3)]
        elif what < 0.6:
            parts[place:place] = [" ", chance.choice(TOKENS), " "]
        elif what < 0.8:
            parts[place : place + 1] = [chance.choice(TOKENS)]
        else:
            other = chance.randrange(len(parts) + 1)
            parts[place:place] = parts[other : other + chance.randint(1, 8)]
    return "".join(parts)


def _fuzz(seed: int, inputs: int) -> int:
    """How many of the damaged queries were answered."""
    chance = random.Random(seed)
    org = SmallOrg()
    fill(org, chance, 10)
    maker = QueryMaker(chance, org)
    answered = 0
    for number in range(inputs):
        soql = (
            " ".join(chance.choices(TOKENS, k=chance.randint(1, 12)))
            if chance.random() < 0.2
            else _damage(render(maker.make()), chance)
        )
        try:
            org.query(soql)
            answered += 1
        except OrgError:
            continue
        except Exception as crash:
            raise AssertionError(f"seed {seed}, input {number}: {soql!r}") from crash
    return answered


def test_damaged_queries_never_crash() -> None:
    assert 0 < _fuzz(random.SystemRandom().randrange(10**9), 400) < 400


@pytest.mark.slow
def test_a_hundred_thousand_damaged_queries_never_crash() -> None:
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(10**9)))
    deadline = time.monotonic() + float(os.environ.get("BUDGET", "20")) * 60
    print(f"seed {seed}")
    inputs = 0
    while inputs < 100_000 and time.monotonic() < deadline:
        _fuzz(seed + inputs, 1_000)
        inputs += 1_000
    print(f"{inputs} inputs")
