"""What `/_sandbox/clock` understands, and what it refuses.

Owns that strictness: a clock that a test believes to have set must not stand where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sandbox.org.clock import OrgClock
from sandbox.org.errors import OrgError, refuse

_EXAMPLE = "(as in 2025-03-11T07:00:00+01:00)"


def move_clock(clock: OrgClock, body: Mapping[str, object]) -> None:
    """Do what the body of `POST /_sandbox/clock` says; all of it is checked before any of it.

    `now` (ISO 8601 with an offset) sets it, `frozen` says whether it stands still there or runs on,
    `advance_s` moves it on, `real` gives it back to the machine. Raises OrgError INVALID_CLOCK.
    """
    _check_keys(body)
    now = _read_time(body["now"]) if "now" in body else None
    step_s = _read_step(body.get("advance_s", 0))
    _check_step(now or clock.now(), step_s)
    if body.get("real"):
        clock.real()
    if now is not None or "frozen" in body:
        clock.set(now or clock.now(), bool(body.get("frozen", False)))
    if step_s:
        clock.advance(step_s)


def _check_keys(body: Mapping[str, object]) -> None:
    if not body or set(body) - {"now", "frozen", "advance_s", "real"}:
        raise _bad_clock("takes now (with frozen), advance_s or real")
    for name in ("frozen", "real"):
        if not isinstance(body.get(name, False), bool):
            raise _bad_clock(f"needs true or false for {name}, not {body[name]!r}")


def _read_step(given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, (int, Decimal)):
        raise _bad_clock(f"cannot advance by {given!r} seconds")
    try:
        return float(given)
    except OverflowError as error:
        raise _bad_clock("cannot advance by that many seconds") from error


def _check_step(start: datetime, step_s: float) -> None:
    try:
        _check_calendar(start + timedelta(seconds=step_s))
    except OverflowError as error:
        raise _bad_clock(f"cannot advance by {step_s:g} seconds") from error


def _read_time(given: object) -> datetime:
    try:
        read = datetime.fromisoformat(str(given))
    except ValueError as error:
        raise _bad_clock(f"cannot read {given!r} as a time {_EXAMPLE}") from error
    if read.tzinfo is None:
        raise _bad_clock(f"needs an offset on {given!r} {_EXAMPLE}")
    _check_calendar(read)
    return read.astimezone(UTC)


def _check_calendar(moment: datetime) -> None:
    # The years that Salesforce's own dates may hold.
    if not 1700 < moment.year < 4000:
        raise _bad_clock(f"cannot stand in the year {moment.year}")


def _bad_clock(what: str) -> OrgError:
    return refuse("INVALID_CLOCK", f"The clock {what}.")
