"""The commands that need no org: `check`, `conformance`, `coverage`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path


def run_check(given: argparse.Namespace) -> int:
    """Check a metadata folder; 1 when there are problems."""
    from sandbox.metadata import main

    return main(given.folder)


def run_conformance(given: argparse.Namespace) -> int:
    """Run a file of cases; 1 when one fails. Raises FileNotFoundError."""
    if not given.file.is_file():
        raise FileNotFoundError(f"There is no case file {given.file}.")
    run: Callable[[Path], int] = import_module(f"sandbox.conformance.{given.language}").run
    return run(given.file)


def run_coverage(_: argparse.Namespace) -> int:
    """Print what of Salesforce is here."""
    from sandbox.coverage import render_coverage

    print(render_coverage(), end="")
    return 0
