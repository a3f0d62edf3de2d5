"""What holds for every command and every table: names, rehearsals, lists for programs."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import click

from app import COMMAND_MODULES
from config.database import Base

#: What a table's name begins with; the prefix tells whose it is (docs/architecture.md).
PREFIXES = ("sf_", "sync_", "outbox_", "inbox_", "job_", "ledger_", "voucher_", "import_")

#: Commands that change the org or the replica.
WRITING_COMMANDS = (
    "import apply",
    "jobs run",
    "outbox drop",
    "outbox retry",
    "select run",
    "sync conflicts resolve",
    "sync pull",
    "sync push",
    "sync reconcile",
)
#: Commands for a release and for developers; their answer is the state of the tables.
MIGRATING_COMMANDS = {"db revision", "db upgrade"}


def test_modules_of_the_table_share_a_name_only_where_they_share_the_group() -> None:
    groups = {
        id(group): group.name
        for group in (importlib.import_module(module).group for module in COMMAND_MODULES)
    }

    assert len(set(groups.values())) == len(groups)
    assert {"db", "doctor", "sync"} <= set(groups.values())


def test_every_table_says_by_its_prefix_whose_it_is() -> None:
    for module in COMMAND_MODULES:
        importlib.import_module(module)

    assert {"sf_order", "sync_state", "outbox_write"} <= set(Base.metadata.tables)
    for name in Base.metadata.tables:
        assert name.startswith(PREFIXES), name


def test_every_command_that_writes_can_be_rehearsed_and_every_list_is_for_programs_too() -> None:
    groups = [importlib.import_module(module).group for module in COMMAND_MODULES]
    commands = {name: options for group in groups for name, options in _walk(group, "")}

    for name in WRITING_COMMANDS:
        assert "dry_run" in commands[name], name
    for name in commands.keys() - MIGRATING_COMMANDS:
        assert "as_json" in commands[name], name


def _walk(command: click.Command, above: str) -> Iterator[tuple[str, set[str | None]]]:
    """Every command at and below this one by its words, with the names of its options."""
    words = f"{above} {command.name}".strip()
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from _walk(each, words)
    else:
        yield words, {option.name for option in command.params}
