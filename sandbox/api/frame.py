"""Every request's frame: what it costs, which faults hit it, what is logged.

Owns the order of these steps. A fault comes before the check of the session, because an org that
is down does not look at tokens.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request

from sandbox.api.errors import refusal_answer
from sandbox.api.fault_effects import apply_after, apply_before
from sandbox.api.http import (
    BULK1_PREFIX,
    find_username,
    is_control_call,
    request_target,
    soap_operation,
    to_response,
)
from sandbox.api.router import split_path
from sandbox.counters import LogEntry
from sandbox.fault import OUTBOUND_KIND, ROW_KIND, Target
from sandbox.org.errors import OrgError, refuse

if TYPE_CHECKING:
    from sandbox.api.services import Services

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
_SOAP_LOGIN = "soap_login"
_FREE_PREFIXES = {
    "/id/": "identity",
    "/services/Soap/c/": _SOAP_LOGIN,
    "/services/Soap/u/": _SOAP_LOGIN,
}
_FREE = frozenset({*_FREE_KINDS.values(), *_FREE_PREFIXES.values()})
#: What costs nothing below the prefixes of `soap_login`; all else there is a data call.
_FREE_OPERATIONS = frozenset({"login", "logout", "getUserInfo", None})
#: The same for SOAP that is counted once its session is found good.
_SOAP_PREFIXES = {"/services/Soap/m/": "metadata", "/services/Soap/s/": "apex"}
_BULK1, _SOAP, _UNKNOWN = "bulk1", "soap", "unknown"
#: The kinds of calls beside those of the data API's routes.
KINDS = _FREE | {*_SOAP_PREFIXES.values(), _BULK1, _SOAP, _UNKNOWN, ROW_KIND, OUTBOUND_KIND}


def frame_requests(app: Flask, services: Services) -> None:
    """Hang the steps around every request of `app` but those of the control plane."""

    @app.before_request
    def _open() -> Response | None:
        return _open_request(services)

    @app.after_request
    def _close(response: Response) -> Response:
        return _close_request(services, response)

    @app.teardown_request
    def _end(_: BaseException | None) -> None:
        services.long_calls.leave(g.get("number", 0))


def _open_request(services: Services) -> Response | None:
    g.faults, g.kind, g.user, g.number = [], "control", None, 0
    services.org.store.late.delay(0)
    try:
        _check_host()
        if is_control_call():
            return None
        g.number = services.counters.next_number()
        services.faults.enter(g.number)
        _check_length()
        g.kind = _classify(services)
        g.user = find_username(services)
        if g.user and g.kind not in _FREE:
            services.long_calls.enter(g.number)
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
        return _BULK1
    for prefix, kind in (_FREE_PREFIXES | _SOAP_PREFIXES).items():
        if path.startswith(prefix):
            is_data = kind == _SOAP_LOGIN and soap_operation() not in _FREE_OPERATIONS
            return _SOAP if is_data else kind
    try:
        segments = split_path(request_target().partition("?")[0]).segments
        g.match = services.router.match(segments)
    except OrgError:
        return _UNKNOWN
    return str(g.match.route.kind)


def _apply_faults(services: Services) -> Response | None:
    target = Target(request.method, request_target(), g.kind, g.user, request.get_data)
    g.faults = services.faults.fire(target)
    for fault in g.faults:
        stopped = apply_before(services, fault)
        if stopped is not None:
            return stopped
    return None


def _close_request(services: Services, response: Response) -> Response:
    services.org.store.late.delay(0)
    response.headers["Date"] = services.org.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
    if is_control_call():
        return response
    usage = f"api-usage={services.counters.used}/{services.counters.daily_limit}"
    response.headers["Sforce-Limit-Info"] = usage
    for fault in g.faults:
        apply_after(services, fault, response)
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
            number=g.number,
            faults=[fault.id for fault in g.faults],
        )
    )
