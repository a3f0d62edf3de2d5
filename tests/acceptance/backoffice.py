"""Our side of a test: a fresh database, real `flask` processes, and runs inside this process."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from config.settings import Settings, variables
from jobs.runtime import build_runtime
from jobs.selection.report import RunReport
from jobs.selection.run import Options, select_proposals
from tests.acceptance.market import Market

#: Where API calls are booked, those of a rehearsal too.
CALL_LEDGER = frozenset({"sync_call_hour", "sync_allowance"})
ROOT = Path(__file__).parents[2]


class BackOffice:
    """One installation of the back office, pointed at a market."""

    def __init__(self, market: Market, folder: Path, template: Path) -> None:
        self.market = market
        self.folder = folder
        self.database = folder / "backoffice.db"
        shutil.copy(template, self.database)

    @property
    def environment(self) -> dict[str, str]:
        """A clean environment: no setting of this machine, or of a `.env`, gets through."""
        unset = {field.name.upper(): "" for field in variables()}
        return unset | {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONWARNINGS": "error",
            "FLASK_SKIP_DOTENV": "1",
            "ENVIRONMENT": "test",
            "SALESFORCE_URL": self.market.url,
            "DATABASE_URL": f"sqlite:///{self.database}",
        }

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Begin a `flask` command as a process of its own."""
        return self._start_module("flask", *arguments, **environment)

    def start_worker(self) -> subprocess.Popen[str]:
        """Begin the worker, with quick ticks."""
        return self._start_module("jobs", SELECTION_TICK_S="0.2")

    def _start_module(
        self, module: str, *arguments: str, **environment: str
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def flask(self, *arguments: str, **environment: str) -> Ended:
        """Run a `flask` command to its end."""
        return end(self.start(*arguments, **environment))

    def select(self, *arguments: str) -> dict[str, Any]:
        """`flask select run --json` as a process; its report. Fails unless it exits with 0."""
        ended = self.flask("select", "run", "--json", *arguments)
        assert ended.code == 0, ended.err
        return ended.json

    def select_here(self, **options: Any) -> RunReport:
        """The same inside this process, which spares a start."""
        settings = Settings(
            environment="test",
            salesforce_url=self.market.url,
            database_url=f"sqlite:///{self.database}",
        )
        runtime = build_runtime(settings)
        try:
            return select_proposals(runtime, Options(**options))
        finally:
            runtime.engine.dispose()

    def select_meanwhile(
        self, path: str, meanwhile: Callable[[], None], **options: Any
    ) -> RunReport:
        """Run in a thread; while its first request to `path` stands still, do `meanwhile`."""
        with ThreadPoolExecutor(1) as pool, self.market.holding(path):
            running: Future[RunReport] = pool.submit(self.select_here, **options)
            self.market.until_held()
            meanwhile()
            self.market.release()
            return running.result(timeout=60)

    def effects(self) -> list[dict[str, Any]]:
        """Queued effects in the order of queueing; recipient and order by the test's names."""
        connection = sqlite3.connect(self.database)
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute("SELECT * FROM outbox_effect ORDER BY id")]
        connection.close()
        name = self.market.name_of
        return [
            row | {"recipient": name(row["recipient"]), "order": name(row["order_id"])}
            for row in rows
        ]

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything in our database by table, but the count of API calls."""
        with closing(sqlite3.connect(self.database)) as connection:
            query = "SELECT name FROM sqlite_master WHERE type = 'table'"
            names = {name for (name,) in connection.execute(query)} - CALL_LEDGER
            read = "SELECT * FROM {}"
            return {name: list(connection.execute(read.format(name))) for name in sorted(names)}

    def told(self) -> list[tuple[str, str | None, str | None]]:
        """Template, recipient and order of each queued effect, sorted."""
        return sorted((e["template"], e["recipient"], e["order"]) for e in self.effects())


class Ended:
    """A process that is over."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def end(process: subprocess.Popen[str]) -> Ended:
    """Wait for the end of a process; it gets a minute."""
    try:
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ended(process.returncode, out, err)


def outcomes(report: RunReport | dict[str, Any]) -> list[tuple[str | None, str, str]]:
    """External ID, outcome and reason of each order in a report, sorted."""
    lines = report.lines if isinstance(report, RunReport) else report["lines"]
    plain = [vars(line) if not isinstance(line, dict) else line for line in lines]
    return sorted((line["external_id"], line["outcome"], line["reason"]) for line in plain)


def first_to_end(processes: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    """The process that is over first; they get a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for process in processes:
            if process.poll() is not None:
                return process
        time.sleep(0.02)
    for process in processes:
        process.kill()
    raise AssertionError("no process ended within a minute")
