"""Runs `python -m sandbox` as a person or a script does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

_PATIENCE_S = 120.0


def sandbox(
    *arguments: str | Path, stdin: str = "", cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """One command to its end; nothing of it may ever be a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", *map(str, arguments)],
        input=stdin,
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(cwd)},
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done
