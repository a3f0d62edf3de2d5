"""Ratios and verdicts say what they seem to say."""

from __future__ import annotations

import pytest

from bench.figures import Figure, Result


@pytest.mark.parametrize(("ours", "verdict"), [(39, "PASS"), (40, "PASS"), (41, "MISS")])
def test_a_bar_is_met_up_to_and_including_its_value(ours: int, verdict: str) -> None:
    assert Figure("API calls", "calls", ours, 12_010, bar=40).verdict == verdict


def test_a_figure_without_a_bar_neither_passes_nor_misses() -> None:
    assert Figure("API calls", "calls", 39, 12_010).verdict == ""


def test_the_ratio_says_how_many_times_less_we_need() -> None:
    assert Figure("API calls", "calls", 40, 12_000).ratio == 300
    assert Figure("wall clock", "s", 4.0, 2.0).ratio == 0.5


def test_the_ratio_says_how_many_times_more_we_do_where_more_is_better() -> None:
    assert Figure("pull", "rows/s", 500, 250, is_more_better=True).ratio == 2


def test_no_ratio_is_made_up_without_a_rival_or_from_nothing() -> None:
    assert Figure("peak memory, worker", "MB", 110).ratio is None
    assert Figure("calls of a second import", "calls", 0, 1000).ratio is None


def test_one_missed_bar_misses_the_benchmark() -> None:
    fine, missed = Figure("calls", "calls", 1, bar=2), Figure("time", "s", 3, bar=2)

    assert not Result("x", "X", "loop", (fine,)).is_missed
    assert Result("x", "X", "loop", (fine, missed)).is_missed
