"""Several reads in one API call: the REST API's batch resource.

Owns the reading of its answers. A batch counts as one call however many reads it carries, which is
what makes asking about every sObject as cheap as asking about one. Source: REST API guide,
"Batch": up to 25 subrequests, each answered on its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from simple_salesforce.api import Salesforce

from sfsync import jsonio
from sfsync.chunks import chunked
from sfsync.edge import reading
from sfsync.errors import IncompleteRead, SalesforceError
from sfsync.results import item_errors

#: Reads of one call.
BATCH_SIZE = 25


@dataclass(frozen=True)
class BatchAnswer:
    """What the org answered to one read of a batch."""

    status: int
    result: Any

    @property
    def error(self) -> SalesforceError | None:
        """Our error for a read that was refused; None when it succeeded."""
        return item_errors(self.result)[0] if self.status >= 300 else None

    def unwrap(self) -> Any:
        """The result; raises the error of a read that was refused."""
        if self.error is not None:
            raise self.error
        return self.result


def get_many(sf: Salesforce, paths: Sequence[str]) -> list[BatchAnswer]:
    """Reads resources such as `sobjects/Order/describe`, 25 to a call; answers in their order.

    No paths, no call. Raises IncompleteRead when the org answered for fewer than it was asked.
    """
    answers: list[BatchAnswer] = []
    for chunk in chunked(paths, BATCH_SIZE):
        answers += _get_chunk(sf, chunk)
    return answers


def with_parameters(path: str, parameters: Mapping[str, str]) -> str:
    """A path with its query string, such as `queryAll?q=SELECT+Id+FROM+Order`."""
    return f"{path}?{urlencode(parameters)}"


def _get_chunk(sf: Salesforce, paths: Sequence[str]) -> list[BatchAnswer]:
    requests = [{"method": "GET", "url": f"v{sf.sf_version}/{path}"} for path in paths]
    body = jsonio.encode({"batchRequests": requests})
    with reading(sf):
        answer = sf.restful("composite/batch", method="POST", data=body) or {}
    results = answer.get("results") or []
    if len(results) != len(paths):
        raise IncompleteRead(
            f"The org answered {len(results)} of the {len(paths)} reads of a batch.",
            remedy="Nothing is concluded from it; it is read again.",
        )
    return [BatchAnswer(int(each["statusCode"]), each.get("result")) for each in results]
