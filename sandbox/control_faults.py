"""The part of the control plane that plans failures and holds requests.

Owns the JSON around the fault plan. How long a caller may wait for a hold is bounded, so that none
is left waiting for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import request

from sandbox.api.call import Answer
from sandbox.control_bodies import read_body, read_object
from sandbox.fault_help import describe_faults
from sandbox.org.errors import refuse

if TYPE_CHECKING:
    from sandbox.api.services import Services

_Action = tuple[str, list[str], Callable[..., Answer]]
#: Longest wait of `GET /_sandbox/faults?waiting_for=NAME`.
_LONGEST_WAIT_S = 60.0


def fault_actions(services: Services) -> list[_Action]:
    """Path, verbs and view of each action."""

    def clear() -> Answer:
        services.faults.clear()
        return Answer(204)

    return [
        ("/faults", ["GET"], lambda: _read_faults(services)),
        ("/faults", ["POST"], lambda: _add_faults(services)),
        ("/faults", ["DELETE"], clear),
        ("/faults/release", ["POST"], lambda: _release(services)),
    ]


def _read_faults(services: Services) -> Answer:
    if "help" in request.args:
        return Answer(body=describe_faults(services.faults.kinds))
    name = request.args.get("waiting_for")
    if name:
        timeout_s = min(request.args.get("timeout_s", 10.0, type=float), _LONGEST_WAIT_S)
        if not timeout_s >= 0:  # also NaN, which no clock ever reaches
            raise refuse("INVALID_INPUT", f"timeout_s must be a number from 0, got {timeout_s}")
        if not services.faults.holds.wait_for(name, timeout_s):
            raise refuse("CONFLICT", f"No request waited on hold {name} within {timeout_s} s.")
    return Answer(body=services.faults.as_json())


def _add_faults(services: Services) -> Answer:
    body = read_body()
    added = [fault.as_json() for fault in services.faults.add(body)]
    return Answer(201, added[0] if isinstance(body, dict) and "faults" not in body else added)


def _release(services: Services) -> Answer:
    name = read_object().get("hold")
    if not isinstance(name, str):
        raise refuse("INVALID_FAULT", 'Say which hold to release: {"hold": "name"}.')
    return Answer(body={"released": services.faults.holds.release(name)})
