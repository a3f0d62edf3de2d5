"""How long a change takes to the other side while the worker runs: `make bench-lag`.

Owns the two clocks that people feel: from a save in Salesforce to the replica, by polling alone,
and from a write in our outbox to Salesforce, at twenty writes a second with one record among them
that the org refuses. There is no rival; each figure has its bar.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import quantiles
from subprocess import DEVNULL, Popen
from typing import Any

from sqlalchemy import Engine, select

from bench.figures import Figure, Result
from bench.measuring import measure_flask
from bench.scale import speaker
from bench.stage import Stage, account, open_stage
from config.database import create_engine_at, transaction
from demo.salesforce import Person
from sfsync.outbox import OutboxWrite, WriteState, enqueue
from sfsync.replica_reads import load_records

WRITES_A_SECOND = 20
#: The bars: seconds from a save to the replica, and from our outbox to the org.
TO_US_MEDIAN_S, TO_US_P99_S, TO_THEM_P99_S = 35, 70, 15


@dataclass
class Watch:
    """When each change was made, and when the other side had it; seconds of one clock."""

    made: dict[str, float] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)

    def lags(self) -> list[float]:
        """How long each took; a change that never came takes until the end of time."""
        return [self.seen.get(name, float("inf")) - at for name, at in self.made.items()]


@contextmanager
def running_worker(stage: Stage) -> Iterator[None]:
    """The worker as a process."""
    command = [sys.executable, "-m", "jobs"]
    worker = Popen(command, env=stage.ours, stdout=DEVNULL, stderr=DEVNULL)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(60)


def run(span_s: int) -> Result:
    """Measure both ways for `span_s` seconds, and wait for what is on its way then."""
    with open_stage() as stage:
        stage.control("POST", "clock", {"real": True})
        records = [account(f"a{n}", f"A{n}", "Manufacturer") for n in range(span_s + 1)]
        ids = stage.control("POST", "seed", {"records": records})["ids"]
        measure_flask(stage.ours, "db", "upgrade")
        measure_flask(stage.ours, "sync", "pull")
        engine = create_engine_at(stage.ours["DATABASE_URL"])
        with running_worker(stage):
            theirs, ours = live(stage, engine, ids, span_s)
        engine.dispose()
    return Result(
        "lag", f"{span_s} seconds of changes on both sides", "-", tuple(_tell(theirs, ours))
    )


def live(stage: Stage, engine: Engine, ids: dict[str, str], span_s: int) -> tuple[Watch, Watch]:
    """A save by a person and twenty writes of ours each second, and when they arrive."""
    person = Person(stage.org.url, stage.org.start["access_token"])
    theirs, ours = Watch(), Watch()
    refused = {"Name": "x" * 300}
    write(engine, "refused", refused)
    for second in range(span_s):
        began_s = time.monotonic()
        name = f"person {second}"
        person.update("Account", [{"Id": ids[f"a{second}"], "Name": name}])
        theirs.made[name] = time.time()
        for number in range(WRITES_A_SECOND):
            key = f"W-{second}-{number}"
            ours.made[key] = time.time()
            write(engine, key, {"Name": key, "RecordType": {"DeveloperName": "Manufacturer"}})
        look(engine, theirs)
        time.sleep(max(0.0, began_s + 1 - time.monotonic()))
    ended_s = time.monotonic()
    while len(theirs.seen) < len(theirs.made) and time.monotonic() < ended_s + 2 * TO_US_P99_S:
        time.sleep(0.5)
        look(engine, theirs)
    ours.seen = read_arrivals(engine)
    return theirs, ours


def write(engine: Engine, key: str, values: dict[str, Any]) -> None:
    """One write of ours."""
    with transaction(engine) as session:
        enqueue(session, "Account", key, values, "bench")


def look(engine: Engine, watch: Watch) -> None:
    """Notes which names the replica holds by now."""
    with transaction(engine) as session:
        names = {str(row["name"]) for row in load_records(session, "Account")}
    for name in (watch.made.keys() - watch.seen.keys()) & names:
        watch.seen[name] = time.time()


def read_arrivals(engine: Engine) -> dict[str, float]:
    """When the org had each write, by our key."""
    sent = select(OutboxWrite.external_id, OutboxWrite.sent_at).where(
        OutboxWrite.state == WriteState.SENT, OutboxWrite.sobject == "Account"
    )
    with transaction(engine) as session:
        return {key: at.astimezone(UTC).timestamp() for key, at in session.execute(sent) if at}


def _tell(theirs: Watch, ours: Watch) -> Iterator[Figure]:
    for title, watch, bars in (
        ("a save in Salesforce to the replica", theirs, (TO_US_MEDIAN_S, TO_US_P99_S)),
        ("a write of ours to Salesforce", ours, (None, TO_THEM_P99_S)),
    ):
        marks = quantiles(watch.lags(), n=100, method="inclusive")
        yield Figure(f"{title}, median", "s", marks[49], None, bars[0])
        yield Figure(f"{title}, 99 of 100", "s", marks[98], None, bars[1])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every figure; 1 when a bar is missed."""
    from bench.__main__ import show  # it imports the other benchmarks

    parser = argparse.ArgumentParser("python -m bench.lag", description=__doc__)
    parser.add_argument("--seconds", type=int, default=180)
    options = parser.parse_args(arguments)
    speaker("lag")(f"{options.seconds} seconds, from {datetime.now(UTC):%H:%M:%S} UTC")
    result = run(options.seconds)
    show(result)
    return 1 if result.is_missed else 0


if __name__ == "__main__":
    sys.exit(main())
