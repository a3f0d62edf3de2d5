"""`metadata/deployRequest`: deploys over REST, a zip and its options in one multipart body.

Source: Metadata API guide, "Deploying with REST API".
"""

from __future__ import annotations

import io
from collections.abc import Mapping

from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from sandbox.api import jsonio
from sandbox.api.call import Answer, Call, Route
from sandbox.api.deploy_results import deploy_result, show_rest_time
from sandbox.api.deployments import DeployRecord, check_rights, refuse_cancel
from sandbox.metadata.deployment import DeployOptions
from sandbox.org.errors import refuse

#: Names that clients give the part with the options.
_OPTION_PARTS = ("json", "entity_content")
_FILE_PART = "file"


def start_deploy(call: Call) -> Answer:
    """Deploy the zip of the body; the answer carries the Id to ask for the result with."""
    form, files = _read_parts(call)
    options = _read_options(form, files)
    upload = files.get(_FILE_PART)
    if upload is None:
        raise refuse("INVALID_INPUT", f"The body has no part '{_FILE_PART}' with the zip.")
    record = call.services.deployments.run(
        call.actor,
        upload.read(),
        DeployOptions(
            check_only=bool(options.get("checkOnly")),
            rollback_on_error=bool(options.get("rollbackOnError", True)),
            allow_missing_files=bool(options.get("allowMissingFiles")),
        ),
        ignore_warnings=bool(options.get("ignoreWarnings")),
    )
    queued = {"id": record.id, "done": False, "status": "Pending", "success": False}
    body = {"id": record.id, "deployOptions": options, "deployResult": queued}
    return Answer(201, body | {"url": _url(call, record)})


def show_deploy(call: Call, deploy_id: str) -> Answer:
    """How a deploy went; messages per component with `includeDetails=true`."""
    check_rights(call.actor)
    record = call.services.deployments.find(deploy_id)
    has_details = call.params.get("includeDetails", "").lower() == "true"
    result = deploy_result(record, show_rest_time, details=has_details)
    return Answer(body={"id": record.id, "url": _url(call, record), "deployResult": result})


def cancel_deploy(call: Call, deploy_id: str) -> Answer:
    """Refused: a deploy is over before anybody can know its Id."""
    check_rights(call.actor)
    raise refuse_cancel(call.services.deployments.find(deploy_id))


def _url(call: Call, record: DeployRecord) -> str:
    return f"{call.own_url}{call.data_url}/metadata/deployRequest/{record.id}"


def _read_parts(call: Call) -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
    media_type, parameters = parse_options_header(call.headers.get("content-type", ""))
    boundary = parameters.get("boundary", "")
    if media_type != "multipart/form-data" or not boundary:
        raise refuse("UNSUPPORTED_MEDIA_TYPE", "A deploy is multipart/form-data with a boundary.")
    try:
        return MultiPartParser(_keep_in_memory, max_form_parts=10).parse(
            io.BytesIO(call.raw_body), boundary.encode("latin-1"), len(call.raw_body)
        )
    except (ValueError, LookupError) as error:
        raise refuse("INVALID_INPUT", f"The multipart body cannot be read: {error}") from error


def _keep_in_memory(
    total_content_length: int | None,
    content_type: str | None,
    filename: str | None,
    content_length: int | None = None,
) -> io.BytesIO:
    return io.BytesIO()


def _read_options(form: Mapping[str, str], files: Mapping[str, FileStorage]) -> dict[str, object]:
    for name in _OPTION_PARTS:
        text = form.get(name)
        raw = text.encode() if text is not None else files[name].read() if name in files else None
        if raw is not None:
            body = jsonio.loads(raw)
            options = body.get("deployOptions", {}) if isinstance(body, dict) else None
            if not isinstance(options, dict):
                raise refuse("JSON_PARSER_ERROR", f"Part {name} must hold deployOptions.")
            return options
    return {}


ROUTES = [
    Route("metadata/deployRequest", {"POST": start_deploy}, "metadata"),
    Route(
        "metadata/deployRequest/{deploy_id}",
        {"GET": show_deploy, "PATCH": cancel_deploy},
        "metadata",
    ),
]
