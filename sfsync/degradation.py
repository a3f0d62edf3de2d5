"""What gives way, and when, as API calls become scarce.

Owns two tables: how important each purpose is, and the steps by which work is thinned out before
it stops. A step is reached by the share of our ceiling that is used, and left only some points
below, so that the system does not swing between two of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

#: How many points below its beginning a step ends.
BACK_POINTS = 5


class Priority(Enum):
    """How long a purpose keeps its calls."""

    LOW = "low"  #: looks after things; a day without it is no harm
    SYNC = "sync"  #: keeps both sides alike; catches up later
    LAST = "last"  #: the morning's decisions, which customers wait for


#: Purposes as `sfsync.usage.purpose` names them. What is not named here gives way first.
PRIORITIES: Mapping[str, Priority] = {
    "selection": Priority.LAST,
    "push": Priority.SYNC,
    "pull": Priority.SYNC,
    "formulas": Priority.SYNC,
    "notes": Priority.SYNC,
    "import": Priority.SYNC,
    "told": Priority.LOW,
    "reconcile": Priority.LOW,
    "sweep": Priority.LOW,
    "doctor": Priority.LOW,
    "other": Priority.LOW,
}


@dataclass(frozen=True)
class Step:
    """One step of thinning out. Each has everything that the steps before it have."""

    name: str
    from_percent: int  #: of our ceiling
    tells: str  #: what is different, for people
    stretch: Mapping[str, int] = field(default_factory=dict)  #: by job: every how manieth slot runs
    prefers_bulk: bool = False
    paused: frozenset[Priority] = frozenset()


SPARING = {"pull": 4, "push": 4}

STEPS: tuple[Step, ...] = (
    Step("normal", 0, "nothing gives way"),
    Step("sparing", 60, "pull and push run every fourth time", SPARING),
    Step("bulk first", 70, "exports replace pages where they take fewer calls", SPARING, True),
    Step(
        "essentials",
        80,
        "reconciliation, sweeps, checks and unnamed work pause",
        SPARING,
        True,
        frozenset({Priority.LOW}),
    ),
    Step(
        "selection only",
        90,
        "pull, push and imports pause",
        SPARING,
        True,
        frozenset({Priority.LOW, Priority.SYNC}),
    ),
    Step("stopped", 100, "no call is sent", SPARING, True, frozenset(Priority)),
)
BY_NAME: Mapping[str, Step] = {step.name: step for step in STEPS}


def priority_of(purpose: str) -> Priority:
    """How important a purpose is."""
    return PRIORITIES.get(purpose, Priority.LOW)


def top_percent(purpose: str) -> int:
    """Up to which percentage of our ceiling a purpose may use calls."""
    priority = priority_of(purpose)
    return next(step.from_percent for step in STEPS if priority in step.paused)


def choose_step(percent: float, present: Step) -> Step:
    """The step for that percentage of our ceiling, coming from the step `present`.

    Up at once; down only when it is BACK_POINTS below the beginning of the step.
    """
    up = _highest(percent)
    down = _highest(percent + BACK_POINTS)
    return STEPS[min(max(STEPS.index(present), up), down)]


def _highest(percent: float) -> int:
    return max(n for n, step in enumerate(STEPS) if n == 0 or step.from_percent <= percent)
