"""Command groups that import a module when one of its commands is asked for, and not before.

Owns that laziness. A run needs one noun, and the modules behind all of them take longer to import
than most commands take to run.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence

import click
from flask.cli import AppGroup

Modules = Mapping[str, Sequence[str]]


class LazyNouns(AppGroup):
    """The nouns of the command line.

    `modules` names, by noun, the modules of its commands: the first has the command, or the group,
    named `group`, to which the others add when they are imported.
    """

    def __init__(self, name: str, modules: Modules) -> None:
        super().__init__(name)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The nouns."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The noun of that name."""
        if cmd_name not in self._modules:
            return None
        first, *others = self._modules[cmd_name]
        command: click.Command = importlib.import_module(first).group
        return LazyVerbs(command, others) if isinstance(command, click.Group) else command


class LazyVerbs(click.Group):
    """The commands of a noun; those of its other modules are imported when one is asked for."""

    def __init__(self, group: click.Group, others: Sequence[str]) -> None:
        super().__init__(group.name, help=group.help)
        self._group = group
        self._others = others

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them."""
        self._import_others()
        return self._group.list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in self._group.commands:
            self._import_others()
        return self._group.get_command(ctx, cmd_name)

    def _import_others(self) -> None:
        for name in self._others:
            importlib.import_module(name)
