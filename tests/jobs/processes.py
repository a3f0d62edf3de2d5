"""Real worker processes, and what they log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from config.settings import variables

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120.0
T = TypeVar("T")


def clean_environment(folder: Path, **given: str) -> dict[str, str]:
    """No setting of this machine, or of a `.env`, gets through."""
    unset = {field.name.upper(): "" for field in variables()}
    return unset | {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "error",
        "ENVIRONMENT": "test",
        "SELECTION_TICK_S": "0.2",
        **given,
    }


class WorkerProcess:
    """One `python -m jobs`. Its log is a file, so that nothing blocks when nobody reads."""

    def __init__(self, folder: Path, name: str, module: str = "jobs", **environment: str) -> None:
        self._log = folder / f"{name}.log"
        self._errors = folder / f"{name}.err"
        with self._log.open("w") as out, self._errors.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env=clean_environment(folder, **environment),
                stdout=out,
                stderr=err,
            )

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    @property
    def errors(self) -> str:
        return self._errors.read_text()

    def log(self, message: str | None = None, **facts: object) -> list[dict[str, Any]]:
        """Complete log lines with that message and those facts."""
        complete = self._log.read_text().rpartition("\n")[0]
        lines = [json.loads(line) for line in complete.splitlines()]
        return [
            line
            for line in lines
            if message in {None, line["message"]}
            and all(line.get(name) == value for name, value in facts.items())
        ]

    def told(self) -> list[str]:
        """Messages of warnings and errors, in order."""
        return [line["message"] for line in self.log() if line["level"] in ("WARNING", "ERROR")]

    def wait_for(self, message: str, **facts: object) -> dict[str, Any]:
        """The first such log line, once it is there."""
        return until(lambda: next(iter(self.log(message, **facts)), None), self._tell)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends the signal and answers the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        return self.process.wait(PATIENCE_S)

    def _tell(self) -> str:
        return self._log.read_text() + self.errors


def until(look: Callable[[], T | None], tell: Callable[[], str] = str) -> T:
    """The first thing found; fails after two minutes, with what `tell` says."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {PATIENCE_S} s in vain; {tell()}")
