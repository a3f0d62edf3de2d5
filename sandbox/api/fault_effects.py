"""What the faults that hit a request do to it, before its work and after.

Owns the step from an action to its effect. An action without an entry here works elsewhere: bulk
jobs read theirs from the call that creates or closes them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

from flask import Response, g, request

from sandbox.api.call import Answer
from sandbox.api.http import request_target, session_token, to_response
from sandbox.api.refusals import show_refusal
from sandbox.fault import Fault, FaultAction
from sandbox.org.errors import refuse
from sandbox.wire import CUT_KEY, DROP_KEY, Cut

if TYPE_CHECKING:
    from sandbox.api.services import Services


def apply_before(services: Services, fault: Fault) -> Response | None:
    """Do what the fault does before the work; the answer, when it is one already."""
    effect = _BEFORE.get(fault.action)
    return effect(services, fault) if effect else None


def apply_after(services: Services, fault: Fault, response: Response) -> None:
    """Do what the fault does to a finished answer, or keeps from the client."""
    effect = _AFTER.get(fault.action)
    if effect:
        effect(services, fault, response)


def _wait_before(_: Services, fault: Fault) -> None:
    if fault.when == "before":
        time.sleep(fault.latency_s)


def _hold_before(services: Services, fault: Fault) -> None:
    if fault.when == "before":
        _hold(services, fault)


def _delay_commits(services: Services, fault: Fault) -> None:
    services.org.store.late.delay(fault.delay_s)


def _expire_session(services: Services, _: Fault) -> None:
    services.sessions.revoke(session_token() or "")


def _drop_now(_: Services, __: Fault) -> Response:
    request.environ[DROP_KEY] = True
    return Response(status=503)


def _answer_status(services: Services, fault: Fault) -> Response:
    if isinstance(fault.body, str):
        return Response(fault.body, status=fault.status, content_type="text/html;charset=UTF-8")
    if fault.body is not None:
        return to_response(Answer(fault.status, fault.body))
    refusal = show_refusal(services, fault.error())
    refusal.status_code = fault.status
    return refusal


def _refuse(services: Services, fault: Fault) -> Response:
    return show_refusal(services, fault.error())


_BEFORE: dict[FaultAction, Callable[[Services, Fault], Response | None]] = {
    FaultAction.LATENCY: _wait_before,
    FaultAction.HOOK: _hold_before,
    FaultAction.LATE_VISIBLE_COMMITS: _delay_commits,
    FaultAction.EXPIRE_SESSION: _expire_session,
    FaultAction.DROP_BEFORE: _drop_now,
    FaultAction.STATUS: _answer_status,
    FaultAction.REQUEST_LIMIT_EXCEEDED: _refuse,
    FaultAction.CONCURRENT_LIMIT: _refuse,
    FaultAction.UNABLE_TO_LOCK_ROW: _refuse,
}


def _drop_answer(_: Services, __: Fault, ___: Response) -> None:
    request.environ[DROP_KEY] = True


def _cut_body(_: Services, fault: Fault, __: Response) -> None:
    request.environ[CUT_KEY] = Cut(fault.keep, fault.framing)


def _cut_rows(_: Services, fault: Fault, response: Response) -> None:
    if response.status_code == 200 and response.mimetype == "text/csv":
        response.set_data(keep_rows(response.get_data(), fault.keep))


def keep_rows(table: bytes, keep: float) -> bytes:
    """The rows of a CSV that end within that part of its bytes; its header in any case."""
    kept, place, quotes = 0, 0, 0
    for line in BytesIO(table):
        place += len(line)
        quotes += line.count(b'"')
        if quotes % 2:
            continue  # the line ends inside a value
        if kept and place > len(table) * keep:
            break
        kept = place
    return table[:kept]


def _wait_after(_: Services, fault: Fault, __: Response) -> None:
    if fault.when == "after":
        time.sleep(fault.latency_s)


def _hold_after(services: Services, fault: Fault, _: Response) -> None:
    if fault.when == "after":
        _hold(services, fault)


_AFTER: dict[FaultAction, Callable[[Services, Fault, Response], None]] = {
    FaultAction.LATENCY: _wait_after,
    FaultAction.DROP_AFTER: _drop_answer,
    FaultAction.TRUNCATED_BODY: _cut_body,
    FaultAction.TRUNCATED_PAGES: _cut_body,
    FaultAction.TRUNCATED_BULK_RESULTS: _cut_rows,
    FaultAction.HOOK: _hold_after,
}


def _hold(services: Services, fault: Fault) -> None:
    facts: dict[str, object] = {
        "fault": fault.id,
        "method": request.method,
        "path": request_target(),
        "kind": g.kind,
        "user": g.user,
        "when": fault.when,
    }
    if not services.faults.holds.hold(fault.hold, facts):
        raise refuse("SERVER_UNAVAILABLE", f"Hold {fault.hold} was never released.")
