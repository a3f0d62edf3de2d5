"""A process that tries to claim the slots of many jobs.

Run as `python -m tests.jobs.claiming_process URL START`. Waits for the instant START (seconds since
the epoch), so that several of them begin together, and prints the jobs whose slot it got.
"""

from __future__ import annotations

import sys
import time
from datetime import date

from config.clock import SystemClock
from config.database import create_engine_at
from config.process import name_process
from jobs.claims import Claims
from tests.jobs.builders import MORNING, a_daily_job

SLOT = MORNING.slot_on(date(2025, 3, 11))
#: Twenty races, each for a job of its own: one job's slots would wait for each other.
NAMES = [f"job{n:02}" for n in range(20)]


def main(url: str, start_s: float) -> None:
    engine = create_engine_at(url)
    claims = Claims(engine, SystemClock(), name_process())
    claims.is_wanted(a_daily_job(), SLOT)  # connects
    time.sleep(max(0.0, start_s - time.time()))
    for name in NAMES:
        claim = claims.take(a_daily_job(name=name), SLOT, SLOT.at)
        if claim is not None:
            claims.finish(claim, SLOT.at, {})
            print(name)
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
