"""Queues a Case for a problem that no record can show: there is none, or it cannot be saved.

Owns what such a Case says and who is responsible. It goes through the outbox under a key of its
record, so that it is opened once however often the problem is met. It belongs to the owner of the
record it hangs on: the record itself, or the one that a refused creation was meant for; without
either the org decides, and the list view "Sync Problems" of Cases shows it to everybody. A note on
the parent instead would mix up the troubles of hundreds of children, and could not be closed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from sfsync.client import Salesforce
from sfsync.mapping import find_references
from sfsync.note_state import IN_CASE, Key, Subject, SyncNote
from sfsync.outbox import enqueue
from sfsync.problem_texts import shorten
from sfsync.queries import query_in
from sfsync.replica_reads import known_ids, load_record

#: Length of Case.External_Id__c in salesforce/.
LONGEST_KEY = 64
LONGEST_SUBJECT = 255
LONGEST_DESCRIPTION = 32_000
CAUSE = "a write that the org refused"
#: The Case's lookup to a record, by sObject; the others hang on the record before them.
LINKS = {"Account": "AccountId", "Order": "Order__c"}
#: What ops call a record.
WORDS = {"Account": "account", "Order": "order", "Order_Proposal__c": "proposal"}


@dataclass(frozen=True)
class Anchor:
    """The record of the org that a Case hangs on, and whose owner is responsible."""

    sobject: str
    salesforce_id: str


def case_key(sobject: str, record: str) -> str:
    """The external ID of the Case about a record; the same for the same record, whenever."""
    key = f"sync:{sobject}:{record}"
    if len(key) <= LONGEST_KEY:
        return key
    return f"sync:{hashlib.sha256(key.encode()).hexdigest()}"[:LONGEST_KEY]


def find_anchors(session: Session, subjects: Iterable[Subject]) -> dict[Key, Anchor]:
    """The record that each Case shall hang on, as far as the replica knows it."""
    found = {subject.key: _find_anchor(session, subject) for subject in subjects}
    return {key: anchor for key, anchor in found.items() if anchor is not None}


def _find_anchor(session: Session, subject: Subject) -> Anchor | None:
    if subject.salesforce_id and subject.sobject in LINKS:
        return Anchor(subject.sobject, subject.salesforce_id)
    if subject.salesforce_id and subject.sobject == "Order_Proposal__c":
        row = load_record(session, subject.sobject, subject.salesforce_id)
        return Anchor("Order", row["order_id"]) if row and row["order_id"] else None
    for problem in subject.problems:
        for sobject, external_id in find_references(dict(problem.wanted)):
            parent = known_ids(session, sobject, [external_id]).get(external_id)
            if parent and sobject in LINKS:
                return Anchor(sobject, parent)
    return None


def read_owners(sf: Salesforce, anchors: Iterable[Anchor]) -> dict[str, str | None]:
    """The owner of each of these records that is still there, by record Id; one call per sObject.

    None where the owner cannot work on a Case.
    """
    owners: dict[str, str] = {}
    wanted = sorted({(each.sobject, each.salesforce_id) for each in anchors})
    for sobject in sorted({name for name, _ in wanted}):
        template = f"SELECT Id, OwnerId FROM {sobject} WHERE Id IN {{values}}"  # noqa: S608 - SOQL
        rows = query_in(sf, template, [record_id for name, record_id in wanted if name == sobject])
        owners |= {row["Id"]: row["OwnerId"] for row in rows}
    active = "SELECT Id FROM User WHERE IsActive = true AND Id IN {values}"
    able = {row["Id"] for row in query_in(sf, active, sorted(set(owners.values())))}
    return {record_id: owner if owner in able else None for record_id, owner in owners.items()}


def open_case(
    session: Session, subject: Subject, text: str, anchor: Anchor | None, owner: str | None
) -> None:
    """Queues the Case, or its new description. Idempotent.

    Only the first time it gets a status and an owner: what people do with it afterwards stays.
    """
    key = case_key(*subject.key)
    subject_line = f"Backoffice could not save {_tell_record(subject.sobject, subject.record)}"
    values: dict[str, object] = {
        "Subject": shorten(subject_line, LONGEST_SUBJECT),
        "Description": shorten(text, LONGEST_DESCRIPTION),
    }
    if subject.standing is None or subject.standing.place not in IN_CASE:
        values |= {"Status": "New", "Priority": "High"}
        values |= {LINKS[anchor.sobject]: anchor.salesforce_id} if anchor else {}
        values |= {"OwnerId": owner} if owner else {}
    enqueue(session, "Case", key, values, CAUSE)


def close_cases(session: Session, notes: Sequence[SyncNote]) -> None:
    """Queues the end of the Cases of these notes: what they tell is no longer so."""
    for note in notes:
        told = _tell_record(note.sobject, note.record)
        values = {"Subject": f"Solved: backoffice could not save {told}", "Status": "Closed"}
        values["Subject"] = shorten(values["Subject"], LONGEST_SUBJECT)
        enqueue(session, "Case", case_key(note.sobject, note.record), values, "the problem is gone")


def _tell_record(sobject: str, record: str) -> str:
    return f"{WORDS.get(sobject, sobject)} {record}"
