"""One Case for many records at once: a faulty sheet must not bury people under thousands.

Owns when records share the Case of their sObject, and what it says. Above a number that somebody
can still go through one by one, the rest is told together: how many, why, and the first of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Sized

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sfsync.note_state import IN_CASE, ON_RECORD, Key, Place, Subject, SyncNote
from sfsync.outbox import enqueue
from sfsync.problem_cases import CAUSE, LONGEST_DESCRIPTION, WORDS, case_key
from sfsync.problem_texts import CASE_CLOSES, SEND_AGAIN, shorten

#: Cases of single records of one sObject that may stand at once.
MOST_CASES = 25
#: Stands for the record in the key of the shared Case.
MANY = "(many)"
#: What the shared Case tells of them.
RECORDS_SHOWN = 20
REASONS_SHOWN = 5
LONGEST_REASON = 1_000


def part_shared(
    session: Session, subjects: Sequence[Subject]
) -> tuple[list[Subject], list[Subject]]:
    """Those that get a Case of their own, and those that share the one of their sObject."""
    own: list[Subject] = []
    shared: list[Subject] = []
    fresh: defaultdict[str, list[Subject]] = defaultdict(list)
    for subject in subjects:
        place = subject.standing.place if subject.standing is not None else None
        if place == Place.SHARED:
            shared.append(subject)
        elif place in IN_CASE or place in ON_RECORD:
            own.append(subject)
        else:
            fresh[subject.sobject].append(subject)
    for sobject, found in fresh.items():
        has_room = _count_cases(session, sobject) + len(found) <= MOST_CASES
        (own if has_room else shared).extend(found)
    return own, shared


def _count_cases(session: Session, sobject: str) -> int:
    standing = select(func.count()).where(SyncNote.sobject == sobject, SyncNote.place.in_(IN_CASE))
    return session.scalar(standing) or 0


def tell_shared(
    session: Session, sobject: str, subjects: Mapping[Key, Subject], *, is_open: bool
) -> bool:
    """Queues the shared Case of `sobject` as its notes stand now, or its end; whether anything new.

    `subjects` are all problems there are; `is_open` says whether the Case was there before, as only
    a new one gets a status: what people do with it afterwards stays.
    """
    query = select(SyncNote.record).where(
        SyncNote.sobject == sobject, SyncNote.place == Place.SHARED
    )
    keys = [(sobject, record) for record in session.scalars(query.order_by(SyncNote.record))]
    found = [subjects[key] for key in keys if key in subjects]
    name = f"{WORDS.get(sobject, sobject)}s"
    if found:
        subject_line = f"Backoffice could not save {len(found)} {name}"
        values = {"Subject": subject_line, "Description": _tell(found, name)}
        values |= {} if is_open else {"Status": "New", "Priority": "High"}
    else:
        values = {"Subject": f"Solved: backoffice could not save many {name}", "Status": "Closed"}
    return enqueue(session, "Case", case_key(sobject, MANY), values, CAUSE)


def _tell(subjects: Sequence[Subject], name: str) -> str:
    said = Counter((each.said, each.remedy) for subject in subjects for each in subject.problems)
    reasons = [
        shorten(f"{count} times: {why} What to do: {remedy}", LONGEST_REASON)
        for (why, remedy), count in said.most_common(REASONS_SHOWN)
    ]
    records = [
        f"{each.record} ({each.problems[0].cause or 'cause unknown'})"
        for each in subjects[:RECORDS_SHOWN]
    ]
    lines = [
        f"The backoffice could not save {len(subjects)} {name}, too many for a Case each.",
        *("", "Salesforce said, or what happened:", *reasons, *_tell_rest(said, reasons)),
        *("", "Some of them:", *records, *_tell_rest(subjects, records)),
        *("", f"{SEND_AGAIN} {CASE_CLOSES}"),
    ]
    return shorten("\n".join(lines), LONGEST_DESCRIPTION)


def _tell_rest(every: Sized, shown: list[str]) -> list[str]:
    left = len(every) - len(shown)
    return [f"and {left} more; the developer on call can list them."] if left else []
