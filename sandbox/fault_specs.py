"""Reads faults from JSON, and refuses what it does not understand.

Owns that strictness: a misspelt key that is ignored would let a test pass for nothing.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Mapping
from decimal import Decimal

from sandbox.fault import (
    DEFAULTS,
    FRAMINGS,
    INNER_ACTIONS,
    OUTBOUND_ACTIONS,
    OUTBOUND_KIND,
    ROW_KIND,
    Fault,
    FaultAction,
)
from sandbox.org.errors import OrgError, refuse

_PLAN_KEYS = frozenset({"seed", "faults"})


def read_plan(given: object) -> list[Fault]:
    """The faults of a plan: one fault, a list of them, or `{"seed": N, "faults": [...]}`.

    A fault without a seed of its own gets one that is derived from the plan's seed and its place.
    Raises OrgError INVALID_FAULT; nothing of the plan may be in force then.
    """
    plan: Mapping[str, object] | None = None
    if isinstance(given, dict) and "faults" in given:
        plan = given
        _check_plan(plan)
    specs = plan["faults"] if plan else given if isinstance(given, list) else [given]
    if not isinstance(specs, list) or not all(isinstance(spec, dict) for spec in specs):
        raise refuse("INVALID_FAULT", "A fault is an object; several are a list of objects.")
    seed = plan.get("seed") if plan else None
    return [read_fault(_with_seed(spec, seed, place)) for place, spec in enumerate(specs)]


def _check_plan(plan: Mapping[str, object]) -> None:
    unknown = sorted(set(plan) - _PLAN_KEYS)
    if unknown:
        raise refuse("INVALID_FAULT", f"A plan holds seed and faults, not {', '.join(unknown)}.")
    seed = plan.get("seed")
    if type(seed) not in {int, type(None)}:
        raise refuse("INVALID_FAULT", f"A plan's seed is a whole number, not {seed!r}.")


def _with_seed(spec: Mapping[str, object], seed: object, place: int) -> Mapping[str, object]:
    if seed is None or spec.get("seed") is not None:
        return spec
    digest = hashlib.sha256(f"{seed}:{place}".encode()).digest()
    return {**spec, "seed": int.from_bytes(digest[:4])}


def read_fault(spec: Mapping[str, object]) -> Fault:
    """A fault from its JSON form. Raises OrgError INVALID_FAULT naming the key that is wrong."""
    values = {name: value for name, value in spec.items() if value is not None}
    action = _read_action(values)
    unknown = sorted(set(values) - set(DEFAULTS))
    if unknown:
        known = ", ".join(sorted(DEFAULTS))
        raise _invalid(f"does not know {', '.join(unknown)}; it knows action, {known}")
    values["call"] = _read_calls(values.get("call"))
    if isinstance(values.get("method"), str):
        values["method"] = str(values["method"]).upper()
    values |= {name: _read_number(name, values[name]) for name in _MOST.keys() & values.keys()}
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
    "framing": str,
    "rows": int,
}


def _read_action(values: dict[str, object]) -> FaultAction:
    implied = "latency" if "latency_s" in values else "status" if "status" in values else None
    name = str(values.pop("action", implied))
    try:
        return FaultAction(name)
    except ValueError:
        known = ", ".join(FaultAction)
        raise _invalid(f"has action {name!r}, which is none of {known}") from None


def _read_calls(value: object) -> tuple[int, ...]:
    calls = value if isinstance(value, list) else [] if value is None else [value]
    if not all(type(call) is int and call > 0 for call in calls):
        raise _invalid(f"has call {value!r}, which must be a number from 1 or a list of them")
    return tuple(calls)


#: What may have a fraction, and how much of it means something.
_MOST = {"probability": 1, "keep": 1, "latency_s": 600, "delay_s": 366 * 86_400}


def _read_number(name: str, value: object) -> float:
    is_flag = isinstance(value, bool)
    if isinstance(value, (int, Decimal)) and not is_flag and 0 <= value <= _MOST[name]:
        return float(value)
    raise _invalid(f"has {name} {value!r}, which must be a number from 0 to {_MOST[name]}")


def _check_pattern(name: str, value: str) -> None:
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise _invalid(f"has {name} {value!r}, which is no regular expression: {error}") from error


def _check_meaning(fault: Fault) -> None:
    _check_kind(fault)
    if fault.inner and fault.action not in INNER_ACTIONS:
        raise _invalid(f"has action {fault.action}, which cannot hit inside a call (inner)")
    if fault.inner and fault.action is FaultAction.STATUS and not fault.error_code:
        raise _invalid("with action status inside a call (inner) needs an error_code")
    if fault.action is FaultAction.HOOK and not fault.hold:
        raise _invalid("with action hook needs a name in hold")
    if fault.when not in {"before", "after"}:
        raise _invalid(f"has when {fault.when!r}, which must be before or after")
    if fault.framing not in FRAMINGS:
        raise _invalid(f"has framing {fault.framing!r}, which is none of {', '.join(FRAMINGS)}")
    if fault.rows < 1:
        raise _invalid(f"has rows {fault.rows}, which must be a number from 1")
    if fault.action is FaultAction.STATUS and not 300 <= fault.status <= 599:
        raise _invalid(f"has status {fault.status}, which must be between 300 and 599")


def _check_kind(fault: Fault) -> None:
    """A fault of a kind of calls that its action never meets would let a test pass for nothing."""
    is_outbound = fault.action in OUTBOUND_ACTIONS
    if fault.kind is not None and is_outbound != (fault.kind == OUTBOUND_KIND):
        raise _invalid(f"has action {fault.action}, which no call of kind {fault.kind} meets")
    if is_outbound and fault.method not in {None, "POST"}:
        raise _invalid(f"has method {fault.method}, and outbound messages are posted")
    if fault.kind == ROW_KIND and not fault.inner:
        raise _invalid(f"has kind {ROW_KIND}, which stands inside calls: say inner")


def _invalid(what: str) -> OrgError:
    return refuse("INVALID_FAULT", f"The fault {what}.")
