"""What the org says when it refuses: Salesforce's codes, messages and HTTP statuses.

Owns the mapping from an error code to its HTTP status, so that no caller chooses one.
Source: developer.salesforce.com, REST API guide, "Status Codes and Error Responses".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

#: Codes that do not answer 400.
HTTP_STATUS = {
    "INVALID_SESSION_ID": 401,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "API_DISABLED_FOR_ORG": 403,
    "INSUFFICIENT_ACCESS": 403,
    "INSUFFICIENT_ACCESS_OR_READONLY": 400,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": 400,
    "NOT_FOUND": 404,
    "ENTITY_IS_DELETED": 404,
    "METHOD_NOT_ALLOWED": 405,
    "CONFLICT": 409,
    "UNSUPPORTED_API_VERSION": 410,
    "PRECONDITION_FAILED": 412,
    "URI_TOO_LONG": 414,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "HEADERS_TOO_LARGE": 431,
    "UNKNOWN_EXCEPTION": 500,
    "SANDBOX_NOT_IMPLEMENTED": 501,
    "SERVER_UNAVAILABLE": 503,
}


@dataclass(frozen=True)
class ErrorItem:
    """One entry of Salesforce's error list."""

    code: str
    message: str
    fields: tuple[str, ...] = field(default=())


class OrgError(Exception):
    """The org refused. Carries one item per cause, as Salesforce reports all failing rules."""

    def __init__(self, items: Sequence[ErrorItem]) -> None:
        super().__init__("; ".join(f"{item.code}: {item.message}" for item in items))
        self.items = tuple(items)

    @property
    def http_status(self) -> int:
        """The HTTP status of a plain REST answer."""
        return HTTP_STATUS.get(self.items[0].code, 400)


def refuse(code: str, message: str, *fields: str) -> OrgError:
    """An OrgError with a single cause; the caller raises it."""
    return OrgError([ErrorItem(code, message, fields)])


def not_implemented(what: str) -> OrgError:
    """Something that real Salesforce has and this org lacks. It says so instead of pretending."""
    return refuse("SANDBOX_NOT_IMPLEMENTED", f"SANDBOX_NOT_IMPLEMENTED: {what}")


class MultipleMatches(Exception):
    """An upsert found several records with that external ID, so nothing was written (HTTP 300)."""

    def __init__(self, sobject: str, ids: Sequence[str]) -> None:
        super().__init__(f"{len(ids)} records of {sobject} match: {', '.join(ids)}")
        self.sobject = sobject
        self.ids = tuple(ids)
