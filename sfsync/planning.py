"""What a pull does with each sObject: follow it from its watermark, or read it whole.

Owns that plan, and the call that it takes: what happened to all sObjects, how many rows a load has
to read, and when it is due what the org describes of them, are asked in one. What cannot be read at
all is named and left out, so that it stops nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
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
from sfsync.keyset import Span, condition
from sfsync.mapping import Mapping
from sfsync.rest import count_all
from sfsync.schema import find_unread, read_active
from sfsync.schema_check import describe_paths, find_due, read_describes, take_in
from sfsync.sync_state import SyncState, read_state

logger = logging.getLogger(__name__)


class Course(StrEnum):
    """What a pull does with one sObject."""

    FOLLOW = "follow"  #: read what happened since the watermark
    LOAD = "load"  #: read everything, from the beginning
    CONTINUE = "continue"  #: go on with a load that was interrupted


@dataclass(frozen=True)
class Step:
    """One sObject in the plan of a pull."""

    mapping: Mapping
    state: SyncState
    changes: Changes
    course: Course
    unread: int  #: rows that a load has to read, about


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
    courses = {name: _choose_course(state, now, full=full) for name, state in states.items()}
    asked = _ask(sf, states, courses, now, due)
    if due:
        take_in(sf, engine, read_describes(due, asked.describes), now)
    with transaction(engine) as session:
        active, stopped = _read_active(session, mappings)
        unread = find_unread(session, active)
    changes, counts = asked.read(active, now)
    anew = {
        name: Course.LOAD
        for name in active
        if changes[name] is None or (name in unread and courses[name] is not Course.LOAD)
    }
    more_changes, more_counts = _ask(sf, states, anew, now).read(anew, now)
    changes, counts, courses = changes | more_changes, counts | more_counts, courses | anew
    steps = [
        Step(mapping, states[name], _sure(name, changes[name]), courses[name], counts.get(name, 0))
        for name, mapping in active.items()
    ]
    return steps, stopped


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


@dataclass(frozen=True)
class _Asked:
    """What the org answered about some sObjects, not read yet."""

    changes: dict[str, list[BatchAnswer]]  #: two for each
    counts: dict[str, BatchAnswer]  #: of those that a load has to read
    describes: list[BatchAnswer]

    def read(
        self, names: Iterable[str], now: datetime
    ) -> tuple[dict[str, Changes | None], dict[str, int]]:
        """What happened to each of `names`, and how many rows each load has to read."""
        wanted = list(names)
        answers = [answer for name in wanted for answer in self.changes[name]]
        counts = {name: self.counts[name] for name in wanted if name in self.counts}
        return read_changes(wanted, answers, now), {
            name: int(answer.unwrap()["totalSize"]) for name, answer in counts.items()
        }


def _ask(
    sf: Salesforce,
    states: dict[str, SyncState],
    courses: dict[str, Course],
    now: datetime,
    described: Sequence[str] = (),
) -> _Asked:
    """What happened to each sObject, how many rows each load has to read, fields; one call."""
    since = {name: _since(states[name], course, now) for name, course in courses.items()}
    counted = {
        name: _count_query(name, course, states[name], now)
        for name, course in courses.items()
        if course is not Course.FOLLOW
    }
    count_paths = [with_parameters("queryAll", {"q": text}) for text in counted.values()]
    paths = [*change_paths(since, now), *count_paths, *describe_paths(described)]
    answers = iter(get_many(sf, paths))
    changes = {name: [next(answers), next(answers)] for name in since}
    counts = {name: next(answers) for name in counted}
    return _Asked(changes, counts, list(answers))


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


def count_unread(sf: Salesforce, step: Step, now: datetime) -> int:
    if step.course is not Course.FOLLOW:
        return step.unread
    return count_all(sf, _count_query(step.mapping.sobject, step.course, step.state, now))


def _count_query(sobject: str, course: Course, state: SyncState, now: datetime) -> str:
    span = Span(now) if course is Course.LOAD else state.unread(now)
    return f"SELECT COUNT() FROM {sobject} WHERE {condition(span)}"  # noqa: S608 - SOQL
