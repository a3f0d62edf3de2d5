"""Saves many rows in one go: each on its own, or all or none.

Owns what a row of an answer says and when everything is undone. The rows of a chunk share one
transaction and one SystemModstamp, as in a real org. Source: REST API guide, "sObject Collections".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox.api.call import Answer, Call
from sandbox.api.errors import row_errors
from sandbox.org.errors import MultipleMatches, OrgError, refuse

ROLLED_BACK = refuse(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone "
    "header",
)

Outcome = dict[str, object]


class _UndoAllError(Exception):
    """Leaves the transaction, so that the good rows go as well."""


def save_rows(call: Call, saves: Sequence[Callable[[], Outcome]], *, all_or_none: bool) -> Answer:
    """200 with one outcome per row, in the order of the request.

    With `all_or_none` (or inside an all-or-none composite call) one refused row undoes all.
    """
    whole = all_or_none or call.must_be_whole
    outcomes: list[Outcome] = []
    try:
        with call.services.org.chunk():
            outcomes += [_save_row(call, save) for save in saves]
            if whole and not all(outcome["success"] for outcome in outcomes):
                raise _UndoAllError
    except _UndoAllError:
        undone = {"success": False, "errors": row_errors(ROLLED_BACK)}
        outcomes = [dict(undone) if outcome["success"] else outcome for outcome in outcomes]
    has_failed = not all(outcome["success"] for outcome in outcomes)
    return Answer(200, outcomes, has_failed_rows=has_failed)


def _save_row(call: Call, save: Callable[[], Outcome]) -> Outcome:
    try:
        with call.services.org.savepoint():
            return save()
    except OrgError as error:
        if error.items[0].code == "SANDBOX_NOT_IMPLEMENTED":
            # What is missing here must not hide among refused rows.
            raise
        return {"success": False, "errors": row_errors(error)}
    except MultipleMatches as error:
        return {"success": False, "errors": row_errors(_ambiguous(error))}


def _ambiguous(error: MultipleMatches) -> OrgError:
    found = ", ".join(error.ids)
    return refuse(
        "DUPLICATE_EXTERNAL_ID",
        f"more than one record found for external id field: [{found}]",
    )
