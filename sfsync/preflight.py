"""Checks before a run that the org has what the selection reads and writes.

Owns the list of what the selection needs. A missing status or field stops the run before any order
is touched: an order must not be cancelled because a field was renamed or hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sfsync.client import Salesforce
from sfsync.needs import Needs, find_gaps, read_describes
from sfsync.selection_reads import (
    MANUFACTURER_FIELDS,
    ORDER_FIELDS,
    ORDER_HANDLING_FIELDS,
    PROPOSAL_FIELDS,
)
from sfsync.selection_writes import (
    CASE_NAMES,
    DECISION_NAMES,
    ORDER_NAMES,
    PROPOSAL_NAMES,
    RUN_NAMES,
)


def own_fields(*tables: Mapping[str, tuple[str, Any]]) -> frozenset[str]:
    """Fields of the sObject itself among the paths of some tables."""
    return frozenset(path for table in tables for path, _ in table.values() if "." not in path)


SELECTION_NEEDS = Needs(
    reads={
        "Order": own_fields(ORDER_FIELDS, ORDER_HANDLING_FIELDS),
        "Order_Proposal__c": own_fields(PROPOSAL_FIELDS, MANUFACTURER_FIELDS),
        "Account": frozenset(
            {"Name", "RecordTypeId", "ParentId", "Qualification_Status__c", "Rating__c"}
        ),
        "Order_Proposal__History": frozenset(
            {"ParentId", "Field", "OldValue", "NewValue", "CreatedDate"}
        ),
    },
    writes={
        "Order": frozenset(ORDER_NAMES.values()),
        "Order_Proposal__c": frozenset(PROPOSAL_NAMES.values()),
        "Selection_Run__c": frozenset(RUN_NAMES.values()),
        "Selection_Decision__c": frozenset(DECISION_NAMES.values()) | {"External_Id__c"},
        "Case": frozenset(CASE_NAMES.values()) | {"External_Id__c"},
    },
    values={
        ("Order", "Status"): (
            "AWAITING PROPOSALS",
            "MANUFACTURER SELECTED",
            "CANCELLED NO PROPOSALS",
            "SELECTION REVIEW",
        ),
        ("Order_Proposal__c", "Status__c"): ("Submitted", "Won", "Reserve", "Rejected"),
        ("Selection_Run__c", "Status__c"): ("Running", "Completed", "Failed"),
        ("Selection_Decision__c", "Outcome__c"): ("AWARD", "REVIEW", "CANCEL", "SKIP", "HOLD"),
    },
)


class PreflightFailed(Exception):
    """The org lacks something the selection needs. No order was touched; an admin mends it."""

    def __init__(self, problems: list[str]) -> None:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(
            f"The org is not ready for the selection; no order was touched.\n{lines}\n"
            "Deploy salesforce/ and assign the permission set Manufaktura_Integration to the "
            "integration user, then run again."
        )
        self.problems = problems


def check_org(sf: Salesforce) -> None:
    """Raise PreflightFailed naming everything that is missing. One API call."""
    problems = find_gaps(read_describes(sf, SELECTION_NEEDS), SELECTION_NEEDS)
    if problems:
        raise PreflightFailed(problems)
