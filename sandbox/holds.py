"""Requests that stand still until a test lets them go on.

Owns the barrier behind the fault action `hook`: it makes races repeatable, because a test can edit
a record exactly while another client's request is under way.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

#: A request held longer is an accident in a test; it fails loudly instead of hanging the run.
LONGEST_HOLD_S = 60.0


@dataclass(eq=False)
class _Waiter:
    name: str
    facts: dict[str, object]
    gate: threading.Event = field(default_factory=threading.Event)


class Holds:
    """All requests that are being held, by name."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiters: list[_Waiter] = []

    def hold(self, name: str, facts: dict[str, object]) -> bool:
        """Stand still until `name` is released; False when nobody did in LONGEST_HOLD_S."""
        waiter = _Waiter(name, facts)
        with self._changed:
            self._waiters.append(waiter)
            self._changed.notify_all()
        was_released = waiter.gate.wait(LONGEST_HOLD_S)
        with self._changed:
            self._waiters.remove(waiter)
        return was_released

    def wait_for(self, name: str, timeout_s: float) -> bool:
        """Wait until some request is held under `name`; False when none came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: name in self._names(), timeout_s)

    def release(self, name: str) -> int:
        """Let the requests that are held under `name` go on; how many there were."""
        with self._changed:
            going = [w for w in self._waiters if w.name == name and not w.gate.is_set()]
            for waiter in going:
                waiter.gate.set()
            return len(going)

    def release_all(self) -> None:
        """Let everybody go on."""
        with self._changed:
            for waiter in self._waiters:
                waiter.gate.set()

    def as_json(self) -> list[dict[str, object]]:
        """The held requests: `hold` and the facts that came with each."""
        with self._changed:
            return [{"hold": w.name, **w.facts} for w in self._waiters if not w.gate.is_set()]

    def _names(self) -> set[str]:
        return {w.name for w in self._waiters if not w.gate.is_set()}
