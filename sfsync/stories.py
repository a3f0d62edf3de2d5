"""Tells one record's story: where it stands, in one sentence, and everything that led there.

Owns that first sentence. It says "not in Salesforce" only where the replica is proven complete, and
then why; events follow in the order of time, though the org's clock and ours may differ a little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from sfsync.conflicts import OpenConflict, tell_open
from sfsync.mapping import BY_SOBJECT
from sfsync.note_state import SyncNote
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.outbox_view import describe_write, tell_state
from sfsync.problem_sources import describe_refusal
from sfsync.record_names import NamedRecord, find_named
from sfsync.story_sources import SOURCES, Event, Source, select_writes_of
from sfsync.sync_state import SyncState

OPEN = (WriteState.PENDING, WriteState.SENDING, WriteState.REJECTED)


class Presence(StrEnum):
    """Where a record is, as far as our database tells; the words of the first sentence."""

    HELD = "is in Salesforce"
    GONE = "was deleted in Salesforce"
    UNREAD = "is in Salesforce, though the replica has not read it yet"
    ABSENT = "is not in Salesforce"  #: by a replica that is proven complete
    UNKNOWN = "is not known to be in Salesforce"


@dataclass(frozen=True)
class Story:
    """Everything that we know of one record."""

    record: NamedRecord
    verdict: str  #: where it stands, in one sentence
    remedy: str | None  #: what a person does about it; None when there is nothing to do
    proof: str  #: how far the replica is complete
    events: tuple[Event, ...]  #: oldest first
    writes: tuple[dict[str, Any], ...]  #: every write of it, oldest first

    def as_dict(self) -> dict[str, Any]:
        """The story for a program."""
        return {
            "sobject": self.record.sobject,
            "external_id": self.record.external_id,
            "salesforce_id": self.record.salesforce_id,
            "number": self.record.number,
            "verdict": self.verdict,
            "remedy": self.remedy,
            "proof": self.proof,
            "events": [each.as_dict() for each in self.events],
            "writes": list(self.writes),
            "holds": self.record.row,
        }


def tell_stories(
    session: Session, text: str, now: datetime, sources: Sequence[Source] = SOURCES
) -> list[Story]:
    """The story of every record that people call `text`; none when nobody knows it.

    `now` is this machine's time, by which writes wait for their next attempt. No API call.
    """
    return [_tell(session, each, now, sources) for each in find_named(session, text)]


def _tell(session: Session, record: NamedRecord, now: datetime, sources: Sequence[Source]) -> Story:
    writes = list(session.scalars(select_writes_of(record)))
    state = session.get(SyncState, record.sobject)
    where = _find_presence(session, record, state)
    events = [event for source in sources for event in source(session, record, now)]
    clash = _find_clash(session, record)
    return Story(
        record,
        _end_sentence(f"{record.title} {where}{_tell_open(where, writes, clash, now)}"),
        _find_remedy(writes) or (clash.remedy if clash else None),
        tell_proof(state) if record.sobject in BY_SOBJECT else "such records are only written",
        tuple(sorted(events, key=lambda event: event.at)),
        tuple(describe_write(row) for row in writes),
    )


def tell_proof(state: SyncState | None) -> str:
    """How far the replica of an sObject is complete, and by whose word."""
    upto = state.complete_up_to if state is not None else None
    if state is None or upto is None:
        return "nothing is proven: this object was never read whole, or is being read again now"
    proved = f" (the org's word at {state.proved_at:%H:%M:%S})" if state.proved_at else ""
    return f"the replica is complete up to {upto:%Y-%m-%d %H:%M:%S} UTC{proved}"


def _find_presence(session: Session, record: NamedRecord, state: SyncState | None) -> Presence:
    if record.row is not None:
        return Presence.GONE if record.row["is_deleted"] else Presence.HELD
    if record.salesforce_id is not None or _is_noted_there(session, record):
        return Presence.UNREAD if record.sobject in BY_SOBJECT else Presence.HELD
    is_proven = state is not None and state.complete_up_to is not None
    return Presence.ABSENT if is_proven else Presence.UNKNOWN


def _is_noted_there(session: Session, record: NamedRecord) -> bool:
    note = session.get(SyncNote, (record.sobject, record.external_id or ""))
    return note is not None and note.salesforce_id is not None


def _find_clash(session: Session, record: NamedRecord) -> OpenConflict | None:
    """What a person is asked to decide about the record."""
    key = (record.sobject, record.external_id)
    return next(
        (each for each in tell_open(session) if (each.sobject, each.external_id) == key), None
    )


def _tell_open(
    where: Presence, writes: Sequence[OutboxWrite], clash: OpenConflict | None, now: datetime
) -> str:
    """Why the latest write has not arrived, to follow the record's presence."""
    unfinished = [row for row in writes if row.state in OPEN]
    if not unfinished and clash is not None:
        return f", and somebody has to decide: {clash.text.rstrip('.')}"
    if not unfinished:
        return ", and nothing waits to be written to it" if where is Presence.HELD else ""
    latest = unfinished[-1]
    if where in (Presence.ABSENT, Presence.UNKNOWN):
        return f" because {_tell_why(latest, now)}"
    return f", but what {latest.cause} wants has not arrived: {_tell_why(latest, now)}"


def _tell_why(row: OutboxWrite, now: datetime) -> str:
    if row.state == WriteState.REJECTED:
        return f"Salesforce refused it: {describe_refusal(row).said.rstrip('.')}"
    if row.error_message and not row.waits_for:
        return f"{tell_state(row, now)}; the last attempt failed: {row.error_message.rstrip('.')}"
    return tell_state(row, now)


def _end_sentence(text: str) -> str:
    return text if text.endswith(("?", "!")) else f"{text}."


def _find_remedy(writes: Sequence[OutboxWrite]) -> str | None:
    """What a person does about the latest write; what waits for another has its remedy there."""
    for row in reversed(writes):
        if row.state == WriteState.REJECTED:
            again = f"Then send it again: `flask outbox retry {row.id}`."
            return f"{row.error_remedy or ''} {again}".strip()
        if row.state in OPEN and row.waits_for:
            return "Look at the record that it waits for: `flask sync why` tells its story."
    return None
