"""Node's jsforce, fetched once by its lock file into a folder that git ignores.

Owns when the tests of jsforce are skipped: without Node, or without a package registry.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

HERE = Path(__file__).parent
OLDEST_NODE = 18
_FETCH_S = 300


@dataclass(frozen=True)
class Jsforce:
    """Node, and the folder with jsforce and all that it needs."""

    node: str
    modules: Path


def find_jsforce() -> Jsforce:
    """What runs jsforce; skips the test, with the reason, where there is none."""
    return Jsforce(_find_node(), _fetch_jsforce())


def _find_node() -> str:
    node = shutil.which("node")
    if node is None:
        pytest.skip("jsforce: there is no node on this machine")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        pytest.skip(f"jsforce: it needs Node {OLDEST_NODE} or newer, this is {version.strip()}")
    return node


def _fetch_jsforce() -> Path:
    # The folder is named after the lock, so that a new lock is a new folder, and it takes its name
    # only when it is whole, so that an interrupted fetch leaves nothing half-done behind.
    lock = (HERE / "package-lock.json").read_bytes()
    folder = ROOT / ".local" / "jsforce" / hashlib.sha256(lock).hexdigest()[:12]
    if not folder.is_dir():
        _fetch_into(folder)
    return folder / "node_modules"


def _fetch_into(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("jsforce: there is no npm on this machine")
    draft = folder.with_name(f"{folder.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, draft)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries", "1"]
    try:
        done = subprocess.run(
            command, cwd=draft, capture_output=True, text=True, timeout=_FETCH_S, check=False
        )
        why = done.stderr.strip()[-300:] if done.returncode else ""
    except subprocess.TimeoutExpired:
        why = f"it did not end within {_FETCH_S} s"
    if why:
        shutil.rmtree(draft)
        pytest.skip(f"jsforce: npm ci failed: {why}")
    draft.rename(folder)
