"""What the org reads from a request and writes as its answer, where Flask is concerned.

Owns who a caller is. A call is counted only once its session is found good, because an org charges
its users, not strangers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Response, g, request

from sandbox.api import jsonio
from sandbox.api.call import Answer, Stream
from sandbox.fault import MESSAGES, FaultAction
from sandbox.org.errors import refuse

if TYPE_CHECKING:
    from sandbox.api.services import Services
    from sandbox.org.actor import Actor

#: The first API of bulk jobs, which has versions of its own and is counted.
BULK1_PREFIX = "/services/async/"
SOAP_PREFIX = "/services/Soap/"
_SESSION_ID = re.compile(rb"<(?:[\w.-]+:)?sessionId[^>]*>\s*([^<\s]+)")
_OPERATION = re.compile(rb"<(?:[\w.-]+:)?Body[^>]*>\s*<(?:[\w.-]+:)?(\w+)")
#: Bytes in which an envelope's header is looked for; what follows may be a deploy of megabytes.
_LONGEST_SOAP_HEADER = 16_384


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


def session_token() -> str | None:
    """The access token of the request, in a header or in a SOAP envelope."""
    if request.path.startswith(SOAP_PREFIX):
        found = _SESSION_ID.search(request.get_data(), 0, _LONGEST_SOAP_HEADER)
        return found[1].decode("ascii", "replace") if found else None
    return bearer_token()


def soap_operation() -> str | None:
    """What a SOAP envelope asks for, as far as that is told at its beginning."""
    found = _OPERATION.search(request.get_data(), 0, _LONGEST_SOAP_HEADER)
    return found[1].decode("ascii", "replace") if found else None


def find_username(services: Services) -> str | None:
    """Whose session the request carries; None without a good one."""
    token = session_token()
    return services.sessions.username_of(token, services.org.clock.now()) if token else None


def admit_caller(services: Services, kind: str) -> Actor:
    """The user who calls; the call is counted from here on.

    Raises OrgError INVALID_SESSION_ID (log in again) or REQUEST_LIMIT_EXCEEDED (wait a day, or
    until the long calls under way have ended, as its message says).
    """
    return admit_session(services, bearer_token() or "", kind)


def admit_session(services: Services, token: str, kind: str) -> Actor:
    """The same for a token that came in another place than a header."""
    username = services.sessions.username_of(token, services.org.clock.now())
    user_id = services.org.find_user(username) if username else None
    if user_id is None:
        raise refuse("INVALID_SESSION_ID", "Session expired or invalid")
    _check_long_calls(services)
    if not services.counters.take(kind):
        raise refuse("REQUEST_LIMIT_EXCEEDED", MESSAGES[FaultAction.REQUEST_LIMIT_EXCEEDED])
    return services.org.actor(user_id)


def _check_long_calls(services: Services) -> None:
    services.long_calls.enter(g.number)
    if services.long_calls.count_others(g.number) >= services.counters.allowance.long_calls:
        raise refuse("REQUEST_LIMIT_EXCEEDED", MESSAGES[FaultAction.CONCURRENT_LIMIT])


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
