"""Compares the replica with the org in a handful of calls, and heals it.

Owns the order of a run: a pull, so that news are not taken for drift; the proof up to which rows
are comparable; the comparison; the record of the run. See docs/adr/0008.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simple_salesforce.api import Salesforce
from sqlalchemy import Engine

from config.database import transaction
from sfsync import mapping as maps
from sfsync.about_org import org_time
from sfsync.changes import LONGEST_SPAN
from sfsync.client import usage
from sfsync.descent import Descent
from sfsync.drift import begin_run, end_run
from sfsync.errors import SalesforceRetryable
from sfsync.examining import Examiner, Pause
from sfsync.healing import Healer, ObjectFindings
from sfsync.mapping import MAPPINGS
from sfsync.pull import pull
from sfsync.schema import read_all_active
from sfsync.sync_state import read_state
from sfsync.usage import purpose


@dataclass
class ReconcileReport:
    """What one reconciliation found."""

    run_id: int | None  #: None in a rehearsal
    found_at: datetime  #: the org's time
    proven_to: dict[str, datetime]  #: by sObject, up to when rows were compared
    findings: dict[str, ObjectFindings]  #: by sObject
    differences: list[dict[str, Any]]  #: the first of them; the ledger holds all
    api_calls: int = 0

    @property
    def drifted(self) -> int:
        """Rows that differed."""
        return sum(each.drifted for each in self.findings.values())

    def as_dict(self) -> dict[str, Any]:
        """The report for a program."""
        objects = {name: each.as_dict() for name, each in self.findings.items()}
        return {**vars(self), "findings": objects, "drifted": self.drifted}


def reconcile(
    sf: Salesforce,
    engine: Engine,
    *,
    mappings: Sequence[maps.Mapping] = MAPPINGS,
    every_field: bool = False,
    dry_run: bool = False,
    pause: Pause = lambda: None,
) -> ReconcileReport:
    """Pulls, finds every row that is not the org's, heals it and writes it into the ledger.

    `every_field` compares all rows in full, which also finds formulas that changed without a stamp.
    A `dry_run` neither pulls nor writes. `pause` is called between steps and may raise. May be
    interrupted anywhere. Raises SalesforceRetryable (run it again later) or SalesforceRejected.
    """
    calls_before = usage(sf).calls
    if not dry_run:
        pull(sf, engine, mappings=mappings, on_page=lambda _sobject, _tally: pause())
    with purpose("reconcile"):
        now = org_time(sf)
        with transaction(engine) as session:
            mappings = read_all_active(session, mappings)
        states = _read_proof(engine, mappings, now)
        proven_to = {name: proof for name, (proof, _) in states.items()}
        load_nos = {name: load_no for name, (_, load_no) in states.items()}
        run_id = None if dry_run else begin_run(engine, mappings, now, every_field=every_field)
        findings = {mapping.sobject: ObjectFindings() for mapping in mappings}
        healer = Healer(engine, run_id, now, proven_to, load_nos, findings)
        descent = Descent(sf, healer, Examiner(sf, healer, pause), pause)
        if every_field:
            descent.compare_fields(mappings)
        else:
            descent.compare_figures(mappings)
        report = ReconcileReport(run_id, now, proven_to, findings, healer.listed)
        report.api_calls = usage(sf).calls - calls_before
        if run_id is not None:
            rows = sum(each.rows for each in findings.values())
            end_run(engine, run_id, org_time(sf), rows, report.drifted, report.api_calls)
    return report


def _read_proof(
    engine: Engine, mappings: Sequence[maps.Mapping], now: datetime
) -> dict[str, tuple[datetime, int]]:
    """Up to when each sObject must be complete here, and by which reading of everything."""
    with transaction(engine) as session:
        states = [read_state(session, mapping.sobject) for mapping in mappings]
    proven: dict[str, tuple[datetime, int]] = {}
    for state in states:
        if state.complete_up_to is None or state.complete_up_to <= now - LONGEST_SPAN:
            raise SalesforceRetryable(
                f"The replica of {state.sobject} is not complete, so that nothing can be compared.",
                remedy="Let `flask sync pull` come to its end first.",
            )
        proven[state.sobject] = state.complete_up_to, state.load_no
    return proven
