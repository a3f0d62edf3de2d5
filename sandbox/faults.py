"""The faults in force and the log of those that fired.

Owns the plan that tests script through `/_sandbox/faults`. Every fault that fires is logged with
the request it hit, so that a test can tell a survived failure from one that never came. The log
holds no time and no token: two runs of one plan over the same requests give the same log.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from sandbox.counters import mask_tokens
from sandbox.fault import Fault, Target
from sandbox.fault_specs import read_plan
from sandbox.holds import Holds
from sandbox.org.errors import refuse


class FaultPlan:
    """The faults in force and the log of those that fired. `kinds` are the kinds of calls."""

    def __init__(self, kinds: Iterable[str]) -> None:
        self.kinds = frozenset(kinds)
        self._lock = threading.Lock()
        self._here = threading.local()
        self._faults: list[Fault] = []
        self._fired: list[dict[str, object]] = []
        self._count = 0
        self.holds = Holds()

    def add(self, given: object) -> list[Fault]:
        """Put a fault, a list of faults or a plan with a seed into force; all of it or nothing.

        Raises OrgError when a key or value is not understood: a plan that means nothing would let
        a test pass for nothing.
        """
        faults = read_plan(given)
        strange = sorted({fault.kind for fault in faults if fault.kind} - self.kinds)
        if strange:
            known = ", ".join(sorted(self.kinds))
            raise refuse("INVALID_FAULT", f"No call is of kind {', '.join(strange)}; {known}.")
        with self._lock:
            for fault in faults:
                self._count += 1
                fault.id = f"f{self._count}"
            self._faults += faults
        return faults

    def enter(self, request_number: int | None) -> None:
        """What this thread fires from now on belongs to the request with this number."""
        self._here.request_number = request_number

    def fire(self, target: Target) -> list[Fault]:
        """The faults that hit `target`, in the order in which they were added; each is logged."""
        if not self._faults:
            return []
        with self._lock:
            hits = [fault for fault in self._faults if fault.hits(target)]
            for fault in hits:
                self._fired.append(
                    {
                        "id": fault.id,
                        "action": str(fault.action),
                        "method": target.method,
                        "path": mask_tokens(target.path),
                        "kind": target.kind,
                        "user": target.user,
                        "call": fault.matched,
                        "inner": target.inner,
                        # What the org sends itself answers no request.
                        "request": None if target.outbound else self._request_number,
                    }
                )
            return hits

    @property
    def _request_number(self) -> int | None:
        return getattr(self._here, "request_number", None)

    def fire_inner(self, target: Target) -> None:
        """Raise the OrgError of a fault that hits a subrequest or a row, if one does."""
        for fault in self.fire(target):
            raise fault.error()

    @property
    def has_inner(self) -> bool:
        """True when some fault looks inside composite calls; spares the others the work."""
        return any(fault.inner for fault in self._faults)

    def clear(self) -> None:
        """End all faults, forget the log, and let every held request go on."""
        with self._lock:
            self._faults.clear()
            self._fired.clear()
            self._count = 0
        self.holds.release_all()

    def as_json(self) -> dict[str, object]:
        """What `GET /_sandbox/faults` answers."""
        with self._lock:
            return {
                "faults": [fault.as_json() for fault in self._faults],
                "fired": list(self._fired),
                "waiting": self.holds.as_json(),
            }
