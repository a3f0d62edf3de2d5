"""`composite/batch`: up to 25 independent subrequests in one call.

Source: REST API guide, "Batch": nothing is undone; `haltOnError` skips what follows a failure.
"""

from __future__ import annotations

from typing import Any

from sandbox.api.call import Answer, Call, Route
from sandbox.api.dispatch import answer_nested, nested_call
from sandbox.api.errors import refusal_answer
from sandbox.org.errors import OrgError, not_implemented, refuse

MOST_SUBREQUESTS = 25
_HALTED = Answer(
    412,
    [{"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}],
)


def run_batch(call: Call) -> Answer:
    """200 with a status and a result per subrequest, in their order."""
    body = call.json_object()
    items = body.get("batchRequests")
    if not isinstance(items, list) or not items:
        raise refuse("INVALID_INPUT", "batchRequests must be a list of subrequests")
    if len(items) > MOST_SUBREQUESTS:
        raise refuse("LIMIT_EXCEEDED", f"{len(items)} subrequests are more than {MOST_SUBREQUESTS}")
    answers = _run_each(call, items, halt=str(body.get("haltOnError", "")).lower() == "true")
    return Answer(
        body={
            "hasErrors": not all(answer.is_success for answer in answers),
            "results": [{"statusCode": a.status, "result": a.body} for a in answers],
        }
    )


def _run_each(call: Call, items: list[Any], *, halt: bool) -> list[Answer]:
    answers: list[Answer] = []
    for item in items:
        is_halted = halt and any(not answer.is_success for answer in answers)
        answers.append(_HALTED if is_halted else _run(call, item))
    return answers


def _run(parent: Call, item: Any) -> Answer:
    try:
        if not isinstance(item, dict) or not isinstance(item.get("url"), str):
            raise refuse("INVALID_INPUT", "each subrequest must have a url and a method")
        if "binaryPartName" in item:
            raise not_implemented("binary parts of a batch")
        call = nested_call(
            parent, str(item.get("method", "")), _full_url(item["url"]), item.get("richInput"), {}
        )
    except OrgError as error:
        return refusal_answer(error)
    return answer_nested(call, "batch")


def _full_url(url: str) -> str:
    """Batch URLs start at the version (`v59.0/limits`); a whole path is taken as well."""
    path = url.lstrip("/")
    return f"/{path}" if path.startswith("services/data/") else f"/services/data/{path}"


ROUTES = [Route("composite/batch", {"POST": run_batch}, "batch")]
