"""Brings a workbook's records into the org: plan, compare, outbox, push.

Owns the steps and their transaction: either all of a workbook's changes stand in the outbox or
none. Sending follows, and may be repeated at any time.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jobs.runtime import Runtime
from sfsync import imports
from sfsync.client import Salesforce
from sfsync.delivery import deliver
from sfsync.imports import Action, Change
from sfsync.outbox import enqueue
from sfsync.push import PushReport
from sfsync.usage import purpose
from spreadsheets.plan import Plan, plan_import
from spreadsheets.problems import Problem

#: Currencies that the org has active; the same list as in the metadata's picklists.
CURRENCIES = frozenset({"EUR", "USD", "PLN", "GBP", "CHF", "CZK", "JPY"})


@dataclass
class ImportReport:
    """What an import would do, or did."""

    file: str
    rows_read: int
    rows_refused: int
    problems: list[Problem]
    changes: list[Change] = field(default_factory=list)
    places: dict[str, tuple[str, int]] = field(default_factory=dict)
    passed_over: dict[str, str] = field(default_factory=dict)  #: what was not read, and why
    push: PushReport | None = None

    def tell_origin(self, external_id: str) -> str:
        """Where a record comes from, as the outbox and refusals tell it."""
        sheet, row = self.places.get(external_id, ("", 0))
        return f"{self.file}, sheet {sheet}, row {row}" if row else f"{self.file}"

    def count(self, action: Action) -> int:
        """Records with that action."""
        return sum(change.action is action for change in self.changes)

    @property
    def went_in(self) -> int:
        """Rows of the sheet that were good."""
        return self.rows_read - self.rows_refused

    def as_dict(self) -> dict[str, Any]:
        """The report as one JSON object."""
        return {
            "file": self.file,
            "rows_read": self.rows_read,
            "rows_refused": self.rows_refused,
            "problems": [problem.as_dict() for problem in self.problems],
            "passed_over": self.passed_over,
            "actions": {action.value: self.count(action) for action in Action},
            "changes": [
                asdict(change) | {"action": change.action.value}
                for change in self.changes
                if change.action is not Action.UNCHANGED
            ],
            "push": self.push.as_dict() if self.push else None,
        }


def plan_workbook(runtime: Runtime, path: Path) -> ImportReport:
    """What an import of this workbook would do now. Writes nothing.

    Raises WorkbookRejected when the file cannot be read, and what the org's reads raise.
    """
    plan = plan_import(path, runtime.settings.business_timezone, CURRENCIES)
    with purpose("import"):
        sf = runtime.connect()
        reject_orphans(runtime, sf, plan)
        report = ImportReport(plan.file, plan.rows_read, plan.rows_refused, plan.problems)
        report.places, report.passed_over = plan.places, plan.passed_over
        for sobject, records in records_of(plan).items():
            report.changes += compare_records(runtime, sf, sobject, records)
    return report


def apply_workbook(runtime: Runtime, path: Path) -> ImportReport:
    """Import a workbook: its changes into the outbox in one transaction, then to the org.

    Idempotent: a second import finds everything as it should be and sends nothing.
    """
    report = plan_workbook(runtime, path)
    with runtime.transaction() as session:
        for change in report.changes:
            if change.values:
                cause = report.tell_origin(change.external_id)
                key = (change.sobject, change.external_id)
                enqueue(session, *key, change.values, cause, base=change.base)
    zone = runtime.settings.business_timezone
    report.push = deliver(runtime.connect(), runtime.engine, zone=zone).push
    return report


def reject_orphans(runtime: Runtime, sf: Salesforce, plan: Plan) -> None:
    """Refuse proposals for orders that nobody has: not this workbook, the outbox or the org."""
    named = {row.order_external_id for row in plan.proposals.values()} - plan.orders.keys()
    with runtime.transaction() as session:
        on_their_way = imports.known_values(session, "Order", named)
    asked: dict[str, imports.Values] = {number: {} for number in named}
    missing = named - on_their_way.keys() - imports.read_current(sf, "Order", asked).keys()
    for external_id, row in list(plan.proposals.items()):
        if row.order_external_id in missing:
            plan.reject_orphan(external_id)


def compare_records(
    runtime: Runtime, sf: Salesforce, sobject: str, records: dict[str, imports.Values]
) -> list[Change]:
    """What becomes of each record of one sObject."""
    if not records:
        return []
    with runtime.transaction() as session:
        known = imports.known_values(session, sobject, records)
        arrived = imports.find_arrived(session, sobject, records)
    current = imports.read_current(sf, sobject, records)
    return imports.compare(sobject, records, known, current, arrived)


def records_of(plan: Plan) -> dict[str, dict[str, imports.Values]]:
    """The plan under the org's names, parents before children."""
    return {
        "Account": {
            key: imports.account_values(row.name, row.kind.value, row.country)
            for key, row in plan.accounts.items()
        },
        "Order": {
            key: imports.order_values(
                account=row.account_external_id,
                title=row.title,
                effective_on=row.effective_on,
                budget=row.budget,
                currency=row.currency,
                channel=row.channel,
                deposit_required=row.deposit_required,
                description=row.description,
            )
            for key, row in plan.orders.items()
        },
        "Order_Proposal__c": {
            key: imports.proposal_values(
                order=row.order_external_id,
                manufacturer=row.manufacturer_external_id,
                price=row.price,
                currency=row.currency,
                lead_time_days=row.lead_time_days,
                submitted_at=row.submitted_at,
                valid_until=row.valid_until,
                description=row.description,
            )
            for key, row in plan.proposals.items()
        },
    }
