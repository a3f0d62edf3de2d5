"""The control plane: everything that a test may do to an org and a client may not.

Owns the paths under `/_sandbox`. No token is needed, because the server listens on loopback only
and answers to loopback's names only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from sandbox.api.call import Answer
from sandbox.api.errors import refusal_answer
from sandbox.api.http import to_response
from sandbox.clock_control import move_clock
from sandbox.control_bodies import read_body, read_object
from sandbox.control_faults import fault_actions
from sandbox.control_seeding import seed_csv, seed_plan
from sandbox.control_snapshots import snapshot_actions
from sandbox.editions import allow
from sandbox.loopback import is_this_machine
from sandbox.metadata.idle import group_idle
from sandbox.org.errors import OrgError, refuse

if TYPE_CHECKING:
    from sandbox.api.services import Services


def make_control_blueprint(services: Services) -> Blueprint:
    """Routes of the control plane."""
    blueprint = Blueprint("control", __name__, url_prefix="/_sandbox")
    for path, methods, act in _actions(services):
        name = "_".join([*methods, path]).replace("/", "_").lower()
        blueprint.add_url_rule(path, name, _respond(act), methods=methods)
    return blueprint


_Action = Callable[..., Answer]
#: Path, verbs and view of an action.
_Route = tuple[str, list[str], _Action]


def _actions(services: Services) -> list[_Route]:
    return [
        ("/reset", ["POST"], lambda: _reset(services)),
        ("/seed", ["POST"], lambda: seed_plan(services, read_body())),
        ("/seed/tables", ["POST"], lambda: seed_csv(services, read_object())),
        ("/bulk", ["GET"], lambda: _read_bulk(services)),
        ("/bulk", ["POST"], lambda: _set_bulk(services)),
        ("/metadata", ["GET"], lambda: _read_metadata(services)),
        *_clock_actions(services),
        *_request_actions(services),
        *fault_actions(services),
        *_outbound_actions(services),
        *snapshot_actions(services),
    ]


def _clock_actions(services: Services) -> list[_Route]:
    clock = services.org.clock

    def show() -> Answer:
        now = clock.now().isoformat()
        return Answer(body={"now": now, "frozen": clock.frozen, "real": clock.is_real})

    def move() -> Answer:
        move_clock(clock, read_object())
        return show()

    return [("/clock", ["GET"], show), ("/clock", ["POST"], move)]


def _request_actions(services: Services) -> list[_Route]:
    counters = services.counters

    def show() -> Answer:
        return Answer(body=counters.as_json())

    def configure() -> Answer:
        _set_requests(services, read_object())
        return show()

    def clear() -> Answer:
        counters.clear()
        return show()

    return [
        ("/requests", ["GET"], show),
        ("/requests", ["POST"], configure),
        ("/requests", ["DELETE"], clear),
    ]


def _outbound_actions(services: Services) -> list[_Route]:
    outbound = services.outbound

    def show() -> Answer:
        return Answer(body=outbound.as_json())

    def configure() -> Answer:
        outbound.configure(read_object())
        return show()

    return [
        ("/outbound", ["GET"], show),
        ("/outbound", ["POST"], configure),
        ("/outbound", ["DELETE"], lambda: Answer(body={"removed": outbound.clear()})),
        ("/outbound/deliver", ["POST"], lambda: Answer(body={"sent": outbound.deliver()})),
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
    if host is not None and not is_this_machine(host):
        raise refuse("INSUFFICIENT_ACCESS", f"The control plane serves no web page of {host}")


def reset_org(services: Services) -> None:
    """Empty data, queues, counters, results and jobs; schema, clock, faults, tokens stay."""
    services.bulk.clear()
    services.outbound.clear()
    services.org.reset()
    services.counters.clear()
    services.locators.clear()


def _reset(services: Services) -> Answer:
    body = read_object() if request.get_data() else {}
    if set(body) - {"clock", "faults"} or not all(isinstance(v, bool) for v in body.values()):
        raise refuse("INVALID_INPUT", "A reset takes clock and faults, each true or false.")
    reset_org(services)
    if body.get("clock"):
        services.org.clock.real()
    if body.get("faults"):
        services.faults.clear()
    return Answer(204)


def _read_metadata(services: Services) -> Answer:
    groups = group_idle(services.org.schema.unsupported)
    return Answer(body={"without_effect": [group.as_json() for group in groups]})


def _set_requests(services: Services, body: Mapping[str, object]) -> None:
    unknown = sorted(set(body) - {"daily_limit", "edition", "licences", "spend"})
    if unknown:
        raise refuse("INVALID_INPUT", f"Requests know no {', '.join(unknown)}.")
    spend = _number(body, "spend", 0)
    now = services.counters.allowance
    limit = _number(body, "daily_limit", now.daily_calls) if "daily_limit" in body else None
    if "edition" in body or "licences" in body:
        edition, licences = body.get("edition", now.edition), _number(body, "licences", 1)
        try:
            services.counters.allowance = allow(edition, licences, limit)  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            raise refuse("INVALID_INPUT", str(error)) from error
    elif limit is not None:
        services.counters.allowance = replace(now, daily_calls=limit)
    services.counters.spend(spend)


def _read_bulk(services: Services) -> Answer:
    return Answer(body={"inline": services.bulk.worker.is_inline})


def _set_bulk(services: Services) -> Answer:
    body = read_object()
    if set(body) != {"inline"} or not isinstance(body["inline"], bool):
        raise refuse("INVALID_INPUT", "Bulk takes inline: true (jobs end before the answer).")
    services.bulk.worker.is_inline = body["inline"]
    return _read_bulk(services)


def _number(body: Mapping[str, object], name: str, default: int) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise refuse("INVALID_INPUT", f"{name} must be a whole number from 0, got {value!r}")
    return value
