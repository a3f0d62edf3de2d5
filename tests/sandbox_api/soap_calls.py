"""Calls of the Metadata API as SOAP envelopes, and what comes back."""

from __future__ import annotations

import base64
from xml.etree import ElementTree

import requests

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import a_session

ADMIN = "admin@manufaktura.example"
M = "{http://soap.sforce.com/2006/04/metadata}"


def soap(
    server: LocalOrgServer, body: str, *, path: str = "", username: str = ADMIN, token: str = ""
) -> ElementTree.Element:
    """The body's only element of the answer to a call with this body."""
    answer = post_soap(server, body, path, token or server.token_for(username))
    envelope = ElementTree.fromstring(answer.content)  # noqa: S314 - the org's own answer
    return envelope[0][0]


def post_soap(server: LocalOrgServer, body: str, path: str, token: str) -> requests.Response:
    envelope = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns="http://soap.sforce.com/2006/04/metadata"><soapenv:Header><SessionHeader>'
        f"<sessionId>{token}</sessionId></SessionHeader></soapenv:Header>"
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    with a_session(server) as session:
        return session.post(
            f"{server.url}/services/Soap/m/62.0{path}",
            data=envelope.encode(),
            headers={"SOAPAction": '""', "Content-Type": "text/xml"},
            timeout=30,
        )


def deploy_body(data: bytes, options: str = "<rollbackOnError>true</rollbackOnError>") -> str:
    text = base64.b64encode(data).decode()
    return f"<deploy><ZipFile>{text}</ZipFile><DeployOptions>{options}</DeployOptions></deploy>"


def soap_deploy(server: LocalOrgServer, data: bytes, **options: str) -> ElementTree.Element:
    """The DeployResult of a deploy."""
    queued = soap(server, deploy_body(data, **options))
    deploy_id = queued.findtext(f"{M}result/{M}id")
    return soap(
        server,
        f"<checkDeployStatus><asyncProcessId>{deploy_id}</asyncProcessId>"
        "<includeDetails>true</includeDetails></checkDeployStatus>",
    )[0]


def fault_of(element: ElementTree.Element) -> str:
    assert element.tag.endswith("Fault")
    return str(element.findtext("faultcode"))
