"""How far a long load is: rows of the total, rows per second, time left."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from rich.console import Console

from jobs.commands.bars import shown_progress, tell_pace
from jobs.progress import WRITES, Pace, Progress, ProgressLog
from sfsync.planning import Expected
from sfsync.push import PushReport
from sfsync.replica_writes import Tally


class Watch:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def shown() -> list[tuple[str, dict[str, Any]]]:
    return []


@pytest.fixture
def progress(watch: Watch, shown: list[tuple[str, dict[str, Any]]]) -> Progress:
    return Progress(lambda name, pace: shown.append((name, pace.as_dict())), watch)


def test_a_load_says_its_rate_and_the_time_that_is_left(
    progress: Progress, watch: Watch, shown: list[tuple[str, dict[str, Any]]]
) -> None:
    progress.on_plan({"Order": Expected(total=1000, stored=0)})
    watch.now_s += 2
    progress.on_page("Order", Tally(read=200))

    assert shown == [
        ("Order", {"rows": 0, "rows_total": 1000, "rows_per_s": None, "left_s": None}),
        ("Order", {"rows": 200, "rows_total": 1000, "rows_per_s": 100, "left_s": 8}),
    ]


def test_a_resumed_load_starts_from_what_is_stored_and_rates_only_what_it_reads(
    progress: Progress, watch: Watch, shown: list[tuple[str, dict[str, Any]]]
) -> None:
    progress.on_plan({"Order": Expected(total=1000, stored=600)})
    watch.now_s += 1
    progress.on_page("Order", Tally(read=100))

    assert shown[0][1]["rows"] == 600
    assert shown[1][1] == {"rows": 700, "rows_total": 1000, "rows_per_s": 100, "left_s": 3}


def test_the_second_load_of_a_pull_is_not_rated_by_the_time_of_the_first(
    progress: Progress, watch: Watch, shown: list[tuple[str, dict[str, Any]]]
) -> None:
    progress.on_plan({"Account": Expected(100, 0), "Order": Expected(100, 0)})
    watch.now_s += 50
    progress.on_page("Account", Tally(read=100))
    watch.now_s += 1
    progress.on_page("Order", Tally(read=10))

    assert shown[-1] == (
        "Order",
        {"rows": 10, "rows_total": 100, "rows_per_s": 10, "left_s": 9},
    )


def test_more_rows_than_were_counted_are_not_more_than_all(
    progress: Progress, watch: Watch, shown: list[tuple[str, dict[str, Any]]]
) -> None:
    progress.on_plan({"Order": Expected(10, 0)})
    watch.now_s += 1
    progress.on_page("Order", Tally(read=12))

    assert (shown[-1][1]["rows"], shown[-1][1]["left_s"]) == (10, 0)


def test_changes_that_nobody_counted_are_shown_without_a_total(
    progress: Progress, watch: Watch, shown: list[tuple[str, dict[str, Any]]]
) -> None:
    progress.on_page("Order", Tally(read=12))

    assert shown == [
        ("Order", {"rows": 12, "rows_total": None, "rows_per_s": None, "left_s": None})
    ]


def test_a_push_counts_every_write_that_is_settled(
    progress: Progress, watch: Watch, shown: list[tuple[str, dict[str, Any]]]
) -> None:
    progress.begin(WRITES, 400)
    watch.now_s += 4
    progress.on_batch(PushReport(created=150, updated=30, rejected=15, retried=5))

    assert shown[-1] == (
        "writes",
        {"rows": 200, "rows_total": 400, "rows_per_s": 50, "left_s": 4},
    )


def test_a_log_gets_one_line_in_five_seconds(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    progress = Progress(ProgressLog(watch), watch)
    progress.begin("Order", 100)
    with caplog.at_level(logging.INFO, "jobs.progress"):
        for _ in range(12):
            watch.now_s += 1
            progress.on_page("Order", Tally(read=int(watch.now_s) - 100))

    assert [(line.message, line.rows, line.left_s) for line in caplog.records] == [
        ("sync progress", 5, 95),
        ("sync progress", 10, 90),
    ]


def test_figures_are_told_as_far_as_they_are_known() -> None:
    assert tell_pace(Pace(0.0, total=None, moved=7)) == "7 rows"
    assert tell_pace(Pace(0.0, total=100_000)) == "0 of 100,000 rows"
    running = Pace(0.0, total=100_000, moved=20_000, now_s=2.0)
    assert tell_pace(running) == "20,000 of 100,000 rows, 10,000 rows/s, 0:00:08 left"


def test_a_terminal_shows_a_bar_with_the_figures() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, color_system=None)

    with shown_progress(console) as progress:
        progress.on_plan({"Order": Expected(1000, 400)})

    assert "Order" in screen.getvalue()
    assert "400 of 1,000 rows" in screen.getvalue()
