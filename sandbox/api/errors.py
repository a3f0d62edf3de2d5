"""Refusals as Salesforce writes them: a JSON list, always.

Owns the two spellings: `errorCode` in plain REST answers, `statusCode` in the rows of collections
and trees. Source: REST API guide, "Status Codes and Error Responses" and "SaveResult".
"""

from __future__ import annotations

from sandbox.api.call import Answer
from sandbox.org.errors import HTTP_STATUS, ErrorItem, OrgError


def refusal_answer(error: OrgError) -> Answer:
    """The answer of a resource that refused."""
    return Answer(error.http_status, error_list(error))


def error_list(error: OrgError) -> list[dict[str, object]]:
    """`[{message, errorCode, fields}]`; `fields` only where the code is about fields."""
    return [_plain_item(item) for item in error.items]


def row_errors(error: OrgError) -> list[dict[str, object]]:
    """`[{statusCode, message, fields}]`, as rows of a collection report."""
    return [
        {"statusCode": item.code, "message": item.message, "fields": list(item.fields)}
        for item in error.items
    ]


def _plain_item(item: ErrorItem) -> dict[str, object]:
    shown: dict[str, object] = {"message": item.message, "errorCode": item.code}
    if item.fields or item.code not in HTTP_STATUS | _ABOUT_REQUESTS:
        shown["fields"] = list(item.fields)
    return shown


#: Codes about the request itself: their items carry no `fields`.
_ABOUT_REQUESTS = dict.fromkeys(
    (
        "FEATURENOTENABLED",
        "INVALIDJOB",
        "INVALIDJOBSTATE",
        "INVALID_FIELD",
        "INVALID_QUERY_LOCATOR",
        "INVALID_TYPE",
        "JSON_PARSER_ERROR",
        "MALFORMED_QUERY",
        "PROCESSING_HALTED",
    )
)
