"""The Apex SOAP API: refused by name, since the org runs no Apex.

Owns that code is refused as a failed compilation, which `apex run` of a client shows to its user,
and all else as a fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from sandbox.api.apex import refuse_code
from sandbox.api.soap import (
    APEX,
    admit_soap_caller,
    answer_envelope,
    check_version,
    find_operation,
    not_served,
    to_xml,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from sandbox.api.services import Services


def make_apex_blueprint(services: Services) -> Blueprint:
    """Routes of the Apex SOAP API."""
    blueprint = Blueprint("apex", __name__)

    @blueprint.post("/services/Soap/s/<version>")
    @blueprint.post("/services/Soap/s/<version>/<path:_rest>")
    def answer_apex(version: str, _rest: str = "") -> Response:
        return answer_envelope(APEX, lambda envelope: _answer(services, version, envelope))

    return blueprint


def _answer(services: Services, version: str, envelope: Element) -> str:
    check_version(version)
    name, _ = find_operation(envelope)
    admit_soap_caller(services, envelope)
    if name == "executeAnonymous":
        return to_xml("executeAnonymousResponse", {"result": refuse_code()})
    raise not_served(name)
