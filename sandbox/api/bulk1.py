"""The first Bulk API: `/services/async/NN.0/job` with its batches.

Owns what a client may ask of a job and when, and in which format it is told: about batches in the
job's own (JSON, else XML), about jobs also in that of the request. Extractors read the batches of a
CSV job as XML even though each of their requests says JSON. Source: Bulk API developer guide.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from flask import Blueprint, Response, g, request

from sandbox.api import jsonio
from sandbox.api.bulk1_shapes import (
    Bulk1Error,
    as_json,
    as_xml,
    batch_info,
    job_info,
    restate,
    show,
    show_error,
    show_list,
    show_outcomes,
)
from sandbox.api.bulk_jobs import CSV_TYPE, find_delay, find_shuffle_seed
from sandbox.api.http import BULK1_PREFIX, admit_caller
from sandbox.api.router import split_path
from sandbox.bulk.batch import Batch, BatchJob, BatchState, BoxState, ContentType
from sandbox.bulk.dialect import Dialect
from sandbox.bulk.saver import OPERATIONS
from sandbox.org.errors import OrgError

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.api.services import Services
    from sandbox.org.actor import Actor
    from sandbox.org.schema import SObject

_MEDIA_TYPES = {
    ContentType.CSV: CSV_TYPE,
    ContentType.JSON: "application/json;charset=UTF-8",
    ContentType.XML: "application/xml",
}
#: Without a charset, unlike the rows of a query: salesforce-bulk compares the whole header.
OUTCOMES_TYPE = "text/csv"
_QUERIES = ("query", "queryAll")
#: How simple clients number the two modes.
_MODES = {"0": "Parallel", "1": "Serial", "parallel": "Parallel", "serial": "Serial"}
#: A query has one result, so its Id may be fixed.
_RESULT_ID = "752Lc0000000001IAA"
View = Callable[..., Response]
_UNREADABLE = (
    ParseError,
    DefusedXmlException,
    ValueError,
    LookupError,
    RecursionError,
)


def make_bulk1_blueprint(services: Services) -> Blueprint:
    """Routes of the first Bulk API."""
    blueprint = Blueprint("bulk1", __name__, url_prefix=f"{BULK1_PREFIX}<version>")
    for rule, method, view in _VIEWS:
        name = f"{method}_{view.__name__}"
        blueprint.add_url_rule(rule, name, _respond(services, view), methods=[method])
    return blueprint


def _respond(services: Services, view: View) -> Callable[..., Response]:
    def answer(version: str, **ids: str) -> Response:
        job_id = ids.pop("job_id", None)
        job = services.bulk.batches.find_job(job_id) if job_id else None
        is_json = _is_json(job, is_about_job="/batch" not in request.path)
        try:
            actor = admit_caller(services, g.kind)
            split_path(f"/services/data/v{version}")
            if job_id is not None:
                return view(services, _known(job), is_json=is_json, **ids)
            return view(services, actor, version, is_json=is_json)
        except OrgError as error:
            return show_error(restate(error), is_json=is_json)
        except Bulk1Error as error:
            return show_error(error, is_json=is_json)

    return answer


def _is_json(job: BatchJob | None, *, is_about_job: bool) -> bool:
    says_json = "json" in request.headers.get("Content-Type", "")
    if job is None:
        return says_json
    return job.content_type is ContentType.JSON or (says_json and is_about_job)


def _known(job: BatchJob | None) -> BatchJob:
    if job is None:
        raise Bulk1Error("InvalidJob", "Unable to find the job")
    return job


def _create_job(services: Services, actor: Actor, version: str, *, is_json: bool) -> Response:
    body = _read_body(is_json)
    operation = body.get("operation", "")
    if operation not in (*OPERATIONS, *_QUERIES):
        raise Bulk1Error("InvalidJob", f"Unknown operation: {operation}")
    sobject = services.org.schema.sobject(body.get("object", ""))
    if sobject is None or not actor.access.can_see(sobject):
        raise Bulk1Error("InvalidJob", f"Unable to find object: {body.get('object')}")
    content_type = _read_content_type(body.get("contentType", "XML"))
    mode = _MODES.get(body.get("concurrencyMode", "0").lower(), "Parallel")
    external = _read_key(sobject, operation, body.get("externalIdFieldName", ""))

    def make(job_id: str, now: str) -> BatchJob:
        return BatchJob(
            job_id,
            operation,
            sobject.name,
            content_type,
            actor.user_id,
            actor.username,
            version,
            now,
            now,
            mode,
            external,
            shuffle_seed=find_shuffle_seed(g.faults),
        )

    job = services.bulk.batches.add_job(make)
    return show("jobInfo", job_info(job), is_json=is_json, status=201)


def _read_job(_: Services, job: BatchJob, *, is_json: bool) -> Response:
    return show("jobInfo", job_info(job), is_json=is_json)


def _change_job(services: Services, job: BatchJob, *, is_json: bool) -> Response:
    is_xml_body = "xml" in request.headers.get("Content-Type", "")
    state = _read_body(is_json and not is_xml_body).get("state", "")
    if state not in {BoxState.CLOSED, BoxState.ABORTED}:
        raise Bulk1Error("InvalidJobState", f"A job can be Closed or Aborted, not {state}")
    if job.state is BoxState.ABORTED:
        raise Bulk1Error("InvalidJobState", "The job is aborted")
    services.bulk.batches.set_state(job, BoxState(state))
    return show("jobInfo", job_info(job), is_json=is_json)


def _add_batch(services: Services, job: BatchJob, *, is_json: bool) -> Response:
    if job.state is not BoxState.OPEN:
        raise Bulk1Error("InvalidJobState", f"The job is {job.state} and takes no more batches")
    media_type = request.headers.get("Content-Type", "").lower()
    if not job.is_query and job.content_type.lower() not in media_type:
        raise Bulk1Error(
            "InvalidBatch",
            f"Content type {media_type!r} of the batch is not that of the job, {job.content_type}",
        )
    batch = services.bulk.batches.add_batch(job, request.get_data(), find_delay(g.faults))
    return show("batchInfo", batch_info(batch), is_json=is_json, status=201)


def _list_batches(_: Services, job: BatchJob, *, is_json: bool) -> Response:
    infos = [batch_info(batch) for batch in job.batches.values()]
    return show_list("batchInfoList", "batchInfo", infos, is_json=is_json)


def _read_batch(_: Services, job: BatchJob, batch_id: str, *, is_json: bool) -> Response:
    return show("batchInfo", batch_info(_find_batch(job, batch_id)), is_json=is_json)


def _read_request(_: Services, job: BatchJob, batch_id: str, *, is_json: bool) -> Response:
    data = _find_batch(job, batch_id).request.read_bytes()
    return Response(data, content_type=_MEDIA_TYPES[job.content_type])


def _read_outcomes(_: Services, job: BatchJob, batch_id: str, *, is_json: bool) -> Response:
    batch = _completed(_find_batch(job, batch_id))
    if job.is_query:
        if is_json:
            return as_json([_RESULT_ID])
        return as_xml("result-list", f"<result>{_RESULT_ID}</result>")
    outcomes = json.loads(batch.result.read_text())
    if job.content_type is ContentType.CSV:
        return _csv_outcomes(outcomes)
    if job.content_type is ContentType.XML:
        return show_outcomes(outcomes)
    return as_json([{k: v for k, v in outcome.items() if k != "text"} for outcome in outcomes])


def _read_rows(
    _: Services, job: BatchJob, batch_id: str, result_id: str, *, is_json: bool
) -> Response:
    batch = _completed(_find_batch(job, batch_id))
    if not job.is_query or result_id[:15] != _RESULT_ID[:15]:
        raise Bulk1Error("InvalidUrl", f"The batch has no result {result_id}")
    return Response(
        _stream(batch.result),
        content_type=_MEDIA_TYPES[job.content_type],
        headers={"Content-Length": str(batch.result.stat().st_size)},
    )


def _stream(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(256 * 1024):
            yield piece


def _csv_outcomes(outcomes: list[dict[str, Any]]) -> Response:
    lines: list[str] = []
    writer = Dialect().writer(lines.append)
    writer.writerow(["Id", "Success", "Created", "Error"])
    for one in outcomes:
        success, created = (str(one[name]).lower() for name in ("success", "created"))
        writer.writerow([one["id"], success, created, one["text"]])
    return Response("".join(lines), content_type=OUTCOMES_TYPE)


def _find_batch(job: BatchJob, batch_id: str) -> Batch:
    for found, batch in job.batches.items():
        if found[:15] == batch_id[:15]:
            return batch
    raise Bulk1Error("InvalidBatch", f"The job has no batch {batch_id}")


def _completed(batch: Batch) -> Batch:
    if batch.state is BatchState.COMPLETED:
        return batch
    if batch.state is BatchState.FAILED:
        raise Bulk1Error("InvalidBatch", batch.message or "Records not processed")
    raise Bulk1Error("InvalidBatch", f"Batch not completed, its state is {batch.state}")


def _read_body(is_json: bool) -> dict[str, str]:
    data = request.get_data()
    try:
        if is_json:
            given = jsonio.loads(data)
            if not isinstance(given, dict):
                raise ValueError("The body is no object")
            return {str(name): str(value) for name, value in given.items() if value is not None}
        return {child.tag.rpartition("}")[2]: child.text or "" for child in fromstring(data)}
    except (*_UNREADABLE, OrgError) as error:
        raise Bulk1Error("InvalidJob", f"The request cannot be read: {error}") from error


def _read_content_type(given: str) -> ContentType:
    try:
        return ContentType(given.upper())
    except ValueError:
        raise Bulk1Error("InvalidJob", f"Content type {given} is not served here") from None


def _read_key(sobject: SObject, operation: str, name: str) -> str | None:
    if operation != "upsert":
        return None
    field = sobject.field(name)
    if field is None or not (field.external_id or field.name == "Id"):
        raise Bulk1Error("InvalidJob", f"External ID was blank or is none: {name!r}")
    return field.name


_BATCH = "/job/<job_id>/batch/<batch_id>"
_VIEWS: list[tuple[str, str, View]] = [
    ("/job", "POST", _create_job),
    ("/job/<job_id>", "GET", _read_job),
    ("/job/<job_id>", "POST", _change_job),
    ("/job/<job_id>/batch", "GET", _list_batches),
    ("/job/<job_id>/batch", "POST", _add_batch),
    (_BATCH, "GET", _read_batch),
    (f"{_BATCH}/request", "GET", _read_request),
    (f"{_BATCH}/result", "GET", _read_outcomes),
    (f"{_BATCH}/result/<result_id>", "GET", _read_rows),
]
#: What is here, for the list of coverage.
SERVED = tuple(
    f"{method} {BULK1_PREFIX}NN.0{rule.replace('<', '{').replace('>', '}')}"
    for rule, method, _ in _VIEWS
)
