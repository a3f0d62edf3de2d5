"""What the org answered to writes, as values.

Owns the reading of Salesforce's result lists, which spell the same error in two ways, and the
distinction between the record at fault and those undone with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sfsync.errors import SalesforceError, SalesforceRejected, refusal

Record = dict[str, Any]

#: What the org says of nodes that were fine themselves, but undone or skipped with another one.
COLLATERAL_CODES = frozenset({"PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK"})


@dataclass(frozen=True)
class SaveResult:
    """What became of one record of a write."""

    salesforce_id: str | None
    success: bool
    created: bool
    errors: tuple[SalesforceError, ...] = ()


@dataclass(frozen=True)
class GraphResult:
    """What became of one graph: all of its nodes were written, or none."""

    graph_id: str
    is_successful: bool
    responses: tuple[Record, ...]  #: body, httpStatusCode, referenceId of each node, in order

    @property
    def errors(self) -> tuple[SalesforceError, ...]:
        """Why the graph was refused: the nodes at fault, not those undone with them."""
        found = [error for each in self.responses for error in response_errors(each)]
        at_fault = tuple(error for error in found if error.code not in COLLATERAL_CODES)
        return at_fault or tuple(found)


def response_errors(response: Mapping[str, Any]) -> tuple[SalesforceError, ...]:
    """The errors of one composite subrequest; none when it succeeded."""
    if int(response["httpStatusCode"]) < 300:
        return ()
    return item_errors(response.get("body"))


def read_save_result(item: Mapping[str, Any]) -> SaveResult:
    """One item of a collections answer."""
    return SaveResult(
        salesforce_id=item.get("id"),
        success=bool(item["success"]),
        created=bool(item.get("created")),
        errors=item_errors(item.get("errors")) if not item["success"] else (),
    )


def read_graph_result(item: Mapping[str, Any]) -> GraphResult:
    """One item of a composite graph answer."""
    responses = item["graphResponse"]["compositeResponse"]
    return GraphResult(str(item["graphId"]), bool(item["isSuccessful"]), tuple(responses))


def item_errors(body: Any) -> tuple[SalesforceError, ...]:
    """Our error for each item of an error list.

    Collections say `statusCode` where plain REST says `errorCode` (REST API guide).
    """
    items = body if isinstance(body, list) else [body]
    errors = tuple(
        refusal(
            str(item.get("statusCode") or item.get("errorCode")),
            str(item.get("message", "")),
            item.get("fields") or (),
        )
        for item in items
        if isinstance(item, Mapping) and (item.get("statusCode") or item.get("errorCode"))
    )
    return errors or (SalesforceRejected(f"The org refused without a reason: {str(body)[:200]}"),)
