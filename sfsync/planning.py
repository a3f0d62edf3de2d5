"""What a pull does with each sObject: follow it from its watermark, or read it whole.

Owns that plan, and the call that it takes: what happened to all sObjects, how many rows a load has
to read, and when it is due what the org describes of them, are asked in one. What cannot be read at
all is named and left out, so that it stops nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from collections.abc import Mapping as Facts
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import transaction
from sfsync.batch import BatchAnswer, get_many, with_parameters
from sfsync.changes import LONGEST_SPAN, Changes, change_paths, read_changes
from sfsync.client import Salesforce
from sfsync.errors import SalesforceRejected
from sfsync.keyset import Span, condition, page_path
from sfsync.mapping import Mapping
from sfsync.queries import count_all, follow_pages
from sfsync.replica_reads import count_seen
from sfsync.results import Record
from sfsync.schema import find_unread, read_active
from sfsync.schema_check import describe_paths, find_due, read_describes, take_in
from sfsync.sync_state import SyncState, read_state

logger = logging.getLogger(__name__)

#: Of how many rows a load asks for the first ones with its first question; fewer are all.
FEW = 200


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


@dataclass(frozen=True)
class Step:
    """One sObject in the plan of a pull."""

    mapping: Mapping
    state: SyncState
    changes: Changes
    course: Course
    unread: int  #: rows that a load has to read, about
    #: those very rows where they are so few that they came with the answer about them
    few: list[Record] | None


def make_plan(
    sf: Salesforce,
    engine: Engine,
    mappings: Sequence[Mapping],
    now: datetime,
    *,
    full: bool,
    is_rehearsal: bool = False,
) -> tuple[list[Step], list[SalesforceRejected]]:
    """What to do with each sObject, and why some cannot be read at all.

    The org is asked what happened, and when it is due for its fields, before any row is read. A
    rehearsal takes in no change of fields.
    """
    names = [mapping.sobject for mapping in mappings]
    with transaction(engine) as session:
        states = {name: read_state(session, name) for name in names}
        due = [] if is_rehearsal else find_due(sf, session, names, now)
        active, _ = _read_active(session, mappings)
    courses = {name: _choose_course(state, now, full=full) for name, state in states.items()}
    asked = _ask(sf, states, courses, active, now, due)
    if due:
        take_in(sf, engine, read_describes(due, asked.describes), now)
    with transaction(engine) as session:
        active, stopped = _read_active(session, mappings)
        unread = find_unread(session, active)
    found = asked.read(sf, active, now)
    anew = _find_loads(found, courses, unread)
    wanted = {name: active[name] for name in anew}
    found.add(_ask(sf, states, anew, wanted, now).read(sf, wanted, now))
    courses |= anew
    steps = [_step(each, states[name], courses[name], found) for name, each in active.items()]
    return steps, stopped


def _find_loads(
    found: _Found, courses: Facts[str, Course], unread: Collection[str]
) -> dict[str, Course]:
    """What turns out to need a load: its changes are not told, or a column has to be read whole."""
    return {
        name: Course.LOAD
        for name, changes in found.changes.items()
        if changes is None or (name in unread and courses[name] is not Course.LOAD)
    }


def _step(mapping: Mapping, state: SyncState, course: Course, found: _Found) -> Step:
    name = mapping.sobject
    changes = _sure(name, found.changes[name])
    return Step(mapping, state, changes, course, found.counts.get(name, 0), found.few.get(name))


def _read_active(
    session: Session, mappings: Sequence[Mapping]
) -> tuple[dict[str, Mapping], list[SalesforceRejected]]:
    """What of each sObject can be read, and why some cannot at all."""
    active: dict[str, Mapping] = {}
    stopped: list[SalesforceRejected] = []
    for mapping in mappings:
        try:
            active[mapping.sobject] = read_active(session, mapping)
        except SalesforceRejected as error:
            stopped.append(error)
    return active, stopped


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


@dataclass(frozen=True)
class _Asked:
    """What the org answered about some sObjects, not read yet."""

    changes: dict[str, list[BatchAnswer]]  #: two for each
    counts: dict[str, BatchAnswer]  #: of those that a load has to read
    first: dict[str, tuple[tuple[str, ...], BatchAnswer]]  #: paths, and the first rows of a load
    describes: list[BatchAnswer]

    def read(self, sf: Salesforce, active: Facts[str, Mapping], now: datetime) -> _Found:
        """What was said of the sObjects that can be read.

        First rows count only when they have all the columns that are read by now.
        """
        answers = [answer for name in active for answer in self.changes[name]]
        counted = {name: self.counts[name] for name in active if name in self.counts}
        counts = {name: int(each.unwrap()["totalSize"]) for name, each in counted.items()}
        few: dict[str, list[Record]] = {}
        for name, mapping in active.items():
            paths, first = self.first.get(name, ((), None))
            if first is not None and paths == mapping.paths and first.error is None:
                rows = list(follow_pages(sf, first.unwrap()))
                few |= {name: rows} if len(rows) < FEW else {}
        return _Found(read_changes(active, answers, now), counts, few)


def _ask(
    sf: Salesforce,
    states: dict[str, SyncState],
    courses: dict[str, Course],
    active: Facts[str, Mapping],
    now: datetime,
    described: Sequence[str] = (),
) -> _Asked:
    """What happened to each sObject, what each load has to read, and the fields; one call."""
    since = {name: _since(states[name], course, now) for name, course in courses.items()}
    spans = {
        name: _unread(course, states[name], now)
        for name, course in courses.items()
        if course is not Course.FOLLOW
    }
    counts = [
        with_parameters("queryAll", {"q": _count_query(name, span)}) for name, span in spans.items()
    ]
    started = [name for name in spans if name in active]
    rows = [page_path(name, active[name].paths, spans[name], FEW) for name in started]
    paths = [*change_paths(since, now), *counts, *rows, *describe_paths(described)]
    answers = iter(get_many(sf, paths))
    return _Asked(
        changes={name: [next(answers), next(answers)] for name in since},
        counts={name: next(answers) for name in spans},
        first={name: (active[name].paths, next(answers)) for name in started},
        describes=list(answers),
    )


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


def expect(engine: Engine, steps: Sequence[Step]) -> dict[str, Expected]:
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


def count_unread(sf: Salesforce, step: Step, now: datetime) -> int:
    """How many rows a step would read."""
    if step.course is not Course.FOLLOW:
        return step.unread
    span = _unread(step.course, step.state, now)
    return count_all(sf, _count_query(step.mapping.sobject, span))


def _unread(course: Course, state: SyncState, now: datetime) -> Span:
    return Span(now) if course is Course.LOAD else state.unread(now)


def _count_query(sobject: str, span: Span) -> str:
    return f"SELECT COUNT() FROM {sobject} WHERE {condition(span)}"  # noqa: S608 - SOQL
