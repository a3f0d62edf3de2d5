"""Writes notes into records of the org, and takes them out again, many in one call.

Owns what follows when a record does not take its note, or does not let it go: a Case, a later try,
or word to whoever set the org up.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import transaction
from sfsync.client import Salesforce
from sfsync.errors import SalesforceError, SalesforceRetryable
from sfsync.mapping import NOTE_FIELD, SINCE_FIELD
from sfsync.note_state import (
    IN_CASE,
    Place,
    Subject,
    SyncNote,
    delay_note,
    forget_note,
    store_note,
)
from sfsync.problem_cases import close_cases
from sfsync.problem_texts import CASE_CLOSES, Labels, fingerprint, tell_problems
from sfsync.records import collections_update
from sfsync.results import SaveResult

logger = logging.getLogger(__name__)

#: Pause before the org is bothered again with a note that it refused.
REFUSED_PAUSE = timedelta(hours=1)
#: Why a problem is told in a Case.
NOT_THERE = "It is told here because there is no such record in Salesforce yet."
GONE = "It is told here because the record is not in Salesforce any more."
NOT_SAVED = "It is told here because Salesforce refuses any change of the record itself:"
#: The record is not in the org any more.
GONE_CODES = frozenset({"NOT_FOUND", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"})
#: The org lacks the field, or the right to it: `flask doctor` names what to deploy.
SETUP_CODES = frozenset({"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"})


@dataclass
class NoteReport:
    """What one round of notes did."""

    noted: int = 0  #: records that show a new note
    cleared: int = 0  #: records whose note was taken away
    cases: int = 0  #: Cases queued, to open or to close
    failure: str | None = None  #: why some notes could not be written; the next round tries again


@dataclass(frozen=True)
class Texts:
    """The words for each record, and what the org calls its fields."""

    labels: Mapping[str, Labels]
    zone: tzinfo

    def tell(self, subject: Subject) -> str:
        """The note for the record itself."""
        labels = self.labels.get(subject.sobject, {})
        return tell_problems(subject.problems, labels, subject.since, self.zone)

    def tell_in_case(self, subject: Subject) -> str:
        """The same for a Case, and why it is one."""
        labels = self.labels.get(subject.sobject, {})
        ending = f"{NOT_THERE if subject.refusal is None else subject.refusal} {CASE_CLOSES}"
        return tell_problems(subject.problems, labels, subject.since, self.zone, ending)


@dataclass(frozen=True)
class Round:
    """One round at work."""

    sf: Salesforce
    engine: Engine
    now: datetime
    report: NoteReport

    def store(self, session: Session, subject: Subject, place: Place) -> None:
        """Notes where the problems of `subject` are told from now on."""
        is_told = place is not Place.NOWHERE
        store_note(
            session,
            sobject=subject.sobject,
            record=subject.record,
            salesforce_id=subject.salesforce_id,
            place=place,
            fingerprint=fingerprint(subject.problems) if is_told else "",
            since=subject.since,
            noted_at=self.now,
            due_at=None if is_told else self.now + REFUSED_PAUSE,
        )


def write_notes(round_: Round, subjects: Sequence[Subject], texts: Texts) -> list[Subject]:
    """Writes one call of notes; answers the records that take none."""
    results = collections_update(
        round_.sf,
        [
            (each.sobject, _note_values(each.salesforce_id, texts.tell(each), each.since))
            for each in subjects
        ],
    )
    need_case: list[Subject] = []
    with transaction(round_.engine) as session:
        for subject, result in zip(subjects, results, strict=True):
            if result.success:
                round_.store(session, subject, Place.RECORD)
                round_.report.noted += 1
                _close_former_case(round_, session, subject)
            elif _is_record_at_fault(round_, result):
                subject.refusal = _tell_refusal(result.errors[0])
                need_case.append(subject)
            elif not isinstance(result.errors[0], SalesforceRetryable):
                round_.store(session, subject, Place.NOWHERE)
    return need_case


def _note_values(
    record_id: str | None, text: str | None, since: datetime | None
) -> dict[str, object]:
    return {"Id": record_id, NOTE_FIELD: text, SINCE_FIELD: since}


def _close_former_case(round_: Round, session: Session, subject: Subject) -> None:
    """The record shows the note itself from now on."""
    if subject.standing is not None and subject.standing.place in IN_CASE:
        close_cases(session, [subject.standing])
        round_.report.cases += 1


def _is_record_at_fault(round_: Round, result: SaveResult) -> bool:
    """Whether this record takes no note; any other refusal is told in the report."""
    error = result.errors[0]
    if isinstance(error, SalesforceRetryable) or error.code in SETUP_CODES:
        round_.report.failure = str(error)
        _log_failure(error)
        return False
    return True


def _tell_refusal(error: SalesforceError) -> str:
    return GONE if error.code in GONE_CODES else f"{NOT_SAVED} {error.message}"


def _log_failure(error: SalesforceError) -> None:
    logger.warning("a note on a record was not written", extra={"error": str(error)})


def clear_notes(round_: Round, notes: Sequence[SyncNote]) -> None:
    """Empties the field of one call of records; of some, a Case is closed as well."""
    empty = [(each.sobject, _note_values(each.salesforce_id, None, None)) for each in notes]
    results = collections_update(round_.sf, empty)
    with transaction(round_.engine) as session:
        for note, result in zip(notes, results, strict=True):
            if result.success or result.errors[0].code in GONE_CODES:
                _end_note(round_, session, note)
                round_.report.cleared += 1
                continue
            round_.report.failure = str(result.errors[0])
            _log_failure(result.errors[0])
            delay_note(session, note, round_.now + REFUSED_PAUSE)


def end_cases(round_: Round, notes: Sequence[SyncNote]) -> None:
    """Closes the Cases of notes that stand on no record, and forgets the notes."""
    with transaction(round_.engine) as session:
        for note in notes:
            _end_note(round_, session, note)


def _end_note(round_: Round, session: Session, note: SyncNote) -> None:
    if note.place in IN_CASE:
        close_cases(session, [note])
        round_.report.cases += 1
    forget_note(session, note)
