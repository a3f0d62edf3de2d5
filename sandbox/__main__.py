"""`python -m sandbox`: the local org on the command line.

Owns exit codes: 0 done, 1 something was checked and is wrong, 2 it could not start or was asked
for nonsense.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

DESCRIPTION = "A Salesforce org on this machine, loaded from SFDX metadata; loopback only."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = _make_parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = given.run
    return run(given)


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=DESCRIPTION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="start the org, print one JSON line, and serve"))
    check = commands.add_parser("check", help="check a metadata folder, as a deploy would and more")
    check.add_argument("folder", type=Path)
    check.set_defaults(run=_check)
    conformance = commands.add_parser("conformance", help="run a file of formula or SOQL cases")
    conformance.add_argument("language", choices=["formula", "soql"])
    conformance.add_argument("file", type=Path)
    conformance.set_defaults(run=_conformance)
    coverage = commands.add_parser("coverage", help="print what of Salesforce is here, as Markdown")
    coverage.set_defaults(run=_coverage)
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8080, help="plain HTTP, 0 = any (%(default)s)")
    parser.add_argument("--tls-port", type=int, default=8443, help="HTTPS, 0 = any (%(default)s)")
    parser.add_argument("--proxy-port", type=int, help="CONNECT proxy for *.salesforce.com")
    parser.add_argument(
        "--metadata", action="append", default=[], metavar="FOLDER", help="SFDX folder; repeatable"
    )
    parser.add_argument("--data", metavar="DIR", help="where data and certificates live")
    parser.add_argument(
        "--daily-limit", type=int, default=100_000, help="API calls per 24 hours (%(default)s)"
    )
    parser.add_argument(
        "--session-lifetime-s", type=int, help="seconds of org time until a token expires (never)"
    )
    parser.add_argument(
        "--outbound-endpoint",
        metavar="URL",
        help="loopback address that all outbound messages go to (only messages whose own is one)",
    )
    parser.set_defaults(run=_serve)


def _serve(given: argparse.Namespace) -> int:
    from sandbox.serving import serve

    return serve(given)


def _check(given: argparse.Namespace) -> int:
    from sandbox.metadata import main as check_metadata

    return check_metadata(given.folder)


def _conformance(given: argparse.Namespace) -> int:
    if not given.file.is_file():
        print(f"There is no case file {given.file}.", file=sys.stderr)
        return 2
    from importlib import import_module

    run: Callable[[Path], int] = import_module(f"sandbox.conformance.{given.language}").run
    return run(given.file)


def _coverage(_: argparse.Namespace) -> int:
    from sandbox.coverage import render_coverage

    print(render_coverage(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
