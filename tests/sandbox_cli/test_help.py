"""What the commands say of themselves."""

from __future__ import annotations

import pytest

from sandbox.cli.commands import COMMANDS, Command
from tests.sandbox_cli.processes import sandbox


def test_without_a_command_the_commands_are_listed() -> None:
    done = sandbox()

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Say what to do; here is what there is.\n")
    for command in COMMANDS:
        assert f"    {command.name} " in done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_command_tells_examples_and_exit_codes(command: Command) -> None:
    name = command.name

    done = sandbox(name, "--help")

    assert done.returncode == 0
    assert f"  python -m sandbox {name}" in done.stdout
    assert "example" in done.stdout
    assert "exit code" in done.stdout
