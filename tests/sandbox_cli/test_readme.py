"""The local org's README says nothing that the code does not do."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import cli
from sandbox.__main__ import make_parser
from sandbox.cli.commands import COMMANDS
from sandbox.fault import FaultAction
from sandbox.server import LocalOrgServer
from tests.conftest import ROOT
from tests.sandbox_api.clients import RestClient

README = Path(cli.__file__).parent.parent / "README.md"
TEXT = README.read_text()


def named_commands() -> Iterator[str]:
    """What the README tells people to type, without redirections."""
    found = re.findall(r"`python -m sandbox ([^`]+)`|^\$ python -m sandbox (.+)$", TEXT, re.M)
    for inline, block in found:
        command = re.split(r" [<>] ", inline or block)[0]
        if not command.startswith("COMMAND"):
            yield command


def test_the_readme_shows_every_command() -> None:
    shown = {command.split()[0] for command in named_commands()}

    assert shown == {command.name for command in COMMANDS}


@pytest.mark.parametrize("command", sorted(set(named_commands())))
def test_a_command_of_the_readme_is_understood(command: str) -> None:
    arguments = shlex.split(command)

    given = make_parser().parse_args(arguments)

    assert given.command.name == arguments[0]


def test_an_option_of_the_readme_exists() -> None:
    parser = make_parser()
    helps = "".join(
        sub.format_help()
        for action in parser._subparsers._group_actions  # type: ignore[union-attr]
        for sub in action.choices.values()  # type: ignore[union-attr]
    )
    ours = re.sub(r"^\$ (sf|curl|HTTPS_PROXY).*$", "", TEXT, flags=re.M)
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours)) - {"--help"}

    assert {"--metadata", "--keep-going", "--delete"} <= options
    assert [option for option in sorted(options) if option not in helps] == []


def test_the_faults_of_the_readme_exist() -> None:
    table = TEXT.partition("| `action` |")[2].partition("\n\n")[0]
    names = "".join(row.split("|")[1] for row in table.splitlines()[2:])
    named = set(re.findall(r"`(\w+)`", names))

    assert {"status", "hook"} <= named
    assert named <= {str(action) for action in FaultAction}


def test_the_python_of_the_readme_runs(org: LocalOrgServer, tmp_path: Path) -> None:
    [code] = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    (tmp_path / "org.json").write_text(json.dumps(org.start_line))
    with RestClient(org, "admin@manufaktura.example") as rest:
        rest.create("Account", {"Name": "Aurora"})

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


def test_the_links_of_the_readme_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)

    assert len(links) >= 3
    assert [link for link in links if not (README.parent / link).exists()] == []
    assert (ROOT / "salesforce/data/sample-data-plan.json").is_file()
