"""Brings the replica up to date with the org, losing nothing on the way.

Owns the plan of a pull: which sObjects are followed from their watermark, and which must be read
whole. Asking what happened to all of them costs one API call, and a pull that finds nothing makes
no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, delete

from config.database import transaction
from sfsync.batch import get_many, with_parameters
from sfsync.changes import LONGEST_SPAN, Changes, change_paths, read_changes
from sfsync.client import Salesforce, usage
from sfsync.errors import SalesforceRejected
from sfsync.following import Followed, follow
from sfsync.formulas import refresh_stale
from sfsync.ids import normalise_id
from sfsync.keyset import Span, condition, page_path
from sfsync.loading import Load, OnPage
from sfsync.mapping import BY_SOBJECT, MAPPINGS, Mapping
from sfsync.replica import TABLES, Tally, count_seen, store_page
from sfsync.rest import Record, count_all, follow_pages, org_time, query_in
from sfsync.stale import note_changed, note_fresh, note_load
from sfsync.sync_state import SyncState, begin_load, read_state
from sfsync.usage import purpose

logger = logging.getLogger(__name__)

#: Of how many rows a load asks for the first ones with its first question; fewer are all.
FEW = 200


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


class Course(StrEnum):
    """What a pull does with one sObject."""

    FOLLOW = "follow"  #: read what happened since the watermark
    LOAD = "load"  #: read everything, from the beginning
    CONTINUE = "continue"  #: go on with a load that was interrupted


@dataclass(frozen=True)
class Expected:
    """How much one load has to read."""

    total: int  #: rows of the whole load, about
    stored: int  #: of these, rows that an interrupted load stored before


OnPlan = Callable[[dict[str, Expected]], None]


@dataclass(frozen=True)
class _Step:
    """One sObject in the plan of a pull."""

    mapping: Mapping
    state: SyncState
    changes: Changes
    course: Course
    unread: int  #: rows that a load has to read, about
    #: those very rows where they are so few that they came with the answer about them
    few: list[Record] | None


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
    Raises SalesforceRetryable (run it again later: what was stored stays) or SalesforceRejected
    (the org lacks a field or a right; `flask doctor` names it).
    """
    report = PullReport({mapping.sobject: Tally() for mapping in mappings})
    tell = on_page or (lambda _sobject, _tally: None)
    calls_before = usage(sf).calls
    with purpose("pull"):
        now = org_time(sf)
        steps = _plan(sf, engine, mappings, now, full=full)
        if on_plan is not None:
            on_plan(_expect(engine, steps))
        for step in steps:
            if step.course is not Course.FOLLOW:
                _load(sf, engine, step, now, report.tallies[step.mapping.sobject], tell)
        followed = [
            Followed(step.mapping, step.state, step.changes, now)
            for step in steps
            if step.course is Course.FOLLOW
        ]
        follow(sf, engine, followed, report.tallies, tell)
        report.formulas_refreshed = refresh_stale(sf, engine, mappings, now)
    with transaction(engine) as session:
        for name in report.tallies:
            report.watermarks[name] = read_state(session, name).complete_up_to
    report.api_calls = usage(sf).calls - calls_before
    return report


def pull_records(sf: Salesforce, engine: Engine, sobject: str, ids: Sequence[str]) -> Tally:
    """Reads these records into the replica now, without moving the watermark.

    For events that name what changed. Idempotent. Ids may have 15 or 18 characters; ValueError for
    what is none. An Id that the org does not show is left to the next pull, which has its deletion
    from the org's own list; so are formulas of children.
    """
    mapping = BY_SOBJECT[sobject]
    with purpose("told"):
        fields = ", ".join(mapping.paths)
        template = f"SELECT {fields} FROM {sobject} WHERE Id IN {{values}}"  # noqa: S608 - SOQL
        rows = query_in(sf, template, [*map(normalise_id, ids)], include_deleted=True)
    with transaction(engine) as session:
        note_changed(session, mapping, rows)
        return store_page(session, mapping, rows)


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
        steps = _plan(sf, engine, mappings, now, full=full)
        return {step.mapping.sobject: _count_unread(sf, step, now) for step in steps}


def forget(engine: Engine, mappings: Sequence[Mapping] = MAPPINGS) -> None:
    """Empties the replica, so that the next pull reads everything; the outbox is not touched.

    A pull that is at work meanwhile counts as overtaken: else it would go on from its own place and
    call complete what it never read again.
    """
    with transaction(engine) as session:
        for mapping in mappings:
            session.execute(delete(TABLES[mapping.sobject]))
            begin_load(session, mapping.sobject, None, None)


def _plan(
    sf: Salesforce, engine: Engine, mappings: Sequence[Mapping], now: datetime, *, full: bool
) -> list[_Step]:
    """What to do with each sObject. The org is asked what happened before any row is read."""
    with transaction(engine) as session:
        states = {mapping.sobject: read_state(session, mapping.sobject) for mapping in mappings}
    courses = {name: _choose_course(state, now, full=full) for name, state in states.items()}
    found = _ask(sf, states, courses, now)
    lost = {name: Course.LOAD for name, changes in found.changes.items() if changes is None}
    found.add(_ask(sf, states, lost, now))
    courses |= lost
    return [
        _Step(
            mapping,
            states[name],
            _sure(name, found.changes[name]),
            courses[name],
            found.counts.get(name, 0),
            found.few.get(name),
        )
        for mapping in mappings
        if (name := mapping.sobject)
    ]


@dataclass
class _Found:
    """What the org said before anything is read, by sObject."""

    changes: dict[str, Changes | None]
    counts: dict[str, int]  #: how many rows each load has to read
    few: dict[str, list[Record]]  #: those rows themselves, all of them, where they are few

    def add(self, other: _Found) -> None:
        """Takes over what was said later."""
        self.changes |= other.changes
        self.counts |= other.counts
        self.few |= other.few


def _ask(
    sf: Salesforce, states: dict[str, SyncState], courses: dict[str, Course], now: datetime
) -> _Found:
    """What happened to each sObject, and what each load has to read; one call."""
    since = {name: _since(states[name], course, now) for name, course in courses.items()}
    spans = {
        name: _unread(course, states[name], now)
        for name, course in courses.items()
        if course is not Course.FOLLOW
    }
    paths = change_paths(since, now)
    for name, span in spans.items():
        paths.append(with_parameters("queryAll", {"q": _count_query(name, span)}))
        paths.append(page_path(name, BY_SOBJECT[name].paths, span, FEW))
    answers = get_many(sf, paths)
    changes = read_changes(since, answers[: 2 * len(since)], now)
    found = iter(answers[2 * len(since) :])
    counts, few = {}, {}
    for name in spans:
        counts[name] = int(next(found).unwrap()["totalSize"])
        rows = list(follow_pages(sf, next(found).unwrap()))
        if len(rows) < FEW:
            few[name] = rows
    return _Found(changes, counts, few)


def _choose_course(state: SyncState, now: datetime, *, full: bool) -> Course:
    if full or state.watermark_at is None or state.watermark_at <= now - LONGEST_SPAN:
        return Course.LOAD
    if state.was_set_back(now):
        logger.warning(
            "the org's clock is behind what was read; reading everything again",
            extra={"sobject": state.sobject, "org_time": now},
        )
        return Course.LOAD
    return Course.CONTINUE if state.is_loading else Course.FOLLOW


def _since(state: SyncState, course: Course, now: datetime) -> datetime:
    """Since when changes are asked for; a load only asks how far the present is certain."""
    if course is Course.FOLLOW and state.watermark_at is not None:
        return state.watermark_at
    return now


def _sure(sobject: str, changes: Changes | None) -> Changes:
    if changes is None:
        raise SalesforceRejected(
            f"The org does not say what happened to {sobject} in the last two minutes.",
            code="CHANGES_UNKNOWN",
            remedy="Ask the admin whether a data load of more than 600,000 records is at work.",
        )
    return changes


def _expect(engine: Engine, steps: Sequence[_Step]) -> dict[str, Expected]:
    """How much each load has to read. An export counts from its beginning, pages what is left."""
    expected: dict[str, Expected] = {}
    with transaction(engine) as session:
        for step in steps:
            name, stored = step.mapping.sobject, 0
            if step.course is Course.CONTINUE:
                stored = count_seen(session, step.mapping, step.state.load_no)
            if step.course is not Course.FOLLOW:
                before = stored if step.state.cursor_at and step.course is Course.CONTINUE else 0
                expected[name] = Expected(step.unread + before, stored)
    return expected


def _load(
    sf: Salesforce, engine: Engine, step: _Step, now: datetime, tally: Tally, on_page: OnPage
) -> None:
    state = step.state
    if step.course is Course.LOAD:
        with transaction(engine) as session:
            note_load(session, step.mapping)
            state = begin_load(session, step.mapping.sobject, step.changes.covered_at, now)
    Load(sf, engine, step.mapping, state, tally, on_page).run(now, step.unread, step.few)
    with transaction(engine) as session:
        # A load that was continued read its first rows when it began.
        note_fresh(session, step.mapping.sobject, state.proved_at)


def _count_unread(sf: Salesforce, step: _Step, now: datetime) -> int:
    if step.course is not Course.FOLLOW:
        return step.unread
    span = _unread(step.course, step.state, now)
    return count_all(sf, _count_query(step.mapping.sobject, span))


def _unread(course: Course, state: SyncState, now: datetime) -> Span:
    return Span(now) if course is Course.LOAD else state.unread(now)


def _count_query(sobject: str, span: Span) -> str:
    return f"SELECT COUNT() FROM {sobject} WHERE {condition(span)}"  # noqa: S608 - SOQL
