"""A refusal in the words of the API that was called: REST, SOAP, or the first Bulk API.

Owns which API a path belongs to, for refusals that come before the API itself has its say: those
of a fault plan, which must look to a client like any other refusal of that API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from sandbox.api.bulk1_shapes import restate, show_error
from sandbox.api.errors import refusal_answer
from sandbox.api.http import BULK1_PREFIX, to_response
from sandbox.api.soap import APEX, ENTERPRISE, METADATA, PARTNER, answer_fault
from sandbox.bulk.batch import ContentType

if TYPE_CHECKING:
    from sandbox.api.services import Services
    from sandbox.org.errors import OrgError

_SOAP = {
    "/services/Soap/c/": ENTERPRISE,
    "/services/Soap/u/": PARTNER,
    "/services/Soap/m/": METADATA,
    "/services/Soap/s/": APEX,
}


def show_refusal(services: Services, error: OrgError) -> Response:
    """The refusal of the request at hand, with the HTTP status that its API has for it."""
    for prefix, names in _SOAP.items():
        if request.path.startswith(prefix):
            return answer_fault(names, error)
    if request.path.startswith(BULK1_PREFIX):
        return show_error(restate(error), is_json=_speaks_json(services))
    return to_response(refusal_answer(error))


def _speaks_json(services: Services) -> bool:
    if "json" in request.headers.get("Content-Type", ""):
        return True
    job_id = request.path.partition("/job/")[2].partition("/")[0]
    job = services.bulk.batches.find_job(job_id) if job_id else None
    return job is not None and job.content_type is ContentType.JSON
