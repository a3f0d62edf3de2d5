"""Subrequests of composite and graph calls: reading them, running them, undoing them together.

Owns the shape of a subrequest and what its siblings report when one of an all-or-none set fails.
Source: REST API guide, "Composite" and "Composite Graph".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.api.call import Answer, Call
from sandbox.api.dispatch import answer_nested, nested_call
from sandbox.api.errors import refusal_answer
from sandbox.api.references import fill_references
from sandbox.org.errors import OrgError, refuse

_REFERENCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*\Z")
_VERBS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
HALTED = refusal_answer(
    refuse(
        "PROCESSING_HALTED",
        "The transaction was rolled back since another operation in the same transaction failed.",
    )
)


@dataclass(frozen=True)
class Subrequest:
    """One request inside a composite call."""

    method: str
    url: str
    reference_id: str
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


class _UndoAllError(Exception):
    """Leaves the transaction when an all-or-none set has failed."""


def read_subrequests(items: object, most: int) -> list[Subrequest]:
    """The subrequests of a `compositeRequest` list.

    Raises OrgError for the whole call when one is malformed, a reference ID comes twice, or there
    are more than `most`.
    """
    if not isinstance(items, list) or not items:
        raise refuse("INVALID_INPUT", "compositeRequest must be a list of subrequests")
    if len(items) > most:
        raise refuse(
            "LIMIT_EXCEEDED", f"{len(items)} subrequests are more than the {most} that are allowed"
        )
    subrequests = [_read(item) for item in items]
    seen: set[str] = set()
    for subrequest in subrequests:
        if subrequest.reference_id in seen:
            raise refuse("INVALID_INPUT", f"Duplicate referenceId {subrequest.reference_id}")
        seen.add(subrequest.reference_id)
    return subrequests


def run_each(parent: Call, subrequests: Sequence[Subrequest], resource: str) -> dict[str, Answer]:
    """Answers by reference ID; each subrequest stands alone, but for those that refer to others."""
    turns = _answer_in_turn(parent, subrequests, resource)
    return {subrequest.reference_id: answer for subrequest, answer in turns}


def run_together(
    parent: Call, subrequests: Sequence[Subrequest], resource: str
) -> tuple[dict[str, Answer], bool]:
    """Answers by reference ID, and whether all went well.

    The first failure stops the rest and undoes what was done: only the failed subrequest tells its
    error, the others report PROCESSING_HALTED.
    """
    answers: dict[str, Answer] = {}
    try:
        with parent.services.org.chunk():
            whole = replace(parent, must_be_whole=True)
            for subrequest, answer in _answer_in_turn(whole, subrequests, resource):
                answers[subrequest.reference_id] = answer
                if not _went_well(answer):
                    raise _UndoAllError
    except _UndoAllError:
        failed, why = next(reversed(answers.items()))
        return dict.fromkeys((s.reference_id for s in subrequests), HALTED) | {failed: why}, False
    return answers, True


def show_answer(reference_id: str, answer: Answer) -> dict[str, object]:
    """One entry of a `compositeResponse`."""
    return {
        "body": answer.body,
        "httpHeaders": dict(answer.headers),
        "httpStatusCode": answer.status,
        "referenceId": reference_id,
    }


def _answer_in_turn(
    parent: Call, subrequests: Sequence[Subrequest], resource: str
) -> Iterator[tuple[Subrequest, Answer]]:
    results: dict[str, object] = {}
    for subrequest in subrequests:
        answer = _run(parent, subrequest, resource, results)
        if _went_well(answer):
            results[subrequest.reference_id] = answer.body
        yield subrequest, answer


def _run(
    parent: Call, subrequest: Subrequest, resource: str, results: Mapping[str, object]
) -> Answer:
    try:
        url = str(fill_references(subrequest.url, results))
        body = fill_references(subrequest.body, results)
        call = nested_call(parent, subrequest.method, url, body, subrequest.headers)
    except OrgError as error:
        return refusal_answer(error)
    return answer_nested(call, resource)


def _went_well(answer: Answer) -> bool:
    return answer.is_success and not answer.has_failed_rows


def _read(item: Any) -> Subrequest:
    if not isinstance(item, dict):
        raise refuse("INVALID_INPUT", "each subrequest must be an object")
    method, url, reference = (item.get(name) for name in ("method", "url", "referenceId"))
    if str(method).upper() not in _VERBS:
        raise refuse("INVALID_INPUT", f"subrequest method {method!r} is not an HTTP verb")
    if not isinstance(url, str) or not url.startswith("/services/data/"):
        raise refuse("INVALID_INPUT", f"subrequest url {url!r} must start with /services/data/")
    if not isinstance(reference, str) or not _REFERENCE_ID.match(reference):
        raise refuse(
            "INVALID_INPUT", f"referenceId {reference!r} must be letters, digits and underscores"
        )
    headers = item.get("httpHeaders") or {}
    if not isinstance(headers, dict):
        raise refuse("INVALID_INPUT", f"httpHeaders of {reference} must be an object")
    return Subrequest(str(method).upper(), url, reference, item.get("body"), headers)
