"""The control plane: everything that a test may do to an org and a client may not.

Owns the paths under `/_sandbox`. No token is needed, because the server listens on loopback only
and answers to loopback's names only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from sandbox.api import jsonio
from sandbox.api.call import Answer
from sandbox.api.errors import refusal_answer
from sandbox.api.http import to_response
from sandbox.org.errors import OrgError, refuse
from sandbox.plan_files import fill_in_files

if TYPE_CHECKING:
    from sandbox.api.services import Services

#: Longest wait of `GET /_sandbox/faults?waiting_for=NAME`.
_LONGEST_WAIT_S = 60.0
_EXAMPLE = "(as in 2025-03-11T07:00:00+01:00)"


def make_control_blueprint(services: Services) -> Blueprint:
    """Routes of the control plane."""
    blueprint = Blueprint("control", __name__, url_prefix="/_sandbox")
    for path, methods, act in _actions(services):
        name = "_".join([*methods, path]).replace("/", "_").lower()
        blueprint.add_url_rule(path, name, _respond(act), methods=methods)
    return blueprint


_Action = Callable[..., Answer]


def _actions(services: Services) -> list[tuple[str, list[str], _Action]]:
    clock, counters, faults = services.org.clock, services.counters, services.faults

    def read_requests() -> Answer:
        return Answer(body=counters.as_json())

    def set_requests() -> Answer:
        body = _read_object()
        counters.daily_limit = _number(body, "daily_limit", counters.daily_limit)
        counters.spend(_number(body, "spend", 0))
        return read_requests()

    def clear_requests() -> Answer:
        counters.clear()
        return read_requests()

    def read_clock() -> Answer:
        now = clock.now().isoformat()
        return Answer(body={"now": now, "frozen": clock.frozen, "real": clock.is_real})

    def set_clock() -> Answer:
        _set_clock(services, _read_object())
        return read_clock()

    def clear_faults() -> Answer:
        faults.clear()
        return Answer(204)

    return [
        ("/reset", ["POST"], lambda: _reset(services)),
        ("/seed", ["POST"], lambda: _seed(services)),
        ("/clock", ["GET"], read_clock),
        ("/clock", ["POST"], set_clock),
        ("/requests", ["GET"], read_requests),
        ("/requests", ["POST"], set_requests),
        ("/requests", ["DELETE"], clear_requests),
        ("/faults", ["GET"], lambda: _read_faults(services)),
        ("/faults", ["POST"], lambda: _add_faults(services)),
        ("/faults", ["DELETE"], clear_faults),
        ("/faults/release", ["POST"], lambda: _release(services)),
    ]


def _respond(act: _Action) -> Callable[..., Response]:
    def view(**arguments: Any) -> Response:
        try:
            _refuse_web_pages()
            return to_response(act(**arguments))
        except OrgError as error:
            return to_response(refusal_answer(error))

    return view


def _refuse_web_pages() -> None:
    """A page of some web site, open in a browser of this machine, must not empty the org."""
    origin = request.headers.get("Origin", "")
    try:
        host = urlsplit(origin).hostname
    except ValueError:
        host = origin
    if host is not None and host not in ("127.0.0.1", "::1", "localhost"):
        raise refuse("INSUFFICIENT_ACCESS", f"The control plane serves no web page of {host}")


def reset_org(services: Services) -> None:
    """Empty data, counters, query results and bulk jobs; schema, clock, faults, tokens stay."""
    services.bulk.clear()
    services.org.reset()
    services.counters.clear()
    services.locators.clear()


def _reset(services: Services) -> Answer:
    body = _read_object() if request.get_data() else {}
    reset_org(services)
    if body.get("clock"):
        services.org.clock.real()
    if body.get("faults"):
        services.faults.clear()
    return Answer(204)


def _seed(services: Services) -> Answer:
    plan = fill_in_files(_read_body(), services.settings.data_folders)
    ids = services.org.seed(plan)
    return Answer(body={"ids": ids, "created": len(ids)})


def _set_clock(services: Services, body: Mapping[str, object]) -> None:
    clock = services.org.clock
    if not body or set(body) - {"now", "frozen", "advance_s", "real"}:
        raise _bad_clock("takes now (with frozen), advance_s or real")
    if body.get("real"):
        clock.real()
    if "now" in body:
        clock.set(_read_time(body["now"]), bool(body.get("frozen", False)))
    elif "frozen" in body:
        clock.set(clock.now(), bool(body["frozen"]))
    if "advance_s" in body:
        step = body["advance_s"]
        if isinstance(step, bool) or not isinstance(step, (int, Decimal)):
            raise _bad_clock(f"cannot advance by {step!r} seconds")
        _advance(services, step)


def _advance(services: Services, step: int | Decimal) -> None:
    clock = services.org.clock
    try:
        step_s = float(step)
        _check_calendar(clock.now() + timedelta(seconds=step_s))
    except OverflowError as error:
        raise _bad_clock(f"cannot advance by {step} seconds") from error
    clock.advance(step_s)


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


def _read_faults(services: Services) -> Answer:
    name = request.args.get("waiting_for")
    if name:
        timeout_s = min(request.args.get("timeout_s", 10.0, type=float), _LONGEST_WAIT_S)
        if not timeout_s >= 0:  # also NaN, which no clock ever reaches
            raise refuse("INVALID_INPUT", f"timeout_s must be a number from 0, got {timeout_s}")
        if not services.faults.holds.wait_for(name, timeout_s):
            raise refuse("CONFLICT", f"No request waited on hold {name} within {timeout_s} s.")
    return Answer(body=services.faults.as_json())


def _add_faults(services: Services) -> Answer:
    body = _read_body()
    given = body.get("faults", [body]) if isinstance(body, dict) else body
    if not isinstance(given, list) or not all(isinstance(spec, dict) for spec in given):
        raise refuse("INVALID_FAULT", "A fault is an object; several are a list of objects.")
    added = [services.faults.add(spec).as_json() for spec in given]
    return Answer(201, added[0] if isinstance(body, dict) and "faults" not in body else added)


def _release(services: Services) -> Answer:
    name = _read_object().get("hold")
    if not isinstance(name, str):
        raise refuse("INVALID_FAULT", 'Say which hold to release: {"hold": "name"}.')
    return Answer(body={"released": services.faults.holds.release(name)})


def _read_body() -> object:
    return jsonio.loads(request.get_data())


def _read_object() -> dict[str, object]:
    body = _read_body()
    if not isinstance(body, dict):
        raise refuse("JSON_PARSER_ERROR", "The body must be a JSON object.")
    return body


def _number(body: Mapping[str, object], name: str, default: int) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise refuse("INVALID_INPUT", f"{name} must be a whole number from 0, got {value!r}")
    return value
