"""SOAP envelopes: what every SOAP endpoint of the org reads and writes.

Owns the XML: requests are parsed without entities and DTDs, faults carry the prefix `sf:` that
clients look for. Source: SOAP API guide, "SOAPFault".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from flask import Response, g, request

from sandbox.api.http import admit_session
from sandbox.org.errors import OrgError
from sandbox.xml_text import spell

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from sandbox.api.services import Services
    from sandbox.org.actor import Actor

ENTERPRISE = ("urn:enterprise.soap.sforce.com", "urn:fault.enterprise.soap.sforce.com")
PARTNER = ("urn:partner.soap.sforce.com", "urn:fault.partner.soap.sforce.com")
METADATA = ("http://soap.sforce.com/2006/04/metadata",) * 2
APEX = ("http://soap.sforce.com/2006/08/apex",) * 2
#: How XML Schema spells a boolean.
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_VERSION = re.compile(r"\d{2,3}\.0")
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    "{names} "
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
)


class SoapFaultError(Exception):
    """A SOAP call is refused with this exception code and message (HTTP 500)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def answer_envelope(names: tuple[str, str], answer: Callable[[Element], str]) -> Response:
    """The response to the request at hand; `answer` gets the envelope and gives the body's XML."""
    try:
        return _respond(names, answer(_parse(request.get_data())), 200)
    except SoapFaultError as error:
        return _respond(names, _fault(error), 500)
    except OrgError as error:
        return answer_fault(names, error)


def answer_fault(names: tuple[str, str], error: OrgError) -> Response:
    """A refusal of the org as a fault."""
    first = error.items[0]
    return _respond(names, _fault(SoapFaultError(first.code, first.message)), 500)


def check_version(version: str) -> None:
    """Raise a fault for what is no API version."""
    if not _VERSION.fullmatch(version):
        raise SoapFaultError("UNSUPPORTED_API_VERSION", f"Invalid Api version {version}")


def find_operation(envelope: Element) -> tuple[str, Element]:
    """The operation that the body asks for: its name and its element."""
    for child in envelope:
        if local_name(child) == "Body" and len(child):
            return local_name(child[0]), child[0]
    raise SoapFaultError("INVALID_OPERATION", "The SOAP body is empty")


def admit_soap_caller(services: Services, envelope: Element, kind: str | None = None) -> Actor:
    """The user of the session header; the call is counted, under its path's kind unless told.

    Raises OrgError as REST does.
    """
    actor = admit_session(services, session_id(envelope), kind or g.kind)
    g.user = actor.username
    return actor


def session_id(envelope: Element) -> str:
    """The token of the session header; empty without one."""
    token = next((e.text for e in envelope.iter() if local_name(e) == "sessionId"), None)
    return (token or "").strip()


def local_name(element: Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def child_text(element: Element | None, name: str) -> str | None:
    """The text of the first child of that name."""
    for found in element if element is not None else ():
        if local_name(found) == name:
            return found.text or ""
    return None


def not_served(what: str) -> SoapFaultError:
    """The fault for an operation of Salesforce that this org lacks."""
    return SoapFaultError("SANDBOX_NOT_IMPLEMENTED", f"SANDBOX_NOT_IMPLEMENTED: SOAP {what}()")


def _parse(data: bytes) -> Element:
    try:
        return fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise SoapFaultError("INVALID_SOAP_HEADER", f"The request is no SOAP: {error}") from error


def _fault(error: SoapFaultError) -> str:
    code, message = spell(error.code), spell(error.message)
    return (
        f"<soapenv:Fault><faultcode>sf:{code}</faultcode>"
        f"<faultstring>{code}: {message}</faultstring>"
        "<detail><sf:UnexpectedErrorFault>"
        f"<sf:exceptionCode>{code}</sf:exceptionCode>"
        f"<sf:exceptionMessage>{message}</sf:exceptionMessage>"
        "</sf:UnexpectedErrorFault></detail></soapenv:Fault>"
    )


def _respond(names: tuple[str, str], body: str, status: int) -> Response:
    own, faults = names
    # A fault's own elements belong to no namespace, so there is none by default around them.
    shown = f'xmlns="{own}"' if status == HTTPStatus.OK else f'xmlns:sf="{faults}"'
    text = _ENVELOPE.format(names=shown, body=body)
    return Response(text, status=status, content_type="text/xml;charset=UTF-8")


def to_xml(name: str, value: object) -> str:
    """A value as an element: objects nest, lists repeat, what is None stays away."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        inner = "".join(to_xml(key, held) for key, held in value.items())
        return f"<{name}>{inner}</{name}>"
    if isinstance(value, list):
        return "".join(to_xml(name, entry) for entry in value)
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{spell(shown)}</{name}>"
