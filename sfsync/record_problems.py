"""Shows people in Salesforce, on the record itself, what the backoffice could not save there.

Owns the field that the note stands in and the steps that bring it there: the problems are read from
their own rows, records are looked up, the notes of many go out in one call, and notes whose problem
is gone are taken away. A record that is not there, or takes no note, gets a Case. Running it again
changes nothing in the org; being killed anywhere loses nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.clock import Clock, SystemClock
from config.database import transaction
from sfsync.chunks import chunked
from sfsync.client import Salesforce
from sfsync.errors import SalesforceError, SalesforceRetryable
from sfsync.mapping import NOTE_FIELD, SINCE_FIELD
from sfsync.note_state import (
    NotePlan,
    Place,
    Subject,
    SyncNote,
    delay_note,
    forget_note,
    plan_notes,
    store_note,
)
from sfsync.problem_cases import Anchor, close_cases, find_anchors, open_case, read_owners
from sfsync.problem_sources import SOURCES, Source
from sfsync.problem_texts import Labels, fingerprint, read_labels, tell_problems
from sfsync.replica import known_ids
from sfsync.rest import COLLECTION_SIZE, SaveResult, collections_update, describe_many, query_in
from sfsync.usage import purpose

logger = logging.getLogger(__name__)

#: Pause before the org is bothered again with a note that it refused.
REFUSED_PAUSE = timedelta(hours=1)
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
class _Texts:
    """The words for each record, and what the org calls its fields."""

    labels: Mapping[str, Labels]
    zone: tzinfo

    def tell(self, subject: Subject) -> str:
        labels = self.labels.get(subject.sobject, {})
        return tell_problems(subject.problems, labels, subject.since, self.zone)


def note_problems(
    sf: Salesforce,
    engine: Engine,
    *,
    zone: tzinfo = UTC,
    clock: Clock | None = None,
    sources: Sequence[Source] = SOURCES,
) -> NoteReport:
    """Brings the notes in the org to what is wrong now; times are told in `zone`.

    Costs no call while nothing changed. Cases are left in the outbox: the next push sends them.
    Raises SalesforceError when the org cannot be worked with; the next round then goes on.
    """
    now = (clock or SystemClock()).now()
    with transaction(engine) as session:
        plan = plan_notes(session, now, sources)
    report = NoteReport()
    if plan.is_empty:
        return report
    with purpose("notes"):
        _tell(_Round(sf, engine, now, report), plan, zone)
        _clear(_Round(sf, engine, now, report), plan.to_clear)
    return report


@dataclass(frozen=True)
class _Round:
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


def _tell(round_: _Round, plan: NotePlan, zone: tzinfo) -> None:
    if not plan.to_tell:
        return
    _find_records(round_, plan.to_tell)
    describes = describe_many(round_.sf, sorted({each.sobject for each in plan.to_tell}))
    labels = {name: read_labels(describe) for name, describe in describes.items()}
    texts = _Texts(labels, zone)
    need_case = [each for each in plan.to_tell if not each.salesforce_id]
    there = [each for each in plan.to_tell if each.salesforce_id]
    takers = [each for each in there if NOTE_FIELD in labels.get(each.sobject, {})]
    _postpone(round_, [each for each in there if each not in takers])
    for chunk in chunked(takers, COLLECTION_SIZE):
        need_case += _write_notes(round_, chunk, texts)
    _open_cases(round_, need_case, texts)


def _postpone(round_: _Round, subjects: Sequence[Subject]) -> None:
    """Leaves the notes that the org has no field for, without asking it again with every push."""
    if not subjects:
        return
    names = ", ".join(sorted({each.sobject for each in subjects}))
    round_.report.failure = (
        f"{names} has no field {NOTE_FIELD}, or it is not visible to the integration user."
        " Deploy salesforce/ and assign permission set Manufaktura_Integration."
    )
    logger.error("notes on records have no place", extra={"error": round_.report.failure})
    with transaction(round_.engine) as session:
        for subject in subjects:
            round_.store(session, subject, Place.NOWHERE)


def _find_records(round_: _Round, subjects: Sequence[Subject]) -> None:
    """Gives each subject its record Id: the replica's, else the org's; none, if it is not there."""
    for sobject, keys in _keys_without_id(subjects).items():
        with transaction(round_.engine) as session:
            found = known_ids(session, sobject, keys)
        unknown = [key for key in keys if key not in found]
        template = f"SELECT Id, External_Id__c FROM {sobject} WHERE External_Id__c IN {{values}}"  # noqa: S608 - SOQL
        rows = query_in(round_.sf, template, unknown)
        by_key = {key.casefold(): record_id for key, record_id in found.items()}
        by_key |= {row["External_Id__c"].casefold(): row["Id"] for row in rows}
        for subject in subjects:
            if subject.sobject == sobject and subject.salesforce_id is None:
                subject.salesforce_id = by_key.get(subject.record.casefold())


def _keys_without_id(subjects: Iterable[Subject]) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for each in subjects:
        if each.salesforce_id is None:
            keys.setdefault(each.sobject, []).append(each.record)
    return keys


def _write_notes(round_: _Round, subjects: Sequence[Subject], texts: _Texts) -> list[Subject]:
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
                need_case.append(subject)
            elif not isinstance(result.errors[0], SalesforceRetryable):
                round_.store(session, subject, Place.NOWHERE)
    return need_case


def _note_values(
    record_id: str | None, text: str | None, since: datetime | None
) -> dict[str, object]:
    return {"Id": record_id, NOTE_FIELD: text, SINCE_FIELD: since}


def _close_former_case(round_: _Round, session: Session, subject: Subject) -> None:
    """The record shows the note itself from now on."""
    if subject.standing is not None and subject.standing.place == Place.CASE:
        close_cases(session, [subject.standing])
        round_.report.cases += 1


def _is_record_at_fault(round_: _Round, result: SaveResult) -> bool:
    """Whether this record takes no note; any other refusal is told in the report."""
    error = result.errors[0]
    if isinstance(error, SalesforceRetryable) or error.code in SETUP_CODES:
        round_.report.failure = str(error)
        _log_failure(error)
        return False
    return True


def _log_failure(error: SalesforceError) -> None:
    logger.warning("a note on a record was not written", extra={"error": str(error)})


def _open_cases(round_: _Round, subjects: Sequence[Subject], texts: _Texts) -> None:
    if not subjects:
        return
    with transaction(round_.engine) as session:
        anchors = find_anchors(session, subjects)
    owners = read_owners(round_.sf, anchors.values())
    with transaction(round_.engine) as session:
        for subject in subjects:
            anchor = anchors.get(subject.key)
            open_case(session, subject, texts.tell(subject), anchor, _owner_of(anchor, owners))
            round_.store(session, subject, Place.CASE)
    round_.report.cases += len(subjects)


def _owner_of(anchor: Anchor | None, owners: Mapping[str, str]) -> str | None:
    return None if anchor is None else owners.get(anchor.salesforce_id)


def _clear(round_: _Round, notes: Sequence[SyncNote]) -> None:
    on_records = [each for each in notes if each.place == Place.RECORD]
    for chunk in chunked(on_records, COLLECTION_SIZE):
        _clear_notes(round_, chunk)
    rest = [each for each in notes if each.place != Place.RECORD]
    with transaction(round_.engine) as session:
        cases = [each for each in rest if each.place == Place.CASE]
        close_cases(session, cases)
        for note in rest:
            forget_note(session, note)
    round_.report.cases += len(cases)


def _clear_notes(round_: _Round, notes: Sequence[SyncNote]) -> None:
    empty = [(each.sobject, _note_values(each.salesforce_id, None, None)) for each in notes]
    results = collections_update(round_.sf, empty)
    with transaction(round_.engine) as session:
        for note, result in zip(notes, results, strict=True):
            if result.success or result.errors[0].code in GONE_CODES:
                forget_note(session, note)
                round_.report.cleared += 1
                continue
            round_.report.failure = str(result.errors[0])
            _log_failure(result.errors[0])
            delay_note(session, note, round_.now + REFUSED_PAUSE)
