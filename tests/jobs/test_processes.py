"""The worker as a process, against the local org over HTTP; and several of them at once."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from config.database import create_engine_at
from config.schema import upgrade_schema
from sandbox.server import LocalOrgServer
from tests.acceptance.builders import a_designer, a_maker, a_proposal, an_order
from tests.acceptance.builders import local as wall
from tests.acceptance.market import INTEGRATION, Market
from tests.conftest import ROOT
from tests.jobs.builders import local, runs_of, statuses
from tests.jobs.claiming_process import NAMES
from tests.jobs.processes import WorkerProcess, clean_environment, until

pytestmark = pytest.mark.acceptance


@pytest.fixture
def market(org: LocalOrgServer) -> Iterator[Market]:
    """One order that is due, with two proposals; five seconds to seven, and time goes on."""
    with Market(org) as market:
        market.at("2025-03-11 06:50")
        market.seed(a_designer(), a_maker("m1"), a_maker("m2"), an_order())
        market.seed(a_proposal("p1", "m1", "900"), a_proposal("p2", "m2", "1000"))
        run_clock(market, "2025-03-11 06:59:55")
        yield market


def run_clock(market: Market, moment: str) -> None:
    market.control("POST", "clock", {"now": wall(moment), "frozen": False})


def a_process(
    market: Market, engine: Engine, folder: Path, name: str = "w1", module: str = "jobs"
) -> WorkerProcess:
    url = engine.url.render_as_string(hide_password=False)
    return WorkerProcess(folder, name, module, SALESFORCE_URL=market.url, DATABASE_URL=url)


def effects_of(engine: Engine) -> list[str]:
    with engine.begin() as connection:
        return sorted(connection.scalars(text("SELECT template FROM outbox_effect")))


def test_worker_awards_at_seven_and_not_before_and_ends_with_0(
    market: Market, engine: Engine, tmp_path: Path
) -> None:
    # The clock stands still until the worker has looked: a busy machine must not reach seven first.
    market.at("2025-03-11 06:59:55")
    with a_process(market, engine, tmp_path) as worker:
        worker.wait_for("job finished", job="push")
        assert market.order()["Status"] == "AWAITING PROPOSALS"
        assert runs_of(engine) == []
        run_clock(market, "2025-03-11 06:59:55")
        finished = worker.wait_for("job finished", job="select")
        code = worker.end()

    assert code == 0, worker.errors
    assert worker.errors == ""
    assert worker.told() == []
    assert finished["result"]["counts"] == {"AWARD": 1}
    assert market.fates() == {"p1": "Won", "p2": "Reserve"}
    (run,) = runs_of(engine)
    assert (run.status, run.slot_at) == ("done", local("2025-03-11 07:00"))
    assert 0 <= run.lateness_minutes < 10
    assert run.result is not None
    assert (run.result["orders"], run.result["outcome"]) == (1, "completed")
    (stored,) = market.runs()
    assert (stored["External_Id__c"], stored["Status__c"]) == (
        "run:Europe/Warsaw:2025-03-11",
        "Completed",
    )
    assert stored["Started_At__c"][:15] == "2025-03-11T06:0"


def test_of_three_workers_on_one_database_one_selects(
    market: Market, engine: Engine, tmp_path: Path
) -> None:
    workers = [a_process(market, engine, tmp_path, f"w{n}") for n in range(3)]
    try:
        for worker in workers:
            worker.wait_for("worker started")
        until(lambda: [w for w in workers if w.log("job finished", job="select")])
        run_clock(market, "2025-03-11 09:00")
        time.sleep(1)
        codes = [worker.end() for worker in workers]
    finally:
        for worker in workers:
            worker.__exit__()

    assert codes == [0, 0, 0]
    assert sum(len(worker.log("job started", job="select")) for worker in workers) == 1
    assert statuses(engine) == [("2025-03-11 07:00", "done")]
    assert len(market.runs()) == len(market.decisions()) == 1
    assert effects_of(engine) == ["award-designer", "award-regret", "award-winner"]


def test_worker_that_is_killed_amid_its_writes_is_resumed_by_another(
    market: Market, engine: Engine, tmp_path: Path
) -> None:
    """The write lands though nobody hears the answer; the heir tells the parties, once."""
    module = "tests.jobs.short_lease_worker"
    dead = a_process(market, engine, tmp_path, "dead", module)
    with market.holding("composite/graph$"), dead:
        market.until_held()
        assert dead.end(signal.SIGKILL) == -signal.SIGKILL
    assert effects_of(engine) == []

    with a_process(market, engine, tmp_path, "heir", module) as heir:
        heir.wait_for("job finished", job="select")
        assert heir.end() == 0

    (run,) = runs_of(engine)
    assert run.status == "done"
    assert run.attempts == run.fence >= 2
    (stored,) = market.runs()
    assert (stored["Status__c"], stored["Fence__c"]) == ("Completed", 2)
    assert market.fates() == {"p1": "Won", "p2": "Reserve"}
    assert len(market.decisions()) == 1
    assert effects_of(engine) == ["award-designer", "award-regret", "award-winner"]


def test_e40_org_that_answers_503_at_seven_is_selected_when_it_is_back(
    market: Market, sqlite: Engine, tmp_path: Path
) -> None:
    market.fault(action="status", status=503, path="/services/data/v", user=INTEGRATION)
    with a_process(market, sqlite, tmp_path) as worker:
        worker.wait_for("something is down; every tick tries again", down="org")
        until(lambda: runs_of(sqlite) and runs_of(sqlite)[0].status == "failed")
        assert market.order()["Status"] == "AWAITING PROPOSALS"
        run_clock(market, "2025-03-11 10:10")
        # An attempt of before the jump may still be at work; it must not be the one that succeeds.
        back_at = local("2025-03-11 10:10")
        until(lambda: runs_of(sqlite)[0].started_at >= back_at)
        market.control("DELETE", "faults")
        worker.wait_for("job finished", job="select")
        assert worker.end() == 0

    assert worker.told() == [
        "something is down; every tick tries again",
        "all clear: it is up again",
    ]
    (run,) = runs_of(sqlite)
    assert (run.status, run.last_error) == ("done", None)
    # The clock runs, and a busy machine may need some of its minutes.
    assert 190 <= run.lateness_minutes < 200
    assert market.order()["Status"] == "MANUFACTURER SELECTED"
    (stored,) = market.runs()
    assert stored["Lateness_Minutes__c"] == run.lateness_minutes


def test_worker_that_starts_before_its_org_waits_for_it(sqlite: Engine, tmp_path: Path) -> None:
    port = free_port()
    environment = {
        "SALESFORCE_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": sqlite.url.render_as_string(),
        "SELECTION_TIME": "00:00",
    }
    with WorkerProcess(tmp_path, "w1", **environment) as worker:
        worker.wait_for("something is down; every tick tries again")
        time.sleep(1)
        assert runs_of(sqlite) == []
        with LocalOrgServer([ROOT / "salesforce"], port=port):
            worker.wait_for("job finished", job="select")
            assert worker.end() == 0

    assert worker.told() == [
        "something is down; every tick tries again",
        "all clear: it is up again",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_worker_ends_clean_with_0(
    market: Market, sqlite: Engine, tmp_path: Path, number: signal.Signals
) -> None:
    with a_process(market, sqlite, tmp_path) as worker:
        worker.wait_for("job finished", job="pull")
        assert worker.end(number) == 0, worker.errors

    assert worker.log("worker ended", clean=True)


def test_worker_migrates_its_own_sqlite_file(market: Market, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    with WorkerProcess(tmp_path, "w1", SALESFORCE_URL=market.url, DATABASE_URL=url) as worker:
        worker.wait_for("job finished", job="push")
        assert worker.end() == 0


def test_worker_refuses_a_postgresql_that_was_not_migrated(
    market: Market, postgres_url: str, tmp_path: Path
) -> None:
    with WorkerProcess(
        tmp_path, "w1", SALESFORCE_URL=market.url, DATABASE_URL=postgres_url
    ) as worker:
        assert worker.wait() == 2

    assert "flask db upgrade" in worker.errors


def test_unusable_settings_are_a_message_and_exit_2(tmp_path: Path) -> None:
    facts = {"SELECTION_TIME": "seven", "BUSINESS_TIMEZONE": "Mars/Olympus"}
    with WorkerProcess(tmp_path, "w1", **facts) as worker:
        assert worker.wait() == 2

    assert worker.log() == []
    assert "SELECTION_TIME: 'seven'" in worker.errors
    assert "BUSINESS_TIMEZONE: 'Mars/Olympus'" in worker.errors
    assert "Traceback" not in worker.errors


def test_database_that_is_not_there_is_a_message_and_exit_3(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nothing"
    with WorkerProcess(tmp_path, "w1", DATABASE_URL=url) as worker:
        assert worker.wait() == 3

    assert worker.errors.startswith("Error: The database does not answer")
    assert "Traceback" not in worker.errors


def test_processes_that_race_for_slots_share_them_out_without_a_double(
    database_url: str, tmp_path: Path
) -> None:
    engine = create_engine_at(database_url)
    upgrade_schema(engine)
    engine.dispose()
    start_s = str(time.time() + 4)
    racers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.claiming_process", database_url, start_s],
            cwd=ROOT,
            env=clean_environment(tmp_path),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    won = [racer.communicate(timeout=60)[0].split() for racer in racers]

    assert [racer.returncode for racer in racers] == [0, 0, 0, 0]
    assert sorted(name for names in won for name in names) == NAMES


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: Any = probe.getsockname()[1]
    return int(port)
