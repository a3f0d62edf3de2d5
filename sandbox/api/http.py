"""Every request's frame: who may come in, which faults hit it, what it costs, what is logged.

Owns the order of these steps. A fault comes before the check of the session, because an org that
is down does not look at tokens; a call is counted only once its session is found good, because an
org charges its users, not strangers.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request

from sandbox.api import jsonio
from sandbox.api.call import Answer, Stream
from sandbox.api.errors import refusal_answer
from sandbox.api.router import split_path
from sandbox.counters import LogEntry
from sandbox.fault import Fault, FaultAction, Target
from sandbox.listener import DROP_KEY, TRUNCATE_KEY
from sandbox.org.errors import OrgError, refuse

if TYPE_CHECKING:
    from sandbox.api.services import Services
    from sandbox.org.actor import Actor

#: Salesforce's own limits: the URI alone, and the URI together with the headers, in bytes.
LONGEST_URI = 16_384
_PORT = re.compile(r":\d+\Z")
_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_SALESFORCE_NAMES = (".salesforce.com", ".force.com")
#: Paths outside `/services/data` that are logged under a name of their own and cost nothing.
_FREE_KINDS = {
    "/services/data": "versions",
    "/services/oauth2/token": "token",
    "/services/oauth2/introspect": "introspect",
    "/services/oauth2/revoke": "revoke",
    "/services/oauth2/userinfo": "userinfo",
}
#: The first API of bulk jobs, which has versions of its own and is counted.
BULK1_PREFIX = "/services/async/"
_FREE_PREFIXES = {
    "/id/": "identity",
    "/services/Soap/c/": "soap_login",
    "/services/Soap/u/": "soap_login",
}
#: The same for SOAP that is counted once its session is found good.
_SOAP_PREFIXES = {"/services/Soap/m/": "metadata", "/services/Soap/s/": "apex"}


def frame_requests(app: Flask, services: Services) -> None:
    """Hang the steps around every request of `app` but those of the control plane."""

    @app.before_request
    def _open() -> Response | None:
        return _open_request(services)

    @app.after_request
    def _close(response: Response) -> Response:
        return _close_request(services, response)


def request_target() -> str:
    """The path with its query string as the client sent it, still encoded."""
    raw = str(request.environ.get("RAW_URI") or request.full_path)
    return raw if raw.startswith("/") else "/" + raw.partition("://")[2].partition("/")[2]


def is_control_call() -> bool:
    """True for the control plane, which is no part of the org."""
    return request.path.startswith("/_sandbox/")


def bearer_token() -> str | None:
    """The access token of the request, in either header that clients use."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in {"bearer", "oauth"} and token:
        return token.strip()
    return request.headers.get("X-SFDC-Session")


def find_username(services: Services) -> str | None:
    """Whose session the request carries; None without a good one."""
    token = bearer_token()
    return services.sessions.username_of(token, services.org.clock.now()) if token else None


def admit_caller(services: Services, kind: str) -> Actor:
    """The user who calls; the call is counted from here on.

    Raises OrgError INVALID_SESSION_ID (log in again) or REQUEST_LIMIT_EXCEEDED (wait a day).
    """
    return admit_session(services, bearer_token() or "", kind)


def admit_session(services: Services, token: str, kind: str) -> Actor:
    """The same for a token that came in another place than a header."""
    username = services.sessions.username_of(token, services.org.clock.now())
    user_id = services.org.find_user(username) if username else None
    if user_id is None:
        raise refuse("INVALID_SESSION_ID", "Session expired or invalid")
    if not services.counters.take(kind):
        raise refuse("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    return services.org.actor(user_id)


def to_response(answer: Answer) -> Response:
    """An answer on the wire."""
    if answer.body is None:
        return Response(status=answer.status, headers=dict(answer.headers))
    if isinstance(answer.body, Stream):
        return Response(
            answer.body.pieces,
            status=answer.status,
            headers={**answer.headers, "Content-Length": str(answer.body.size)},
            content_type=answer.body.content_type,
        )
    return Response(
        jsonio.dumps(answer.body),
        status=answer.status,
        headers=dict(answer.headers),
        content_type="application/json;charset=UTF-8",
    )


def _open_request(services: Services) -> Response | None:
    g.faults, g.kind, g.user = [], "control", None
    services.org.store.late.delay(0)
    try:
        _check_host()
        if is_control_call():
            return None
        _check_length()
        g.kind = _classify(services)
        g.user = find_username(services)
        return _apply_faults(services)
    except OrgError as error:
        return to_response(refusal_answer(error))


def _check_host() -> None:
    host = _PORT.sub("", request.host.lower())
    if host not in _LOCAL_NAMES and not host.endswith(_SALESFORCE_NAMES):
        # A web page that made its own name point at 127.0.0.1 must not steer this org.
        raise refuse("INSUFFICIENT_ACCESS", f"The local org does not answer as {host}.")


def _check_length() -> None:
    uri = len(request_target())
    if uri > LONGEST_URI:
        raise refuse("URI_TOO_LONG", f"The URI has {uri} bytes, more than {LONGEST_URI}.")
    total = uri + sum(len(name) + len(value) + 4 for name, value in request.headers)
    if total > LONGEST_URI:
        raise refuse(
            "HEADERS_TOO_LARGE", f"URI and headers have {total} bytes, more than {LONGEST_URI}."
        )


def _classify(services: Services) -> str:
    path = request.path.rstrip("/")
    if path in _FREE_KINDS:
        return _FREE_KINDS[path]
    if path.startswith(BULK1_PREFIX):
        return "bulk1"
    for prefix, kind in (_FREE_PREFIXES | _SOAP_PREFIXES).items():
        if path.startswith(prefix):
            return kind
    try:
        segments = split_path(request_target().partition("?")[0]).segments
        g.match = services.router.match(segments)
    except OrgError:
        return "unknown"
    return str(g.match.route.kind)


def _apply_faults(services: Services) -> Response | None:
    target = Target(request.method, request_target(), g.kind, g.user, request.get_data)
    g.faults = services.faults.fire(target)
    for fault in g.faults:
        stopped = _apply_fault(services, fault)
        if stopped is not None:
            return stopped
    return None


def _apply_fault(services: Services, fault: Fault) -> Response | None:
    if fault.action is FaultAction.LATENCY:
        time.sleep(fault.latency_s)
    elif fault.action is FaultAction.HOOK and fault.when == "before":
        _hold(services, fault)
    elif fault.action is FaultAction.LATE_VISIBLE_COMMITS:
        services.org.store.late.delay(fault.delay_s)
    elif fault.action is FaultAction.EXPIRE_SESSION:
        services.sessions.revoke(bearer_token() or "")
    elif fault.action is FaultAction.DROP_BEFORE:
        request.environ[DROP_KEY] = True
        return Response(status=503)
    elif fault.action is FaultAction.STATUS:
        return _status_response(fault)
    elif fault.action in {FaultAction.REQUEST_LIMIT_EXCEEDED, FaultAction.UNABLE_TO_LOCK_ROW}:
        return to_response(refusal_answer(fault.error()))
    return None


def _status_response(fault: Fault) -> Response:
    if isinstance(fault.body, str):
        return Response(fault.body, status=fault.status, content_type="text/html;charset=UTF-8")
    body: Any = fault.body
    if body is None:
        body = refusal_answer(fault.error()).body
    return to_response(Answer(fault.status, body))


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


def _close_request(services: Services, response: Response) -> Response:
    services.org.store.late.delay(0)
    response.headers["Date"] = services.org.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
    if is_control_call():
        return response
    usage = f"api-usage={services.counters.used}/{services.counters.daily_limit}"
    response.headers["Sforce-Limit-Info"] = usage
    for fault in g.faults:
        if fault.action is FaultAction.DROP_AFTER:
            request.environ[DROP_KEY] = True
        elif fault.action is FaultAction.TRUNCATED_PAGES:
            request.environ[TRUNCATE_KEY] = True
        elif fault.action is FaultAction.HOOK and fault.when == "after":
            _hold(services, fault)
    _log(services, response)
    return response


def _log(services: Services, response: Response) -> None:
    services.counters.record(
        LogEntry(
            method=request.method,
            path=request_target(),
            kind=g.kind,
            status=response.status_code,
            user=g.user,
            at=services.org.clock.now(),
            faults=[fault.id for fault in g.faults],
        )
    )
