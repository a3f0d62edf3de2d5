"""`python -m sandbox`: the local org on the command line.

Owns exit codes: 0 done, 1 something was checked or refused and is wrong, 2 it could not start or
was asked for nonsense.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from sandbox.cli.commands import COMMANDS

_ABOUT = """\
A Salesforce org on this machine, loaded from SFDX metadata; loopback only.

  python -m sandbox serve --metadata my-sfdx-project    starts one
  python -m sandbox shell                               asks it

What it is, and what it is not: sandbox/README.md. What it has: sandbox/COVERAGE.md.
"""
_AFTERWORD = """\
`python -m sandbox COMMAND --help` tells each command's examples, exit codes and files.
Exit codes: 0 done, 1 something is wrong or was refused, 2 it could not start.
"""
_NO_COMMAND = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = make_parser()
    given = parser.parse_args(arguments)
    if given.command is None:
        print("Say what to do; here is what there is.\n", file=sys.stderr)
        parser.print_help(sys.stderr)
        return _NO_COMMAND
    code: int = given.command(given)
    return code


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands; `command` is the Command given, or None."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description=_ABOUT,
        epilog=_AFTERWORD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=None)
    parsers = parser.add_subparsers(metavar="COMMAND", title="commands")
    for command in COMMANDS:
        own = parsers.add_parser(
            command.name,
            help=command.summary,
            description=command.text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(own)
        own.set_defaults(command=command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
