"""What ops change in Salesforce stands in the replica within seconds, without waiting for a pull.

The web process receives the org's message, the worker reads the record; both are real processes.
"""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
import requests

from tests.acceptance.backoffice import ROOT, BackOffice
from tests.acceptance.builders import an_order
from tests.acceptance.market import Market
from tests.jobs.processes import until

pytestmark = pytest.mark.acceptance


@pytest.fixture
def web(office: BackOffice) -> Iterator[str]:
    """The address of our web process."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    command = ["--worker-class", "gthread", "--threads", "4", "--no-control-socket"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *command, "--bind", address, "app:create_app()"],
        cwd=ROOT,
        env=office.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: is_up(address))
    yield f"http://{address}"
    process.terminate()
    process.wait(60)


@pytest.fixture
def worker(office: BackOffice) -> Iterator[None]:
    process = office.start_worker()
    yield
    process.terminate()
    process.communicate(timeout=60)


def is_up(address: str) -> bool:
    try:
        return requests.get(f"http://{address}/live", timeout=5).ok
    except requests.ConnectionError:
        return False


def name_in_replica(office: BackOffice, order_id: str) -> str:
    return find(office, "SELECT name FROM sf_order WHERE salesforce_id = ?", order_id)


def find(office: BackOffice, query: str, *values: str) -> str:
    """The first column of the first row, or nothing."""
    with closing(sqlite3.connect(office.database)) as connection:
        row = connection.execute(query, values).fetchone()
    return str(row[0]) if row else ""


def test_an_edit_by_ops_reaches_the_replica_without_a_pull_of_its_own(
    market: Market, office: BackOffice, web: str, worker: None
) -> None:
    market.at("2025-03-07 12:00")
    market.seed(an_order("o1", Name="Lamp", EffectiveDate="2025-03-20"))
    market.wait(60)
    # The worker's only pull: its next one comes when the business clock, which stands, goes on.
    until(lambda: name_in_replica(office, market.ids["o1"]) == "Lamp")
    until(lambda: find(office, "SELECT 1 FROM job_run WHERE job = 'pull' AND status = 'done'"))
    market.control("POST", "outbound", {"endpoint": f"{web}/webhooks/salesforce"})

    market.edit(market.ops, "Order", "o1", Name="Lamp, Rev. B")

    order_id = market.ids["o1"]
    until(lambda: name_in_replica(office, order_id) == "Lamp, Rev. B")
    until(lambda: find(office, "SELECT 1 FROM inbox_event WHERE state = 'done'"))
    until(lambda: not market.control("GET", "outbound")["queue"])
