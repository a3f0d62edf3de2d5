"""The Metadata API over SOAP: deploy and validate, list and retrieve.

Owns the table of operations. The calls that create or change single components, with no file, are
refused by name: this org takes metadata from files only. Source: Metadata API guide, "File-Based
Calls" and "Utility Calls".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from sandbox.api.deploy_results import deploy_result, show_soap_time
from sandbox.api.deployments import check_rights, refuse_cancel
from sandbox.api.metadata_views import (
    Stamp,
    describe_metadata,
    file_properties,
    list_components,
    select,
)
from sandbox.api.soap import (
    METADATA,
    SoapFaultError,
    admit_soap_caller,
    answer_envelope,
    check_version,
    child_text,
    find_operation,
    local_name,
    not_served,
    to_xml,
)
from sandbox.metadata.deployment import DeployOptions
from sandbox.metadata.files import write_package

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from sandbox.api.services import Services
    from sandbox.org.actor import Actor

Result = dict[str, object]


@dataclass(frozen=True)
class _Request:
    """One operation, asked for by a user who may use the Metadata API."""

    services: Services
    actor: Actor
    version: str
    operation: Element

    def text(self, name: str) -> str:
        return child_text(self.operation, name) or ""

    def flag(self, name: str, default: bool = False) -> bool:
        return self.text(name).strip().lower() in {"true", "1"} if self.text(name) else default

    def child(self, *names: str) -> _Request:
        found = next((e for e in self.operation if local_name(e) in names), None)
        if found is None:
            raise SoapFaultError("INVALID_SOAP_BODY", f"The request has no {names[0]}")
        return _Request(self.services, self.actor, self.version, found)

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.actor, self.services.org.clock.now())


def make_metadata_blueprint(services: Services) -> Blueprint:
    """Routes of the Metadata API; clients append the org's Id or a name of their own."""
    blueprint = Blueprint("metadata", __name__)

    @blueprint.post("/services/Soap/m/<version>")
    @blueprint.post("/services/Soap/m/<version>/<path:_rest>")
    def answer_metadata(version: str, _rest: str = "") -> Response:
        return answer_envelope(METADATA, lambda envelope: _answer(services, version, envelope))

    return blueprint


def _answer(services: Services, version: str, envelope: Element) -> str:
    check_version(version)
    name, operation = find_operation(envelope)
    actor = admit_soap_caller(services, envelope)
    check_rights(actor)
    act = _OPERATIONS.get(name)
    if act is None:
        raise not_served(name)
    result = act(_Request(services, actor, version, operation))
    return to_xml(f"{name}Response", {"result": result})


def _deploy(asked: _Request) -> Result:
    options = asked.child("DeployOptions")
    record = asked.services.deployments.run(
        asked.actor,
        _read_zip(asked.text("ZipFile")),
        DeployOptions(
            check_only=options.flag("checkOnly"),
            rollback_on_error=options.flag("rollbackOnError"),
            allow_missing_files=options.flag("allowMissingFiles"),
        ),
        ignore_warnings=options.flag("ignoreWarnings"),
    )
    return {"done": False, "id": record.id, "state": "Queued"}


def _read_zip(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SoapFaultError("INVALID_SOAP_BODY", f"ZipFile is not Base64: {error}") from error


def _check_deploy(asked: _Request) -> Result:
    record = asked.services.deployments.find(asked.text("asyncProcessId"))
    return deploy_result(record, show_soap_time, details=asked.flag("includeDetails"))


def _cancel_deploy(asked: _Request) -> Result:
    raise refuse_cancel(asked.services.deployments.find(asked.text("String")))


def _describe(asked: _Request) -> Result:
    return describe_metadata()


def _list(asked: _Request) -> list[Result]:
    components = asked.services.deployments.ledger.components
    schema = asked.services.org.schema
    types = [
        child_text(query, "type") or ""
        for query in asked.operation
        if local_name(query) == "queries"
    ]
    return [
        shown
        for type_name in types
        for shown in list_components(components, schema, type_name, asked.stamp)
    ]


def _retrieve(asked: _Request) -> Result:
    # jsforce calls the element `request`, and an org takes that too.
    request = asked.child("retrieveRequest", "request")
    for unserved in ("packageNames", "specificFiles"):
        if request.text(unserved):
            raise not_served(f"retrieve with {unserved}")
    components, missing = select(
        asked.services.deployments.ledger.components, _wanted(request.child("unpackaged"))
    )
    root = "" if request.flag("singlePackage") else "unpackaged/"
    retrieve_id = asked.services.deployments.new_id("09S")
    content = write_package(components, request.text("apiVersion") or asked.version, root)
    asked.services.retrievals[retrieve_id] = {
        "done": True,
        "fileProperties": [file_properties(c, asked.stamp, root) for c in components],
        "id": retrieve_id,
        "messages": [{"fileName": f"{root}package.xml", "problem": m} for m in missing],
        "status": "Succeeded",
        "success": True,
        "zipFile": base64.b64encode(content).decode(),
    }
    return {"done": False, "id": retrieve_id, "state": "Queued"}


def _wanted(manifest: _Request) -> list[tuple[str, str]]:
    return [
        (child_text(entry, "name") or "", member.text or "")
        for entry in manifest.operation
        if local_name(entry) == "types"
        for member in entry
        if local_name(member) == "members"
    ]


def _check_retrieve(asked: _Request) -> Result:
    retrieve_id = asked.text("asyncProcessId")
    found = asked.services.retrievals.get(retrieve_id)
    if found is None:
        raise SoapFaultError(
            "INVALID_CROSS_REFERENCE_KEY", f"invalid cross reference id {retrieve_id}"
        )
    is_whole = asked.flag("includeZip", default=True)
    return found if is_whole else {k: v for k, v in found.items() if k != "zipFile"}


_OPERATIONS: dict[str, Callable[[_Request], object]] = {
    "deploy": _deploy,
    "checkDeployStatus": _check_deploy,
    "cancelDeploy": _cancel_deploy,
    "describeMetadata": _describe,
    "listMetadata": _list,
    "retrieve": _retrieve,
    "checkRetrieveStatus": _check_retrieve,
}
