"""`python -m bench.sync` as a process, at toy scale: calls are checked, times are not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.measuring import Cost
from bench.sync import Run, pick_median
from demo.processes import ROOT, base_environment


def a_run(wall_s: float) -> Run:
    return Run(Cost(wall_s, 1.0, 100.0), 6)


@pytest.mark.parametrize(
    ("times", "median"), [([3.0], 3.0), ([9.0, 1.0, 2.0], 2.0), ([4.0, 1.0, 2.0, 3.0], 2.0)]
)
def test_the_median_run_is_the_one_in_the_middle(times: list[float], median: float) -> None:
    assert pick_median([a_run(each) for each in times]).cost.wall_s == median


@pytest.mark.slow
def test_the_race_runs_to_its_end() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.sync", "--rows", "9000", "--runs", "1", "--killed-rows", "0"],
        cwd=ROOT,
        env=base_environment() | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )

    assert done.returncode in (0, 1), done.stderr
    assert "Full load of 9,000 orders" in done.stdout
    for name in ("ours, SQLite", "bulk2 script, 0.2 s wait", "REST pages script"):
        assert name in done.stdout
    assert "poll after 1,000 changes" in done.stdout
