"""One seed, one plan, one script: one log, whatever the process and the order of its hashes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import LocalOrgServer
from tests.conftest import ROOT
from tests.sandbox_api.replay import FAULTS, NOON, Player


def run_in_process(server: LocalOrgServer, plan_seed: int, steps: int) -> tuple[Any, list[str]]:
    server.reset()
    with Player(server.url, server.access_token, seed=5) as player:
        player.plan(plan_seed)
        return player.play(steps), player.answers


def run_as_process(hash_seed: str, plan: Path, steps: int) -> tuple[Any, list[str]]:
    """A fresh `python -m sandbox serve` with this plan, played against and ended."""
    command = [sys.executable, "-m", "sandbox", "serve", "--metadata", "salesforce"]
    command += ["--port", "0", "--tls-port", "0", "--edition", "developer"]
    command += ["--clock", NOON, "--frozen", "--faults", str(plan)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
    ) as process:
        try:
            assert process.stdout is not None
            line = json.loads(process.stdout.readline())
            with Player(line["url"], line["access_token"], seed=5) as player:
                return player.play(steps), player.answers
        finally:
            process.kill()


def test_an_emptied_org_plays_the_same_plan_to_the_same_log(org: LocalOrgServer) -> None:
    first_logs, first_answers = run_in_process(org, 7, 20)
    second_logs, second_answers = run_in_process(org, 7, 20)
    other_logs, _ = run_in_process(org, 8, 20)

    assert first_logs == second_logs
    assert first_answers == second_answers
    assert first_logs["fired"] != other_logs["fired"]


@pytest.mark.slow
def test_two_fresh_processes_with_one_seed_give_one_log(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"seed": 7, "faults": FAULTS}))

    first_logs, first_answers = run_as_process("1", plan, 150)
    second_logs, second_answers = run_as_process("2", plan, 150)

    assert first_logs["fired"] == second_logs["fired"]
    assert first_logs["requests"] == second_logs["requests"]
    assert first_answers == second_answers
    assert len(first_answers) > 300
    assert {entry["action"] for entry in first_logs["fired"]} == {
        fault.get("action", "status") for fault in FAULTS
    }
    assert len(first_logs["requests"]["by_kind"]) >= 8
    assert first_logs["requests"]["daily"]["max"] == 15_000
