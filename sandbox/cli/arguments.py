"""The arguments and options of each command.

Owns their names and defaults. It imports next to nothing, so that help comes at once.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sandbox.bulk.dialect import DELIMITERS
from sandbox.editions import BASE_CALLS, EDITIONS

DEFAULT_URL = "http://127.0.0.1:8080"
_EDITION_HELP = f"whose daily limit holds: {', '.join(EDITIONS)}"


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Where to listen, what to load, where to keep it, and the org's limits."""
    parser.add_argument("--port", type=int, default=8080, help="plain HTTP, 0 = any (%(default)s)")
    parser.add_argument("--tls-port", type=int, default=8443, help="HTTPS, 0 = any (%(default)s)")
    parser.add_argument("--proxy-port", type=int, help="CONNECT proxy for *.salesforce.com")
    parser.add_argument(
        "--metadata", action="append", default=[], metavar="FOLDER", help="SFDX folder; repeatable"
    )
    parser.add_argument("--data", metavar="DIR", help="where data and certificates live")
    parser.add_argument("--edition", metavar="NAME", choices=EDITIONS, help=_EDITION_HELP)
    parser.add_argument(
        "--licences", type=int, default=1, metavar="N", help="of the edition (%(default)s)"
    )
    parser.add_argument(
        "--daily-limit", type=int, metavar="N", help=f"API calls per 24 hours ({BASE_CALLS})"
    )
    parser.add_argument(
        "--session-lifetime-s", type=int, help="seconds of org time until a token expires (never)"
    )
    parser.add_argument(
        "--clock", metavar="TIME", help="where the org's clock starts (2026-03-01T07:00:00+01:00)"
    )
    parser.add_argument("--frozen", action="store_true", help="the clock stands still there")
    parser.add_argument(
        "--faults", type=Path, metavar="FILE", help="fault plan in JSON, in force from the start"
    )
    parser.add_argument(
        "--outbound-endpoint",
        metavar="URL",
        help="loopback address that all outbound messages go to (only messages whose own is one)",
    )


def add_shell(parser: argparse.ArgumentParser) -> None:
    """Which org, as whom, and how answers are printed."""
    _add_running_org(parser)
    parser.add_argument("--token", help="an access token; the shell logs in by itself without one")
    parser.add_argument("--user", help="log in as this user (default: the administrator)")
    _add_own_org(parser)
    parser.add_argument(
        "-e", "--execute", action="append", metavar="STATEMENT", help="run this; repeatable"
    )
    parser.add_argument("--json", action="store_true", help="print each answer as a line of JSON")
    parser.add_argument(
        "--limit", type=_read_limit, default=200, help="rows of a query at most (%(default)s)"
    )


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Which files, what they hold, and into which org."""
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="data plans (.json), or tables (.csv)"
    )
    parser.add_argument("--object", help="the object of the CSV files, if not their names")
    parser.add_argument(
        "--delimiter", choices=sorted(DELIMITERS), default="COMMA", help="of CSV files (COMMA)"
    )
    parser.add_argument(
        "--keep-going", action="store_true", help="store the good rows of CSV files all the same"
    )
    parser.add_argument("--user", help="store CSV rows in this user's name (default: the loader)")
    _add_running_org(parser)
    _add_own_org(parser)


def add_snapshot(parser: argparse.ArgumentParser) -> None:
    """The name, and which org."""
    parser.add_argument("name", help="letters, digits, - and _")
    parser.add_argument("--replace", action="store_true", help="overwrite one of the same name")
    _add_places(parser)


def add_restore(parser: argparse.ArgumentParser) -> None:
    """The name, and which org."""
    parser.add_argument("name", help="as `snapshots` lists it")
    _add_places(parser)


def add_snapshots(parser: argparse.ArgumentParser) -> None:
    """What to do with them, and which org."""
    parser.add_argument("--delete", metavar="NAME", help="delete this one instead of listing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    _add_places(parser)


def add_check(parser: argparse.ArgumentParser) -> None:
    """The folder."""
    parser.add_argument("folder", type=Path, help="an SFDX project or a source folder")


def add_conformance(parser: argparse.ArgumentParser) -> None:
    """The language and the cases."""
    parser.add_argument("language", choices=["formula", "soql"])
    parser.add_argument("file", type=Path, help="a JSON list of cases")


def add_coverage(_: argparse.ArgumentParser) -> None:
    """Nothing."""


def _add_running_org(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--url", help=f"the org that runs (default {DEFAULT_URL})")


def _add_own_org(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--metadata",
        action="append",
        default=[],
        metavar="FOLDER",
        help="start an org for this command from an SFDX folder; repeatable",
    )
    parser.add_argument(
        "--data", metavar="DIR", help="the data of that org; in memory when not given"
    )


def _add_places(parser: argparse.ArgumentParser) -> None:
    places = parser.add_mutually_exclusive_group()
    _add_running_org(places)
    places.add_argument("--data", metavar="DIR", help="a data folder that no org uses")


def _read_limit(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)
