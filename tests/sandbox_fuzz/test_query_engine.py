"""Damaged and random queries against the query engine: refused or answered, never a crash."""

from __future__ import annotations

import random

import pytest

from sandbox.org.errors import OrgError
from tests.sandbox_fuzz.campaign import run_quota, run_round
from tests.sandbox_fuzz.soql_texts import a_query
from tests.sandbox_soql.random_queries import QueryMaker
from tests.sandbox_soql.random_rows import fill
from tests.sandbox_soql.rendering import render
from tests.sandbox_soql.small_org import SmallOrg


class EngineFuzzer:
    """Asks a small org of random rows; its sound queries mean something there."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._org = SmallOrg()
        fill(self._org, chance, 10)
        self._maker = QueryMaker(chance, self._org)

    def make_input(self) -> str:
        return a_query(self._chance, lambda: render(self._maker.make()))

    def try_input(self, given: str) -> str:
        try:
            self._org.query(given)
        except OrgError as error:
            return error.items[0].code
        return "answered"

    def finish(self) -> None:
        rows = self._org.connection.execute("PRAGMA integrity_check").fetchall()
        assert rows == [("ok",)]
        self._org.connection.close()


def test_a_few_damaged_queries_never_crash_the_engine() -> None:
    taken = run_round(EngineFuzzer, seed=1, inputs=200)

    assert taken["answered"]
    assert taken["MALFORMED_QUERY"]
    assert taken["INVALID_FIELD"]


@pytest.mark.slow
def test_damaged_queries_never_crash_the_engine() -> None:
    taken = run_quota("queries against the engine", EngineFuzzer)

    assert {"answered", "MALFORMED_QUERY", "INVALID_FIELD", "INVALID_TYPE"} <= set(taken)
