"""Starts and stops the programs of the rehearsal: the local org, the CLI, the worker.

Owns their environment: each gets only the settings that a newcomer's laptop has, so that nothing
exported in the shell changes the outcome.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
#: Variables that programs need to run at all; everything else of the shell stays outside.
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "TERM", "COLUMNS")


@dataclass(frozen=True)
class LocalOrg:
    """A running local org, as its start line describes it."""

    start: dict[str, str]
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        """Plain HTTP address."""
        return self.start["url"]


def base_environment() -> dict[str, str]:
    """The shell's environment without anything that could steer our programs."""
    return {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}


def product_environment(org: LocalOrg, folder: Path) -> dict[str, str]:
    """Settings of the backoffice for this rehearsal."""
    return base_environment() | {
        "SALESFORCE_URL": org.url,
        "SALESFORCE_CLIENT_ID": org.start["client_id"],
        "SALESFORCE_CLIENT_SECRET": org.start["client_secret"],
        "DATABASE_URL": f"sqlite:///{folder / 'backoffice.db'}",
        "SELECTION_TICK_S": "1",
        "LOG_FORMAT": "text",
    }


def free_port() -> int:
    """A loopback port that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def run_local_org(folder: Path) -> Iterator[LocalOrg]:
    """A local org with the project's metadata, stopped at the end whatever happens."""
    command = [sys.executable, "-m", "sandbox", "serve", "--metadata", "salesforce"]
    command += ["--port", str(free_port()), "--tls-port", str(free_port())]
    command += ["--data", str(folder / "org")]
    with (folder / "org.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=base_environment(), stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            yield LocalOrg(read_start_line(process, folder / "org.log"), process)
        finally:
            stop(process)


def read_start_line(process: subprocess.Popen[str], log: Path) -> dict[str, str]:
    """The JSON line that the local org prints when it is ready."""
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise SystemExit(f"The local org did not start:\n{log.read_text()}")
    start: dict[str, str] = json.loads(line)
    return start


@contextmanager
def run_worker(environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The real worker process, `python -m jobs`, logging to a file."""
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jobs"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            stop(process)


def stop(process: subprocess.Popen[Any]) -> None:
    """End a program politely, then firmly."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def run_flask(environment: dict[str, str], *arguments: str) -> str:
    """Output of one CLI command; the rehearsal ends with its message when the command fails."""
    done = subprocess.run(
        [sys.executable, "-m", "flask", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        command = " ".join(arguments)
        raise SystemExit(
            f"flask {command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return done.stdout
