"""How big a benchmark is, and how it says where it stands."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

#: Tells a person what is being done now.
Say = Callable[[str], None]


@dataclass(frozen=True)
class Scale:
    """Numbers of records. The defaults are those that the bars are set for."""

    orders: int = 1000
    proposals: int = 10  #: of each order
    rival_orders: int = 100  #: orders of a rival that makes a call per record


def speaker(name: str) -> Say:
    """Progress on stderr, with the seconds since the benchmark began."""
    started_s = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - started_s:5.1f} s] {name}: {what}", file=sys.stderr)

    return say
