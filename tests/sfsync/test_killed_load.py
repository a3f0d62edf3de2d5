"""A load whose process is killed goes on with the page that it had reached."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from sqlalchemy import Engine

from bench.org import add_orders
from sandbox.server import LocalOrgServer
from tests.control import control
from tests.jobs.processes import clean_environment
from tests.sfsync.test_pull import in_org, replica

ROOT = Path(__file__).parents[2]
PAGE_ROWS = 1_000
#: Pulls the orders in small pages; ends itself as the system would, when so many rows are stored.
PROGRAM = f"""
import os, signal, sys
from sfsync import exports, loading
from sfsync.jsonio import dumps
from sfsync.pull import pull
from config.settings import Settings
from jobs.runtime import build_runtime

exports.PAGE_ROWS = exports.ONE_PAGE_ROWS = {PAGE_ROWS}
loading.CHUNK_ROWS = 350
loading.is_export_cheaper = lambda rows, **_: True

def on_page(sobject, tally):
    if 0 < int(sys.argv[1]) <= tally.read:
        os.kill(os.getpid(), signal.SIGKILL)

runtime = build_runtime(Settings.from_env())
print(dumps(pull(runtime.connect(), runtime.engine, on_page=on_page).as_dict()))
"""


def pull_apart(org: LocalOrgServer, folder: Path, url: str, dies_at: int) -> tuple[int, Any]:
    """The exit code of a process that pulls, and what it said."""
    environment = clean_environment(folder, SALESFORCE_URL=org.url, DATABASE_URL=url)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(dies_at)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.returncode == 0 else done.stderr


def pages_served(org: LocalOrgServer) -> list[str]:
    log = control(org, "GET", "requests")["log"]
    return [
        found[1] if (found := re.search(r"locator=([^&]+)", entry["path"])) else "first"
        for entry in log
        if "/results" in entry["path"]
    ]


@pytest.mark.slow
@pytest.mark.parametrize("dies_at", [350, 1_000, 5_350], ids=["first page", "between", "half"])
def test_a_load_that_is_killed_fetches_one_page_again(
    org: LocalOrgServer,
    sf: Salesforce,
    engine: Engine,
    database_url: str,
    tmp_path: Path,
    dies_at: int,
) -> None:
    rows = 10_000
    add_orders(org.org, rows)

    killed, _ = pull_apart(org, tmp_path, database_url, dies_at)
    stored = len(replica(engine, "Order"))
    code, report = pull_apart(org, tmp_path, database_url, 0)

    assert killed == -9
    assert dies_at <= stored < dies_at + PAGE_ROWS
    assert code == 0, report
    served = pages_served(org)
    assert len(set(served)) == rows // PAGE_ROWS
    assert len(served) <= rows // PAGE_ROWS + 1
    order = report["objects"]["Order"]
    assert order["read"] <= rows - stored + PAGE_ROWS
    assert (order["inserted"], order["updated"], order["deleted"]) == (rows - stored, 0, 0)
    assert replica(engine, "Order") == in_org(sf, "Order")
