"""What the first Bulk API answers, in XML or JSON.

Owns which format an answer has and the names of its refusals. Source: Bulk API developer guide,
"JobInfo", "BatchInfo", "Errors".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask import Response

from sandbox.api import jsonio
from sandbox.bulk.batch import Batch, BatchJob, BatchState
from sandbox.bulk.batch_query import NAMESPACE
from sandbox.org.errors import OrgError
from sandbox.xml_text import spell

Facts = dict[str, object]
#: Refusals of the rest of the org, as this API names them.
_CODES = {
    "INVALID_SESSION_ID": "InvalidSessionId",
    "REQUEST_LIMIT_EXCEEDED": "ExceededQuota",
    "NOT_FOUND": "InvalidUrl",
    "UNSUPPORTED_API_VERSION": "InvalidVersion",
    "JSON_PARSER_ERROR": "InvalidJob",
}


class Bulk1Error(Exception):
    """A call of this API is refused (HTTP 400) with this exception code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def restate(error: OrgError) -> Bulk1Error:
    """A refusal of the org as one of this API."""
    item = error.items[0]
    return Bulk1Error(_CODES.get(item.code, item.code), item.message)


def job_info(job: BatchJob) -> Facts:
    """All that is known of a job; None where there is nothing to say."""
    batches = list(job.batches.values())
    work_ms = sum(batch.work_ms for batch in batches)
    return {
        "id": job.id,
        "operation": job.operation,
        "object": job.sobject,
        "createdById": job.user_id,
        "createdDate": job.created_at,
        "systemModstamp": job.modified_at,
        "state": str(job.state),
        "externalIdFieldName": job.external_field,
        "concurrencyMode": job.concurrency,
        "contentType": str(job.content_type),
        "numberBatchesQueued": job.count(BatchState.QUEUED),
        "numberBatchesInProgress": job.count(BatchState.IN_PROGRESS),
        "numberBatchesCompleted": job.count(BatchState.COMPLETED),
        "numberBatchesFailed": job.count(BatchState.FAILED),
        "numberBatchesTotal": len(batches),
        "numberRecordsProcessed": sum(batch.processed for batch in batches),
        "numberRetries": 0,
        "apiVersion": Decimal(job.version),
        "numberRecordsFailed": sum(batch.failed for batch in batches),
        "totalProcessingTime": work_ms,
        "apiActiveProcessingTime": work_ms,
        "apexProcessingTime": 0,
    }


def batch_info(batch: Batch) -> Facts:
    """All that is known of a batch."""
    return {
        "id": batch.id,
        "jobId": batch.job_id,
        "state": str(batch.state),
        "stateMessage": batch.message,
        "createdDate": batch.created_at,
        "systemModstamp": batch.modified_at,
        "numberRecordsProcessed": batch.processed,
        "numberRecordsFailed": batch.failed,
        "totalProcessingTime": batch.work_ms,
        "apiActiveProcessingTime": batch.work_ms,
        "apexProcessingTime": 0,
    }


def show(root: str, facts: Facts, *, is_json: bool, status: int = 200) -> Response:
    """One object."""
    if is_json:
        shown = {name: _moment(name, value, "+0000") for name, value in facts.items()}
        return as_json(shown, status)
    return as_xml(root, _elements(facts), status)


def show_list(root: str, name: str, items: Sequence[Facts], *, is_json: bool) -> Response:
    """Several objects of one sort."""
    if is_json:
        return as_json(
            {name: [{k: _moment(k, v, "+0000") for k, v in facts.items()} for facts in items]}
        )
    return as_xml(root, "".join(f"<{name}>{_elements(facts)}</{name}>" for facts in items))


def show_error(error: Bulk1Error, *, is_json: bool) -> Response:
    """A refusal."""
    facts: Facts = {"exceptionCode": error.code, "exceptionMessage": error.message}
    return show("error", facts, is_json=is_json, status=400)


def show_outcomes(outcomes: Sequence[Mapping[str, Any]]) -> Response:
    """What became of the rows of an XML batch."""
    return as_xml("results", "".join(map(_outcome_element, outcomes)))


def as_json(value: object, status: int = 200) -> Response:
    """A JSON answer. No charset: tap-salesforce and salesforce-bulk compare the whole header."""
    return Response(jsonio.dumps(value), status, content_type="application/json")


def as_xml(root: str, inner: str, status: int = 200) -> Response:
    """An XML answer."""
    text = f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="{NAMESPACE}">{inner}</{root}>'
    return Response(text, status, content_type="application/xml")


def _elements(facts: Facts) -> str:
    return "".join(
        f"<{name}>{spell(str(_moment(name, value, 'Z')))}</{name}>"
        for name, value in facts.items()
        if value is not None
    )


def _moment(name: str, value: object, zone: str) -> object:
    return f"{value:.19}.000{zone}" if name in {"createdDate", "systemModstamp"} else value


def _outcome_element(outcome: Mapping[str, Any]) -> str:
    errors = "".join(
        "<errors>"
        + "".join(f"<fields>{spell(name)}</fields>" for name in item["fields"])
        + f"<message>{spell(item['message'])}</message>"
        + f"<statusCode>{item['statusCode']}</statusCode></errors>"
        for item in outcome["errors"]
    )
    record = f"<id>{outcome['id']}</id>" if outcome["id"] else ""
    success, created = (str(outcome[name]).lower() for name in ("success", "created"))
    return (
        f"<result>{errors}{record}<success>{success}</success><created>{created}</created></result>"
    )
