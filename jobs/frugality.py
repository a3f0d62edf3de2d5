"""Lets repeated jobs give way as API calls become scarce.

Owns which slots of a job are left out: under some steps of the budget only every so manieth runs,
and one that finds no call left is skipped, because the next slot does the same work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jobs.runtime import Runtime
from jobs.schedule import EPOCH, Skipped, Slot, Turn
from sfsync.errors import BudgetExhausted

Run = Callable[[Runtime, Turn], dict[str, Any]]


def sparing(name: str, run: Run) -> Run:
    """The job `run`, called `name` in the table of steps, so that it skips slots when it has to.

    Raises Skipped instead of BudgetExhausted: what was done until then stays.
    """

    def run_or_skip(runtime: Runtime, turn: Turn) -> dict[str, Any]:
        step = runtime.budget.look()
        every = step.stretch.get(name, 1)
        if number_of(turn.slot) % every:
            raise Skipped(f"In step '{step.name}' of the API budget {step.tells}.")
        try:
            return run(runtime, turn)
        except BudgetExhausted as error:
            raise Skipped(str(error)) from error

    return run_or_skip


def number_of(slot: Slot) -> int:
    """Which slot it is, counted from a fixed instant so that all workers agree."""
    return (slot.at - EPOCH) // (slot.until - slot.at)
