"""Shows people in Salesforce, on the record itself, what the backoffice could not save there.

Owns the steps of a round: the problems are read from their own rows, records are looked up, the
notes of many go out in one call, and notes whose problem is gone are taken away. A record that is
not there, or takes no note, gets a Case. Running it again changes nothing in the org; being killed
anywhere loses nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo

from sqlalchemy import Engine

from config.clock import Clock, SystemClock
from config.database import transaction
from sfsync.about_org import describe_many
from sfsync.chunks import chunked
from sfsync.client import Salesforce
from sfsync.mapping import NOTE_FIELD
from sfsync.note_state import ON_RECORD, NotePlan, Place, Subject, SyncNote, plan_notes
from sfsync.note_writing import NoteReport, Round, Texts, clear_notes, end_cases, write_notes
from sfsync.problem_cases import find_anchors, open_case, read_owners
from sfsync.problem_sources import SOURCES, Source
from sfsync.problem_texts import read_labels
from sfsync.queries import query_in
from sfsync.records import COLLECTION_SIZE
from sfsync.replica_reads import known_ids
from sfsync.usage import purpose

__all__ = ["NoteReport", "note_problems"]

logger = logging.getLogger(__name__)


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
        _tell(Round(sf, engine, now, report), plan, zone)
        _clear(Round(sf, engine, now, report), plan.to_clear)
    return report


def _tell(round_: Round, plan: NotePlan, zone: tzinfo) -> None:
    if not plan.to_tell:
        return
    _find_records(round_, plan.to_tell)
    describes = describe_many(round_.sf, sorted({each.sobject for each in plan.to_tell}))
    labels = {name: read_labels(describe) for name, describe in describes.items()}
    texts = Texts(labels, zone)
    need_case = [each for each in plan.to_tell if not each.salesforce_id]
    there = [each for each in plan.to_tell if each.salesforce_id]
    takers = [each for each in there if NOTE_FIELD in labels.get(each.sobject, {})]
    _postpone(round_, [each for each in there if each not in takers])
    for chunk in chunked(takers, COLLECTION_SIZE):
        need_case += write_notes(round_, chunk, texts)
    _open_cases(round_, need_case, texts)


def _postpone(round_: Round, subjects: Sequence[Subject]) -> None:
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


def _find_records(round_: Round, subjects: Sequence[Subject]) -> None:
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


def _open_cases(round_: Round, subjects: Sequence[Subject], texts: Texts) -> None:
    if not subjects:
        return
    with transaction(round_.engine) as session:
        anchors = find_anchors(session, subjects)
    owners = read_owners(round_.sf, anchors.values())
    with transaction(round_.engine) as session:
        for subject in subjects:
            anchor = anchors.get(subject.key)
            if anchor is not None and anchor.salesforce_id not in owners:
                anchor = None  # it was deleted; the org takes no link to it
            owner = owners[anchor.salesforce_id] if anchor else None
            open_case(session, subject, texts.tell_in_case(subject), anchor, owner)
            was_noted = subject.standing is not None and subject.standing.place in ON_RECORD
            round_.store(session, subject, Place.BOTH if was_noted else Place.CASE)
    round_.report.cases += len(subjects)


def _clear(round_: Round, notes: Sequence[SyncNote]) -> None:
    on_records = [each for each in notes if each.place in ON_RECORD]
    for chunk in chunked(on_records, COLLECTION_SIZE):
        clear_notes(round_, chunk)
    end_cases(round_, [each for each in notes if each.place not in ON_RECORD])
