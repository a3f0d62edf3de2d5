"""A process that calls until its budget has nothing left.

Run as `python -m tests.sfsync.budget_process DATABASE ORG START DIES_AFTER`. Waits for the instant
START (seconds since the epoch), so that several begin together, kills itself after DIES_AFTER calls
(0: never), and prints how many calls it made.
"""

from __future__ import annotations

import os
import signal
import sys
import time

from config.clock import clock_for
from config.database import create_engine_at
from config.settings import Settings
from sfsync.allowance import Shares
from sfsync.budget import Budget
from sfsync.client import connect
from sfsync.errors import BudgetExhausted
from sfsync.usage import purpose

SHARES = Shares(own_percent=50, reserve_percent=20)


def main(database_url: str, org_url: str, start_s: float, dies_after: int) -> None:
    settings = Settings(environment="test", salesforce_url=org_url)
    engine = create_engine_at(database_url)
    budget = Budget(engine, clock_for(settings), org_url, SHARES)
    sf = connect(settings, gate=budget)
    time.sleep(max(0.0, start_s - time.time()))
    calls = 0
    with purpose("selection"):
        while True:
            try:
                sf.restful("limits")
            except BudgetExhausted:
                break
            calls += 1
            if calls == dies_after:
                os.kill(os.getpid(), signal.SIGKILL)
    budget.settle()
    engine.dispose()
    print(calls)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
