"""The command `shell`: SOQL and REST, line by line.

Owns what a session does with an answer or a refusal: a person goes on after a mistake, and a pipe
does too but ends with exit code 1.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Mapping

from rich.console import Console

from sandbox.api import jsonio
from sandbox.cli.client import OrgClient, RefusedError
from sandbox.cli.completion import Completer
from sandbox.cli.outcomes import DONE, WRONG
from sandbox.cli.prompt import piped_lines, typed_lines
from sandbox.cli.reaching import reach_org
from sandbox.cli.rendering import as_json, show
from sandbox.cli.statements import HELP, UnknownStatementError, execute

_PIPED_WIDTH = 160
_ENDS = ("quit", "exit")


def run_shell(given: argparse.Namespace) -> int:
    """Answer statements until there are no more; 1 when one that nobody typed was refused."""
    with reach_org(given) as client:
        client.data("GET", "")  # so that a missing org or a bad token is told at once
        if given.execute:
            return _answer_all(client, given.execute, given)
        if not sys.stdin.isatty():
            return _answer_all(client, piped_lines(), given)
        print(f"Speaking to {client.url}; `help` lists what may be typed, Tab completes.")
        _answer_all(client, typed_lines(Completer(client)), given)
    return DONE


def _answer_all(client: OrgClient, lines: Iterable[str], given: argparse.Namespace) -> int:
    console = _console()
    code = DONE
    for line in _statements(lines):
        if line == "help":
            _explain(console)
        elif not _answer(client, console, line, given):
            code = WRONG
    return code


def _statements(lines: Iterable[str]) -> Iterator[str]:
    """The lines that say something, up to the one that ends the session."""
    for line in map(str.strip, lines):
        if line.lower().removesuffix(";") in _ENDS:
            return
        if line and not line.startswith(("#", "--")):
            yield line


def _answer(client: OrgClient, console: Console, line: str, given: argparse.Namespace) -> bool:
    """Whether the org did what the line says; if not, its words are told."""
    try:
        answer = execute(client, line, given.limit)
    except RefusedError as error:
        told = {"error": {"status": error.status, "answer": error.body}}
        _tell_refusal(str(error), told, given)
        return False
    except UnknownStatementError as error:
        _tell_refusal(str(error), {"error": {"message": str(error)}}, given)
        return False
    if given.json:
        print(as_json(answer), flush=True)
    else:
        show(console, answer)
    return True


def _tell_refusal(text: str, told: Mapping[str, object], given: argparse.Namespace) -> None:
    if given.json:
        print(jsonio.dumps(told).decode(), flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


def _explain(console: Console) -> None:
    width = max(map(len, HELP))
    for statement, meaning in HELP.items():
        console.print(f"  {statement.ljust(width)}  {meaning}", markup=False, highlight=False)


def _console() -> Console:
    # A pipe has no width: room for a table of a dozen columns, unless COLUMNS says otherwise.
    is_piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(width=_PIPED_WIDTH if is_piped else None)
