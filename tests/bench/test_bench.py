"""`python -m bench` as a process, at toy scale: counts are checked, times are not."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from bench.__main__ import show
from bench.figures import Figure, Result
from bench.selection import MOST_CALLS, calls_for
from demo.processes import ROOT, base_environment


def run_bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        env=base_environment() | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def figures_of(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    """Figures by benchmark and name, as `select: API calls in all`."""
    assert done.returncode in (0, 1), done.stderr
    return {
        f"{result['name']}: {figure['name']}": figure
        for result in json.loads(done.stdout)
        for figure in result["figures"]
    }


def test_a_thousand_orders_of_ten_proposals_stay_under_forty_calls() -> None:
    assert calls_for(1000, 10) == 38
    assert calls_for(1000, 10) <= MOST_CALLS


@pytest.mark.parametrize(
    ("orders", "proposals", "calls"),
    [(1, 1, 10), (41, 10, 10), (42, 10, 11), (74, 1, 10), (75, 1, 11), (1500, 2, 31)],
)
def test_calls_grow_with_full_graph_calls_and_pages_only(
    orders: int, proposals: int, calls: int
) -> None:
    assert calls_for(orders, proposals) == calls


def test_a_morning_costs_as_many_calls_as_the_formula_says() -> None:
    scale = ("--orders", "42", "--proposals", "10", "--rival-orders", "2")
    done = run_bench("select", *scale, "--json")

    calls = figures_of(done)["select: API calls in all"]
    assert calls["ours"] == calls_for(42, 10) == 11
    assert calls["verdict"] == "PASS"
    # A query for the due orders; per order a query, an award, and a save per proposal; times 21.
    assert calls["rival"] == (1 + 2 * (2 + 10)) * 21
    assert "select: flask select run" in done.stderr


def test_pull_takes_pages_and_import_takes_collections_where_rivals_take_records() -> None:
    figures = figures_of(run_bench("pull", "push", "--orders", "12", "--proposals", "2", "--json"))

    assert figures["pull: first pull, calls"]["ours"] == 1
    assert figures["pull: first pull, calls"]["rival"] == 3
    assert figures["pull: the same, calls"]["ours"] == 2
    assert figures["push: API calls in all"]["ours"] == 4
    assert figures["push: API calls in all"]["rival"] == 12 + 10
    assert figures["push: the same sheet again, calls"]["ours"] == 2


def test_the_table_shows_both_sides_the_ratio_and_the_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    figure = Figure("API calls", "calls", 38, 12_010, 40, "38 by the formula")
    show(Result("select", "Selecting", "a loop", (figure,), ("It checks nothing.",)))

    out = capsys.readouterr().out
    line = next(line for line in out.splitlines() if "API calls" in line)
    assert [cell.strip() for cell in line.split("│")[1:-1]] == [
        "API calls",
        "38 calls",
        "12,010 calls",
        "316.1×",
        "≤ 40",
        "PASS",
        "38 by the formula",
    ]
    assert "Rival: a loop.\nIt checks nothing." in out


def test_an_unknown_benchmark_is_refused_by_name() -> None:
    done = run_bench("fly")

    assert done.returncode == 2
    assert "unknown benchmark 'fly'; there are select, pull, push" in done.stderr
