"""Two real processes and one budget, on SQLite and on PostgreSQL."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sandbox.server import LocalOrgServer
from sfsync.budget import LARGEST_BLOCK
from tests.control import control, counted_calls
from tests.jobs.processes import clean_environment

ROOT = Path(__file__).parents[2]
#: Of 300 calls of the org, half are ours.
LIMIT, OURS = 300, 150


def run_two(
    org: LocalOrgServer, engine: Engine, folder: Path, dies_after: tuple[int, int]
) -> list[tuple[int, str]]:
    """Exit code and answer of each."""
    control(org, "POST", "requests", {"daily_limit": LIMIT})
    url = engine.url.render_as_string(hide_password=False)
    start = str(time.time() + 2)
    command = [sys.executable, "-m", "tests.sfsync.budget_process", url, org.url, start]
    started = [
        subprocess.Popen(
            [*command, str(number)],
            cwd=ROOT,
            env=clean_environment(folder),
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in dies_after
    ]
    answers = [process.communicate(timeout=240)[0].strip() for process in started]
    return [(p.returncode, answer) for p, answer in zip(started, answers, strict=True)]


def test_two_processes_reach_their_common_ceiling_and_make_no_call_more(
    org: LocalOrgServer, engine: Engine, tmp_path: Path
) -> None:
    found = run_two(org, engine, tmp_path, (0, 0))

    assert [code for code, _ in found] == [0, 0]
    assert sum(int(calls) for _, calls in found) == counted_calls(org) == OURS


@pytest.mark.slow
def test_process_that_is_killed_takes_no_more_than_its_block_with_it(
    org: LocalOrgServer, engine: Engine, tmp_path: Path
) -> None:
    (killed, silent), (code, calls) = run_two(org, engine, tmp_path, (40, 0))

    assert (killed, silent, code) == (-signal.SIGKILL, "", 0)
    assert int(calls) + 40 == counted_calls(org)
    assert OURS - LARGEST_BLOCK < counted_calls(org) <= OURS
