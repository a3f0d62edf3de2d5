"""The partner SOAP API: `login`, `getUserInfo`, and what REST cannot do with records.

Owns the old default login of simple-salesforce. What else SOAP has is refused by name. Source:
SOAP API guide, "login()"; the faults' prefix `sf:` is what clients look for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from flask import Blueprint, Response, request

from sandbox.api.grants import find_login_user, is_password
from sandbox.api.soap_records import OPERATIONS, answer_operation
from sandbox.org.errors import OrgError, refuse

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from sandbox.api.services import Services

#: From this version on Salesforce has no login() any more.
_NO_LOGIN_SINCE = 65.0
_VERSION = re.compile(r"\d{2,3}\.0")
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
)


class SoapFaultError(Exception):
    """A SOAP call is refused with this exception code and message (HTTP 500)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def make_soap_blueprint(services: Services) -> Blueprint:
    """Routes of the partner SOAP API."""
    blueprint = Blueprint("soap", __name__)

    @blueprint.post("/services/Soap/u/<version>")
    @blueprint.post("/services/Soap/u/<version>/<org_id>")
    def answer_soap(version: str, org_id: str = "") -> Response:
        try:
            return _envelope(_answer(services, version), 200)
        except SoapFaultError as error:
            return _envelope(_fault(error), 500)

    return blueprint


def _answer(services: Services, version: str) -> str:
    if not _VERSION.fullmatch(version):
        raise SoapFaultError("UNSUPPORTED_API_VERSION", f"Invalid Api version {version}")
    envelope = _parse(request.get_data())
    operation = _find_operation(envelope)
    name = operation.tag.rpartition("}")[2]
    if name == "login":
        return _log_in(services, version, operation)
    if name == "getUserInfo":
        return _show_user(services, envelope)
    if name in OPERATIONS:
        return _change_records(services, envelope, name, operation)
    raise SoapFaultError("SANDBOX_NOT_IMPLEMENTED", f"SANDBOX_NOT_IMPLEMENTED: SOAP {name}()")


def _parse(data: bytes) -> Element:
    try:
        return fromstring(data)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise SoapFaultError("INVALID_SOAP_HEADER", f"The request is no SOAP: {error}") from error


def _find_operation(envelope: Element) -> Element:
    for child in envelope:
        if child.tag.rpartition("}")[2] == "Body" and len(child):
            return child[0]
    raise SoapFaultError("INVALID_OPERATION", "The SOAP body is empty")


def _log_in(services: Services, version: str, operation: Element) -> str:
    if float(version) >= _NO_LOGIN_SINCE:
        raise SoapFaultError("INVALID_OPERATION", f"login() is gone from API version {version}")
    given = {child.tag.rpartition("}")[2]: child.text or "" for child in operation}
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
        f"<serverUrl>{own}/services/Soap/u/{version}/{org_id}</serverUrl>"
        f"<sessionId>{token}</sessionId><userId>{user.user_id}</userId>"
        f"<userInfo>{_user_info(services, user.user_id)}</userInfo>"
        "</result></loginResponse>"
    )


def _change_records(services: Services, envelope: Element, name: str, operation: Element) -> str:
    actor = services.org.actor(_caller_id(services, envelope))
    try:
        if not services.counters.take("soap"):
            raise refuse("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        return answer_operation(services, actor, name, operation)
    except OrgError as error:
        raise SoapFaultError(error.items[0].code, error.items[0].message) from error


def _show_user(services: Services, envelope: Element) -> str:
    info = _user_info(services, _caller_id(services, envelope))
    return f"<getUserInfoResponse><result>{info}</result></getUserInfoResponse>"


def _caller_id(services: Services, envelope: Element) -> str:
    token = next((e.text for e in envelope.iter() if e.tag.endswith("sessionId")), None) or ""
    username = services.sessions.username_of(token, services.org.clock.now())
    user_id = services.org.find_user(username) if username else None
    if user_id is None:
        refusal = refuse("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader")
        raise SoapFaultError(refusal.items[0].code, refusal.items[0].message)
    return user_id


def _user_info(services: Services, user_id: str) -> str:
    org = services.org
    actor = org.actor(user_id)
    facts = {
        "organizationId": org.org_id,
        "organizationMultiCurrency": str(org.schema.multi_currency).lower(),
        "userDefaultCurrencyIsoCode": org.schema.corporate_currency,
        "userFullName": actor.username,
        "userId": user_id,
        "userName": actor.username,
        "userTimeZone": str(actor.time_zone),
        "userType": "Standard",
    }
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in facts.items())


def _fault(error: SoapFaultError) -> str:
    code, message = escape(error.code), escape(error.message)
    return (
        f"<soapenv:Fault><faultcode>sf:{code}</faultcode>"
        f"<faultstring>{code}: {message}</faultstring>"
        "<detail><sf:UnexpectedErrorFault>"
        f"<sf:exceptionCode>{code}</sf:exceptionCode>"
        f"<sf:exceptionMessage>{message}</sf:exceptionMessage>"
        "</sf:UnexpectedErrorFault></detail></soapenv:Fault>"
    )


def _envelope(body: str, status: int) -> Response:
    text = _ENVELOPE.format(body=body)
    return Response(text, status=status, content_type="text/xml;charset=UTF-8")
