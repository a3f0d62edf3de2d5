"""Brings the replica up to date with the org, losing nothing on the way.

Owns the course of a pull: what stands in its plan (`sfsync.planning`) is done, sObject by sObject,
and a field that is not what it was stops that field and nothing else. A pull that finds nothing
makes no call but the one of its plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete

from config.database import transaction
from sfsync.about_org import org_time
from sfsync.client import Salesforce, usage
from sfsync.errors import SalesforceRejected
from sfsync.fetching import fetch_records
from sfsync.following import Followed, follow
from sfsync.formulas import refresh_stale
from sfsync.ids import normalise_id
from sfsync.loading import Load, OnPage
from sfsync.mapping import MAPPINGS, Mapping
from sfsync.planning import Course, Expected, Step, count_unread, expect, make_plan
from sfsync.replica import TABLES
from sfsync.replica_writes import Tally
from sfsync.schema import note_emptied, note_reading
from sfsync.schema_check import surviving_surprises
from sfsync.stale import note_fresh, note_load
from sfsync.sync_state import begin_load, is_overtaken, read_state
from sfsync.usage import purpose

OnPlan = Callable[[dict[str, Expected]], None]


@dataclass
class PullReport:
    """What one pull did."""

    tallies: dict[str, Tally] = field(default_factory=dict)  #: by sObject
    #: proven complete up to; None where a rebuild or another load has overtaken this pull
    watermarks: dict[str, datetime | None] = field(default_factory=dict)
    formulas_refreshed: int = 0  #: rows whose formulas followed a parent's change
    api_calls: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The report for a program."""
        objects = {
            name: {**tally.as_dict(), "complete_up_to": self.watermarks.get(name)}
            for name, tally in self.tallies.items()
        }
        return {
            "objects": objects,
            "formulas_refreshed": self.formulas_refreshed,
            "api_calls": self.api_calls,
        }


def pull(
    sf: Salesforce,
    engine: Engine,
    *,
    full: bool = False,
    mappings: Sequence[Mapping] = MAPPINGS,
    on_page: OnPage | None = None,
    on_plan: OnPlan | None = None,
) -> PullReport:
    """Reads every change of the mapped sObjects into the replica.

    `full` reads everything again instead of the changes. `on_plan` is told, before the first row,
    how much each load will read; what is followed is little, and not foretold. Idempotent; may be
    interrupted anywhere.
    Raises SalesforceRetryable (run it again later: what was stored stays) or SalesforceRejected:
    an sObject cannot be read at all, or the org lacks a right; `flask doctor` names it. The other
    sObjects have been read then.
    """
    report = PullReport({mapping.sobject: Tally() for mapping in mappings})
    tell = on_page or (lambda _sobject, _tally: None)
    calls_before = usage(sf).calls
    with purpose("pull"):

        def work() -> list[SalesforceRejected]:
            return _pull(sf, engine, mappings, report, tell, on_plan, full=full)

        stopped = surviving_surprises(sf, engine, [each.sobject for each in mappings], work)
    with transaction(engine) as session:
        for name in report.tallies:
            report.watermarks[name] = read_state(session, name).complete_up_to
    report.api_calls = usage(sf).calls - calls_before
    if stopped:
        raise _one_of(stopped)
    return report


def _pull(
    sf: Salesforce,
    engine: Engine,
    mappings: Sequence[Mapping],
    report: PullReport,
    tell: OnPage,
    on_plan: OnPlan | None,
    *,
    full: bool,
) -> list[SalesforceRejected]:
    """One pull from its plan to its end; why some sObjects could not be read at all."""
    now = org_time(sf)
    steps, stopped = make_plan(sf, engine, mappings, now, full=full)
    if on_plan is not None:
        on_plan(expect(engine, steps))
    for step in steps:
        if step.course is not Course.FOLLOW:
            _load(sf, engine, step, now, report.tallies[step.mapping.sobject], tell)
    followed = [
        Followed(step.mapping, step.state, step.changes, now)
        for step in steps
        if step.course is Course.FOLLOW
    ]
    follow(sf, engine, followed, report.tallies, tell)
    read = [step.mapping for step in steps]
    report.formulas_refreshed += refresh_stale(sf, engine, read, now)
    return stopped


def _one_of(errors: Sequence[SalesforceRejected]) -> SalesforceRejected:
    """One error that says what all of them say."""
    fields = [name for each in errors for name in each.fields]
    remedies = dict.fromkeys(each.remedy for each in errors)
    message = " ".join(each.message for each in errors)
    return SalesforceRejected(
        message, code=errors[0].code, fields=fields, remedy=" ".join(remedies)
    )


def pull_records(sf: Salesforce, engine: Engine, sobject: str, ids: Sequence[str]) -> Tally:
    """Reads these records into the replica now, without moving the watermark.

    For events that name what changed. Idempotent. Ids may have 15 or 18 characters; ValueError for
    what is none. An Id that the org does not show is left to the next pull, which has its deletion
    from the org's own list; so are formulas of children.
    """
    wanted = [*map(normalise_id, ids)]
    with purpose("told"):
        return fetch_records(sf, engine, sobject, "Id", wanted).tally


def preview(
    sf: Salesforce,
    engine: Engine,
    *,
    full: bool = False,
    mappings: Sequence[Mapping] = MAPPINGS,
) -> dict[str, int]:
    """How many rows of each sObject a pull would read now. Changes nothing."""
    with purpose("pull"):
        now = org_time(sf)
        steps, _ = make_plan(sf, engine, mappings, now, full=full, is_rehearsal=True)
        return {step.mapping.sobject: count_unread(sf, step, now) for step in steps}


def forget(engine: Engine, mappings: Sequence[Mapping] = MAPPINGS) -> None:
    """Empties the replica, so that the next pull reads everything; the outbox is not touched.

    A pull that is at work meanwhile counts as overtaken: else it would go on from its own place and
    call complete what it never read again.
    """
    with transaction(engine) as session:
        for mapping in mappings:
            session.execute(delete(TABLES[mapping.sobject]))
            begin_load(session, mapping.sobject, None, None)
            note_emptied(session, mapping.sobject)


def _load(
    sf: Salesforce, engine: Engine, step: Step, now: datetime, tally: Tally, on_page: OnPage
) -> None:
    state = step.state
    if step.course is Course.LOAD:
        with transaction(engine) as session:
            if is_overtaken(session, state):
                return  # somebody else has begun the same since the plan was made
            note_load(session, step.mapping)
            state = begin_load(session, step.mapping.sobject, step.changes.covered_at, now)
            note_reading(session, step.mapping.sobject)
    load = Load(sf, engine, step.mapping, state, tally, on_page)
    if not load.run(now, step.unread, step.few):
        return
    with transaction(engine) as session:
        # A load that was continued read its first rows when it began.
        note_fresh(session, step.mapping.sobject, state.proved_at)
