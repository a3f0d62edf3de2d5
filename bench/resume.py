"""A load that is killed at half: what reading goes on with, and what the interruption costs.

Owns the proof that a place is kept: the process is ended by SIGKILL, from outside and without
warning, when half of the rows are stored; another one goes on. What was fetched twice is counted
by the org, not by us.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Result
from bench.measuring import Cost, measure_flask, wait_for
from bench.scale import Say
from bench.stage import Stage
from demo.processes import ROOT

MOST_MEMORY_MB = 150
#: What an interruption may add to the time of a load, and what starting a process again adds.
MOST_EXTRA = 1.05
START_S = 1.5
LOOK_EVERY_S = 0.05
PAGE_ROWS = 100_000
COMMAND = (sys.executable, "-m", "flask", "sync", "pull", "--json")


@dataclass(frozen=True)
class Interrupted:
    """A load in two pieces."""

    first: Cost
    second: Cost
    stored_at_kill: int
    pages: int  #: pages of results that the org served in all


def run(stage: Stage, rows: int, say: Say) -> Result:
    """One load that is left alone, one that is killed; memory of both."""
    file = stage.folder / "backoffice.db"
    _empty(stage, file)
    say("a load that is left alone")
    whole = measure_flask(stage.ours, *COMMAND[3:])
    _empty(stage, file)
    say(f"took {whole.wall_s:.1f} s; a load that is killed at half")
    cut = interrupt(stage, file, rows)
    stored = count_stored(file)
    if stored != rows:
        raise SystemExit(f"{stored:,} of {rows:,} rows are there after the second pull")
    return Result(
        "resume",
        f"A load of {rows:,} orders, killed when {cut.stored_at_kill:,} were stored",
        "the same load, left alone",
        tuple(figures_of(whole, cut, rows)),
    )


def figures_of(whole: Cost, cut: Interrupted, rows: int) -> Iterator[Figure]:
    """What the interruption cost."""
    both_s = cut.first.wall_s + cut.second.wall_s
    both_cpu_s = cut.first.cpu_s + cut.second.cpu_s
    allowed = whole.wall_s * MOST_EXTRA + START_S
    yield Figure("time of both pieces", "s", both_s, whole.wall_s, allowed)
    yield Figure("processor time of both pieces", "s", both_cpu_s, whole.cpu_s)
    again = cut.pages - -(-rows // PAGE_ROWS)
    yield Figure(f"pages of {PAGE_ROWS:,} fetched again", "pages", again, None, 1)
    peak = max(whole.peak_mb, cut.first.peak_mb, cut.second.peak_mb)
    yield Figure("peak memory of any of them", "MB", peak, None, MOST_MEMORY_MB)
    yield Figure("rows a second, left alone", "rows/s", rows / whole.wall_s)


def interrupt(stage: Stage, file: Path, rows: int) -> Interrupted:
    """Kills a load at half and lets another process go on."""
    stage.clear_calls()
    started_s = time.monotonic()
    process = subprocess.Popen(COMMAND, cwd=ROOT, env=stage.ours, stdout=subprocess.DEVNULL)
    while (stored := count_stored(file)) < rows // 2:
        if process.poll() is not None:
            raise SystemExit("the load ended before it could be killed")
        time.sleep(LOOK_EVERY_S)
    os.kill(process.pid, signal.SIGKILL)
    first = wait_for(process, started_s)
    second = measure_flask(stage.ours, *COMMAND[3:])
    return Interrupted(first, second, stored, count_pages(stage))


def count_stored(file: Path) -> int:
    """Orders in our database."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM sf_order").fetchone()[0])


def count_pages(stage: Stage) -> int:
    """Pages of results that the org served since it began to count."""
    log = stage.control("GET", "requests")["log"]
    return sum("/results" in entry["path"] for entry in log)


def _empty(stage: Stage, file: Path) -> None:
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()
    measure_flask(stage.ours, "db", "upgrade")
