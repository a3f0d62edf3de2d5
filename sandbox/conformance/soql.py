"""Runs the SOQL conformance file: queries that the real parser accepts or refuses.

Owns the comparison. Only the parser is asked, because the names are of orgs that nobody has here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from sandbox.org.errors import OrgError
from sandbox.soql import parse

EXIT_FAILED, EXIT_BAD_FILE = 1, 2

Case = tuple[str, bool]


class BadFile(Exception):
    """The file is not a list of cases; the message says what is missing."""


def run(path: Path) -> int:
    """Print what fails, then `N passed, M failed`; give the exit code.

    The file is a JSON list of `{"soql": text, "valid": true or false}`. 0 when nothing failed, 1
    when something did, 2 when the file cannot be read as cases.
    """
    try:
        cases = _load(path)
    except (OSError, ValueError, BadFile) as error:
        print(f"Cannot read the SOQL cases in {path}: {error}")
        return EXIT_BAD_FILE
    failures = list(_failures(cases))
    for failure in failures:
        print(failure)
    print(f"{len(cases) - len(failures)} passed, {len(failures)} failed")
    return EXIT_FAILED if failures else 0


def _load(path: Path) -> list[Case]:
    entries = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(entries, list):
        raise BadFile("expected a JSON list of cases")
    return [_read_case(number, entry) for number, entry in enumerate(entries, start=1)]


def _read_case(number: int, entry: object) -> Case:
    soql = entry.get("soql") if isinstance(entry, dict) else None
    valid = entry.get("valid") if isinstance(entry, dict) else None
    if not isinstance(soql, str) or not isinstance(valid, bool):
        raise BadFile(f"case {number} needs soql (text) and valid (true or false)")
    return soql, valid


def _failures(cases: Sequence[Case]) -> Iterator[str]:
    for number, (soql, valid) in enumerate(cases, start=1):
        refusal = _refusal(soql)
        if valid and refusal:
            yield f"FAIL case {number} is valid but was refused: {soql}\n     {refusal}"
        elif not valid and refusal is None:
            yield f"FAIL case {number} is invalid but was accepted: {soql}"


def _refusal(soql: str) -> str | None:
    try:
        parse(soql)
    except OrgError as error:
        return " ".join(str(error).split())
    return None
