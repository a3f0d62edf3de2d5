"""Which note stands on which record of the org, and which problems are not told there yet.

Owns the table `sync_note`. What should stand in the org is read from the problems' own rows each
time, so that a process that dies between a refusal and its note forgets nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.database import Base, UtcDateTime, insert_into
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.problem_sources import SOURCES, Source
from sfsync.problem_texts import Problem, fingerprint
from sfsync.replica import TABLES

Key = tuple[str, str]


class Place(StrEnum):
    """Where a person finds the note."""

    RECORD = "record"  #: on the record itself
    CASE = "case"  #: in a Case, because there is no record or it cannot be saved
    BOTH = "both"  #: in a Case, while the record, which cannot be saved now, shows an older note
    NOWHERE = "nowhere"  #: the org took it neither way yet


ON_RECORD = (Place.RECORD, Place.BOTH)
IN_CASE = (Place.CASE, Place.BOTH)


class SyncNote(Base):
    """The note about one record. A missing row means that none stands in the org."""

    __tablename__ = "sync_note"

    sobject: Mapped[str] = mapped_column(String(80), primary_key=True)
    #: our key of the record; its Id when it has none
    record: Mapped[str] = mapped_column(String(255), primary_key=True)
    salesforce_id: Mapped[str | None] = mapped_column(String(18))
    place: Mapped[str] = mapped_column(String(10))
    #: of the problems that the note tells
    fingerprint: Mapped[str] = mapped_column(String(64))
    #: when the first of them was found
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: the org refused to take or to lose the note: not to be tried again before
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass
class Subject:
    """One record with everything that is wrong about it."""

    sobject: str
    record: str
    problems: tuple[Problem, ...]
    since: datetime
    salesforce_id: str | None = None
    standing: SyncNote | None = None
    refusal: str | None = None  #: why the record takes no note, in the org's words

    @property
    def key(self) -> Key:
        """What it is found by."""
        return (self.sobject, self.record)


@dataclass
class NotePlan:
    """What has to change in the org."""

    to_tell: list[Subject] = field(default_factory=list)  #: problems that no note tells yet
    to_clear: list[SyncNote] = field(default_factory=list)  #: notes without a problem

    @property
    def is_empty(self) -> bool:
        """Whether the org shows what it should."""
        return not self.to_tell and not self.to_clear


def plan_notes(session: Session, now: datetime, sources: Sequence[Source] = SOURCES) -> NotePlan:
    """Compares the problems there are with the notes that stand. Changes nothing.

    A note stays while a write of its record is on its way: whether it helps is not known yet.
    """
    subjects = _group(session, [each for source in sources for each in source(session)])
    notes = {(each.sobject, each.record): each for each in session.scalars(select(SyncNote))}
    plan = NotePlan()
    for key, subject in subjects.items():
        subject.standing = notes.pop(key, None)
        if _is_untold(subject, now):
            plan.to_tell.append(subject)
    on_their_way = _find_open(session) if notes else set()
    plan.to_clear = [
        note for key, note in notes.items() if key not in on_their_way and _is_due(note, now)
    ]
    return plan


def store_note(session: Session, **values: object) -> None:
    """Notes what stands in the org about a record. Another process may have done so meanwhile."""
    insert = insert_into(session, SyncNote).values(**values)
    others = {name: value for name, value in values.items() if name not in ("sobject", "record")}
    session.execute(
        insert.on_conflict_do_update(
            index_elements=[SyncNote.sobject, SyncNote.record], set_=others
        )
    )


def forget_note(session: Session, note: SyncNote) -> None:
    """Notes that nothing stands in the org about the record any more."""
    session.execute(delete(SyncNote).where(*_is_about(note)))


def delay_note(session: Session, note: SyncNote, due_at: datetime) -> None:
    """Notes that the org did not let the note go, and when it is asked again."""
    session.execute(update(SyncNote).where(*_is_about(note)).values(due_at=due_at))


def _is_about(note: SyncNote) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return SyncNote.sobject == note.sobject, SyncNote.record == note.record


def _group(session: Session, problems: Iterable[Problem]) -> dict[Key, Subject]:
    grouped: dict[Key, list[Problem]] = {}
    for each in problems:
        grouped.setdefault((each.sobject, _record_key(session, each)), []).append(each)
    return {
        key: Subject(*key, tuple(found), min(each.at for each in found), _id_among(found))
        for key, found in grouped.items()
    }


def _record_key(session: Session, problem: Problem) -> str:
    if problem.external_id:
        return problem.external_id
    if problem.salesforce_id is None:
        raise ValueError(f"a problem of {problem.sobject} names no record")
    table = TABLES[problem.sobject]
    known = select(table.c.external_id).where(table.c.salesforce_id == problem.salesforce_id)
    return session.scalar(known) or problem.salesforce_id


def _id_among(problems: Iterable[Problem]) -> str | None:
    return next((each.salesforce_id for each in problems if each.salesforce_id), None)


def _is_untold(subject: Subject, now: datetime) -> bool:
    note = subject.standing
    if note is None:
        return True
    return note.fingerprint != fingerprint(subject.problems) and _is_due(note, now)


def _is_due(note: SyncNote, now: datetime) -> bool:
    return note.due_at is None or note.due_at <= now


def _find_open(session: Session) -> set[Key]:
    states = (WriteState.PENDING, WriteState.SENDING)
    query = select(OutboxWrite.sobject, OutboxWrite.external_id)
    rows = session.execute(query.where(OutboxWrite.state.in_(states)))
    return {(row.sobject, row.external_id) for row in rows}
