"""The partner and enterprise SOAP APIs: sessions, and what REST cannot do with records.

Owns the old default login of simple-salesforce. The two APIs differ in their namespace only as long
as no typed record is sent; records go through the partner API. What else SOAP has is refused by
name. Source: SOAP API guide, "login()", "logout()"; the faults' prefix `sf:` is what clients look
for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from sandbox.api import soap_describes, soap_queries, soap_saves
from sandbox.api.grants import find_login_user, is_password
from sandbox.api.soap import (
    BOOLEANS,
    ENTERPRISE,
    PARTNER,
    SoapFaultError,
    admit_soap_caller,
    answer_envelope,
    check_version,
    child_text,
    find_operation,
    local_name,
    not_served,
    session_id,
)
from sandbox.api.soap_records import OPERATIONS
from sandbox.api.soap_user import describe_soap_user
from sandbox.org.errors import refuse

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from sandbox.api.services import Services

#: From this version on Salesforce has no login() any more.
_NO_LOGIN_SINCE = 65.0
#: The letter in the path -> the namespaces of answers and faults.
_FLAVOURS = {"c": ENTERPRISE, "u": PARTNER}
#: Operations with records whose types the client does not know, which is the partner API.
_UNTYPED = soap_saves.OPERATIONS | soap_queries.OPERATIONS | soap_describes.OPERATIONS


def make_soap_blueprint(services: Services) -> Blueprint:
    """Routes of both SOAP APIs for records."""
    blueprint = Blueprint("soap", __name__)

    @blueprint.post("/services/Soap/<any(c, u):flavour>/<version>")
    @blueprint.post("/services/Soap/<any(c, u):flavour>/<version>/<_org_id>")
    def answer_soap(flavour: str, version: str, _org_id: str = "") -> Response:
        return answer_envelope(
            _FLAVOURS[flavour], lambda envelope: _answer(services, flavour, version, envelope)
        )

    return blueprint


def _answer(services: Services, flavour: str, version: str, envelope: Element) -> str:
    check_version(version)
    name, operation = find_operation(envelope)
    if name == "login":
        return _log_in(services, f"{flavour}/{version}", operation)
    if name == "getUserInfo":
        return _show_user(services, envelope)
    if name == "logout":
        return _log_out(services, envelope)
    act = OPERATIONS.get(name) or (_UNTYPED.get(name) if flavour == "u" else None)
    if act is None:
        raise not_served(name)
    actor = admit_soap_caller(services, envelope, "soap")
    _refuse_headers(envelope)
    return f"<{name}Response>{act(services, actor, operation)}</{name}Response>"


def _refuse_headers(envelope: Element) -> None:
    """A header that asks for what is not here must not be passed over: half would be saved."""
    for header in envelope.iter():
        is_wish = local_name(header) == "AllOrNoneHeader"
        if is_wish and BOOLEANS.get((child_text(header, "allOrNone") or "").strip()):
            raise not_served("AllOrNoneHeader")


def _log_in(services: Services, api: str, operation: Element) -> str:
    version = api.partition("/")[2]
    if float(version) >= _NO_LOGIN_SINCE:
        raise SoapFaultError("INVALID_OPERATION", f"login() is gone from API version {version}")
    given = {local_name(child): child.text or "" for child in operation}
    user = find_login_user(services, given.get("username", ""))
    if user is None or not is_password(given.get("password", "")):
        raise SoapFaultError(
            "INVALID_LOGIN",
            "Invalid username, password, security token; or user locked out.",
        )
    token = services.sessions.issue(user.username, services.org.clock.now())
    own = services.settings.own_url(request.scheme)
    org_id = services.org.org_id
    return (
        "<loginResponse><result>"
        f"<metadataServerUrl>{own}/services/Soap/m/{version}/{org_id}</metadataServerUrl>"
        "<passwordExpired>false</passwordExpired><sandbox>true</sandbox>"
        f"<serverUrl>{own}/services/Soap/{api}/{org_id}</serverUrl>"
        f"<sessionId>{token}</sessionId><userId>{user.user_id}</userId>"
        f"<userInfo>{describe_soap_user(services, user.user_id)}</userInfo>"
        "</result></loginResponse>"
    )


def _show_user(services: Services, envelope: Element) -> str:
    info = describe_soap_user(services, _caller_id(services, envelope))
    return f"<getUserInfoResponse><result>{info}</result></getUserInfoResponse>"


def _log_out(services: Services, envelope: Element) -> str:
    _caller_id(services, envelope)
    services.sessions.revoke(session_id(envelope))
    return "<logoutResponse/>"


def _caller_id(services: Services, envelope: Element) -> str:
    token = session_id(envelope)
    username = services.sessions.username_of(token, services.org.clock.now())
    user_id = services.org.find_user(username) if username else None
    if user_id is None:
        refusal = refuse("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader")
        raise SoapFaultError(refusal.items[0].code, refusal.items[0].message)
    return user_id
