"""Runs a program to its end and says what it cost: seconds, processor seconds, peak memory.

Owns where the figures come from: the kernel's account of that one process (`wait4`), so that
nothing inside the program needs to know that it is measured. Linux counts the peak of the process
that started it too, so this one has to stay small.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demo.processes import ROOT

#: `ru_maxrss` is in kilobytes on Linux and in bytes on macOS (getrusage(2) of either).
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Cost:
    """What one process took. Peak memory is its resident set, in MB of 1024² bytes."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str = ""


class ProgramFailed(Exception):
    """A measured program ended with an error; its last words are in the message."""


def measure(command: Sequence[str], environment: dict[str, str]) -> Cost:
    """The cost of a program that runs by itself to exit code 0. Raises ProgramFailed otherwise."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started_s = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=err)
        cost = wait_for(process, started_s)
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            words = (out.read() + err.read())[-2000:]
            raise ProgramFailed(f"{' '.join(command)} ended with {process.returncode}:\n{words}")
        return Cost(cost.wall_s, cost.cpu_s, cost.peak_mb, out.read())


def wait_for(process: subprocess.Popen[Any], started_s: float) -> Cost:
    """The cost of a process that ends now or later."""
    try:
        _, status, used = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(
        time.monotonic() - started_s,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss * RSS_UNIT / MEGABYTE,
    )


def measure_flask(environment: dict[str, str], *arguments: str) -> Cost:
    """The cost of one command of ours."""
    return measure([sys.executable, "-m", "flask", *arguments], environment)


def measure_rival(environment: dict[str, str], *arguments: str) -> Cost:
    """The cost of one script of `bench.rivals`."""
    return measure([sys.executable, "-m", "bench.rivals", *arguments], environment)
