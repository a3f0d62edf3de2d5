"""The selection of a big morning: `flask select run` and the worker beside one call per record.

Owns the bars of the main job (docs/adr/0002): calls, seconds, memory. The rival works on fewer
orders, because it takes minutes otherwise; its figures are per order, times ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from math import ceil

from bench.figures import Figure, Result
from bench.measuring import Cost, measure_flask, measure_rival, wait_for
from bench.scale import Say, Scale
from bench.stage import BUSINESS_DATE, Stage, open_stage
from demo.processes import ROOT
from demo.salesforce import Person

MOST_CALLS = 40
MOST_SECONDS = 15
MOST_MEGABYTES = 150
#: Rows of a page, nodes and graphs of a call, less the heartbeat's (sfsync/selection_writes.py).
PAGE, NODES, GRAPHS = 2000, 499, 74
#: Preflight, the run's record made and closed, dead runs, awards by hand, price history, count.
FIXED_CALLS = 7
WORKER_DEADLINE_S = 120


@dataclass(frozen=True)
class RivalRun:
    """What the rival took on fewer orders, and what it takes before it does anything."""

    cost: Cost
    idle: Cost
    calls: int
    times: float  #: our orders for each of the rival's

    @property
    def wall_s(self) -> float:
        """Seconds for as many orders as ours."""
        return self.idle.wall_s + (self.cost.wall_s - self.idle.wall_s) * self.times

    @property
    def cpu_s(self) -> float:
        """The same of the processor."""
        return self.idle.cpu_s + (self.cost.cpu_s - self.idle.cpu_s) * self.times


def calls_for(orders: int, proposals: int) -> int:
    """API calls of a morning on which up to 2,000 orders are due and nobody interferes.

    `proposals` are those of each order; orders with hundreds of them take more than one graph.
    """
    pages = ceil(orders / PAGE) + ceil(orders * proposals / PAGE)
    orders_per_call = min(GRAPHS, NODES // (2 + proposals))
    return FIXED_CALLS + pages + ceil(orders / orders_per_call)


def run(scale: Scale, say: Say) -> Result:
    """Measure the command, the worker, and the rival."""
    with open_stage() as stage:
        ours, calls = measure_command(stage, scale, say)
        if ours.wall_s > MOST_SECONDS:
            say(f"{ours.wall_s:.1f} s: once more, in case the machine was busy")
            again, calls = measure_command(stage, scale, say)
            ours = min(ours, again, key=lambda cost: cost.wall_s)
        say("the same morning for the worker, python -m jobs")
        open_fresh(stage, scale)
        worker = measure_worker(stage)
        say(f"the rival on {scale.rival_orders:,} orders")
        rival = measure_naive_loop(stage, scale)
    return report(scale, ours, worker, calls, rival)


def report(scale: Scale, ours: Cost, worker: Cost, calls: int, rival: RivalRun) -> Result:
    """The figures side by side."""
    formula = f"{calls_for(scale.orders, scale.proposals)} by the formula"
    took = f"{rival.calls:,} calls and {rival.cost.wall_s:.1f} s"
    times = f"times {rival.times:g}, but its start"
    return Result(
        "select",
        f"Selecting {scale.orders:,} due orders with {scale.orders * scale.proposals:,} proposals",
        "simple-salesforce in a loop: a query per order, an update per order and per proposal",
        (
            Figure(
                "API calls in all", "calls", calls, rival.calls * rival.times, MOST_CALLS, formula
            ),
            Figure("wall clock", "s", ours.wall_s, rival.wall_s, MOST_SECONDS),
            Figure("processor, our side", "s", ours.cpu_s, rival.cpu_s),
            Figure("peak memory, command", "MB", ours.peak_mb, rival.cost.peak_mb, MOST_MEGABYTES),
            Figure("peak memory, worker", "MB", worker.peak_mb, None, MOST_MEGABYTES),
        ),
        (
            f"The rival took {took} for {scale.rival_orders:,} orders, shown {times}.",
            "It stores no decision, excludes nobody, overwrites what people changed meanwhile.",
        ),
    )


def measure_command(stage: Stage, scale: Scale, say: Say) -> tuple[Cost, int]:
    """One whole morning by `flask select run`, and its API calls."""
    say(f"seeding {scale.orders:,} orders with {scale.proposals} proposals each")
    open_fresh(stage, scale)
    say(f"flask select run (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors)")
    cost = measure_flask(stage.ours, "select", "run")
    return cost, stage.count_calls()


def open_fresh(stage: Stage, scale: Scale) -> None:
    """A market nobody has worked on, and an empty database of ours with its tables."""
    stage.open_market(scale.orders, scale.proposals)
    for file in stage.folder.glob("backoffice.db*"):
        file.unlink()
    measure_flask(stage.ours, "db", "upgrade")


def measure_naive_loop(stage: Stage, scale: Scale) -> RivalRun:
    """The rival, on an org of its own size."""
    stage.open_market(scale.rival_orders, scale.proposals)
    idle = measure_rival(stage.rivals, "idle", "")
    cost = measure_rival(stage.rivals, "select", BUSINESS_DATE)
    return RivalRun(cost, idle, stage.count_calls(), scale.orders / scale.rival_orders)


def measure_worker(stage: Stage) -> Cost:
    """The real worker from its start until its morning's run is completed in the org."""
    integration = Person(stage.org.url, stage.org.start["access_token"])
    deadline_s = time.monotonic() + WORKER_DEADLINE_S
    with (stage.folder / "worker.log").open("w+") as log:
        started_s = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "jobs"], cwd=ROOT, env=stage.ours, stdout=log, stderr=log
        )
        while not has_completed(integration):
            if process.poll() is not None or time.monotonic() > deadline_s:
                process.kill()
                process.wait()
                log.seek(0)
                raise SystemExit(f"The worker completed no run:\n{log.read()[-2000:]}")
            time.sleep(0.3)
        process.terminate()
        return wait_for(process, started_s)


def has_completed(person: Person) -> bool:
    """Whether the morning's run says so in the org."""
    rows = person.query("SELECT Id FROM Selection_Run__c WHERE Status__c = 'Completed'")
    return bool(rows)
