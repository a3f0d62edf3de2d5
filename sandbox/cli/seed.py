"""The command `seed`: data plans and CSV files into an org.

Owns the reading of the files and the telling of what became of them.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sandbox.api import jsonio
from sandbox.cli.client import CannotBeginError, OrgClient, RefusedError
from sandbox.cli.outcomes import DONE, WRONG
from sandbox.cli.reaching import reach_org
from sandbox.plan_files import fill_in_files


def run_seed(given: argparse.Namespace) -> int:
    """Load the files, all or nothing."""
    suffixes = {path.suffix.lower() for path in given.files}
    if suffixes == {".csv"}:
        return _seed_tables(given)
    if suffixes == {".json"}:
        if given.object or given.keep_going or given.user:
            raise CannotBeginError("--object, --keep-going and --user are for CSV files only.")
        return _seed_plans(given)
    raise CannotBeginError("Give data plans (.json) or tables (.csv), one kind at a time.")


def _seed_plans(given: argparse.Namespace) -> int:
    plan = [entry for path in given.files for entry in _read_plan(path)]
    with _reach(given) as client:
        stored = client.control("POST", "seed", plan)
        print(f"Records stored: {stored['created']}.")
    return DONE


def _read_plan(path: Path) -> Sequence[object]:
    plan = fill_in_files(jsonio.loads(path.read_bytes()), [path.parent])
    return plan if isinstance(plan, list) else [plan]


def _seed_tables(given: argparse.Namespace) -> int:
    body: dict[str, object] = {
        "tables": [_read_table(path, given) for path in given.files],
        "keep_going": given.keep_going,
    }
    if given.user:
        body["as"] = given.user
    with _reach(given) as client:
        report = _load(client, body)
    _tell(report)
    return WRONG if report["problems"] else DONE


def _read_table(path: Path, given: argparse.Namespace) -> dict[str, str]:
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise CannotBeginError(f"{path} is not UTF-8 text: {error}") from error
    return {
        "file": str(path),
        "sobject": given.object or path.stem,
        "csv": text,
        "delimiter": given.delimiter,
    }


def _reach(given: argparse.Namespace) -> AbstractContextManager[OrgClient]:
    # The loader's name goes into the load, not into a login.
    return reach_org(argparse.Namespace(url=given.url, metadata=given.metadata, data=given.data))


def _load(client: OrgClient, body: Mapping[str, object]) -> dict[str, Any]:
    try:
        report = client.control("POST", "seed/tables", body)
    except RefusedError as error:
        if not isinstance(error.body, dict) or "problems" not in error.body:
            raise
        report = error.body
    return dict(report)


def _tell(report: Mapping[str, Any]) -> None:
    for problem in report["problems"]:
        cell = f" {problem['column']} = {problem['value']!r}" if problem["column"] else ""
        place = f"{problem['file']}, line {problem['line']}:{cell}"
        print(f"{place} {problem['reason']}", file=sys.stderr)
    stored = Counter(report["created"])
    names = ", ".join(f"{name} {count}" for name, count in stored.items())
    refused = f" Rows refused: {report['refused_rows']}." if report["refused_rows"] else ""
    print(f"Records stored: {stored.total()}{f' ({names})' if names else ''}.{refused}")
