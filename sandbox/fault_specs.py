"""Reads faults from JSON, and refuses what it does not understand.

Owns that strictness: a misspelt key that is ignored would let a test pass for nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from decimal import Decimal

from sandbox.fault import DEFAULTS, INNER_ACTIONS, PLANNED_ACTIONS, Fault, FaultAction
from sandbox.org.errors import OrgError, not_implemented, refuse


def read_fault(spec: Mapping[str, object]) -> Fault:
    """A fault from its JSON form. Raises OrgError INVALID_FAULT naming the key that is wrong."""
    values = {name: value for name, value in spec.items() if value is not None}
    action = _read_action(values)
    unknown = sorted(set(values) - set(DEFAULTS))
    if unknown:
        known = ", ".join(sorted(DEFAULTS))
        raise _invalid(f"does not know {', '.join(unknown)}; it knows action, {known}")
    values["call"] = _read_calls(values.get("call"))
    values |= {name: _read_number(name, values[name]) for name in _FRACTIONS & set(values)}
    for name, kind in _TYPES.items():
        # The exact type: in Python a bool is an int too.
        if name in values and type(values[name]) is not kind:
            raise _invalid(f"has {name} {values[name]!r}, which must be a {kind.__name__}")
    for name in ("path", "request_body"):
        _check_pattern(name, str(values.get(name, "")))
    fault = Fault(action=action, **values)  # type: ignore[arg-type]
    fault.die = random.Random(fault.seed)  # noqa: S311 - repeatable on purpose
    _check_meaning(fault)
    return fault


_TYPES: dict[str, type] = {
    "path": str,
    "request_body": str,
    "method": str,
    "kind": str,
    "user": str,
    "times": int,
    "seed": int,
    "inner": bool,
    "status": int,
    "error_code": str,
    "message": str,
    "hold": str,
    "when": str,
}


def _read_action(values: dict[str, object]) -> FaultAction:
    implied = "latency" if "latency_s" in values else "status" if "status" in values else None
    name = str(values.pop("action", implied))
    if name in PLANNED_ACTIONS:
        raise not_implemented(f"fault {name}")
    try:
        return FaultAction(name)
    except ValueError:
        known = ", ".join(FaultAction)
        raise _invalid(f"has action {name!r}, which is none of {known}") from None


def _read_calls(value: object) -> tuple[int, ...]:
    calls = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(call, int) and call > 0 for call in calls):
        raise _invalid(f"has call {value!r}, which must be a number from 1 or a list of them")
    return tuple(calls)


_FRACTIONS = {"probability", "latency_s", "delay_s"}
#: A year; no clock and no calendar takes just any number of seconds.
_LONGEST_S = 366 * 86_400


def _read_number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or value < 0:
        raise _invalid(f"has {name} {value!r}, which must be a number from 0")
    if value > _LONGEST_S:
        raise _invalid(f"has a {name} over {_LONGEST_S} seconds")
    return float(value)


def _check_pattern(name: str, value: str) -> None:
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise _invalid(f"has {name} {value!r}, which is no regular expression: {error}") from error


def _check_meaning(fault: Fault) -> None:
    if fault.inner and fault.action not in INNER_ACTIONS:
        raise _invalid(f"has action {fault.action}, which cannot hit inside a call (inner)")
    if fault.inner and fault.action is FaultAction.STATUS and not fault.error_code:
        raise _invalid("with action status inside a call (inner) needs an error_code")
    if fault.action is FaultAction.HOOK and not fault.hold:
        raise _invalid("with action hook needs a name in hold")
    if fault.when not in {"before", "after"}:
        raise _invalid(f"has when {fault.when!r}, which must be before or after")
    if fault.action is FaultAction.STATUS and not 300 <= fault.status <= 599:
        raise _invalid(f"has status {fault.status}, which must be between 300 and 599")


def _invalid(what: str) -> OrgError:
    return refuse("INVALID_FAULT", f"The fault {what}.")
