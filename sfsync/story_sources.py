"""What our database knows of one record, one reader per table.

Owns that table of readers. A part with a table of its own about records adds its reader to SOURCES;
`sfsync.stories` puts the events in order and finds the first sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from sfsync.conflicts import SyncConflict, tell
from sfsync.drift import Drift
from sfsync.note_state import Place, SyncNote
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.outbox_view import tell_state
from sfsync.problem_texts import tell_value
from sfsync.readback import flatten
from sfsync.record_names import NamedRecord
from sfsync.schema import ColumnState, SyncField


@dataclass(frozen=True)
class Event:
    """Something that happened to a record."""

    at: datetime
    text: str
    source: str  #: which table tells it
    is_org_time: bool = False  #: whether `at` is the org's clock; else it is this machine's

    def as_dict(self) -> dict[str, object]:
        """The event for a program."""
        return dict(vars(self))


Source = Callable[[Session, NamedRecord, datetime], Iterable[Event]]


def read_versions(_: Session, record: NamedRecord, __: datetime) -> Iterator[Event]:
    """What the replica's row says of the record's life in Salesforce."""
    row = record.row
    if row is None:
        return
    for at, by, what in (
        (row["created_at"], row["created_by_id"], "it was created in Salesforce"),
        (row["last_modified_at"], row["last_modified_by_id"], "it was last saved in Salesforce"),
    ):
        if at is not None:
            yield Event(at, f"{what} by {by or 'somebody'}", "replica", is_org_time=True)
    what = "it was deleted in Salesforce" if row["is_deleted"] else "the version that we hold"
    yield Event(row["system_modstamp"], what, "replica", is_org_time=True)


def read_writes(session: Session, record: NamedRecord, now: datetime) -> Iterator[Event]:
    """Every write of the record: what it wanted, how it failed, when it arrived."""
    for row in session.scalars(select_writes_of(record)):
        values = dict(flatten(row.values))
        told = "; ".join(f"{path} = {tell_value(value)}" for path, value in values.items())
        yield Event(row.enqueued_at, f"write {row.id} ({row.cause}) wants {told}", "outbox")
        if row.failed_at is not None:
            yield Event(row.failed_at, tell_failure(row), "outbox")
        if row.sent_at is not None:
            what = "created" if row.created else "saved"
            yield Event(row.sent_at, f"write {row.id}: Salesforce {what} it", "outbox")
        if row.state != WriteState.SENT:
            yield Event(now, f"write {row.id} ({row.state}): {tell_state(row, now)}", "outbox")


def tell_failure(row: OutboxWrite) -> str:
    """An attempt that failed, in the org's own words, with the remedy."""
    fields = f" [{row.error_fields}]" if row.error_fields else ""
    return (
        f"write {row.id}: attempt {row.attempts} failed: {row.error_message}{fields}"
        f" What to do: {row.error_remedy}"
    )


def select_writes_of(record: NamedRecord) -> Select[OutboxWrite]:
    """The writes of a record, oldest first."""
    return (
        select(OutboxWrite)
        .where(OutboxWrite.sobject == record.sobject, _is_of(record))
        .order_by(OutboxWrite.id)
    )


def _is_of(record: NamedRecord) -> ColumnElement[bool]:
    wanted: list[ColumnElement[bool]] = []
    if record.external_id is not None:
        wanted.append(OutboxWrite.external_id == record.external_id)
    if record.salesforce_id is not None:
        wanted.append(OutboxWrite.salesforce_id == record.salesforce_id)
    return or_(*wanted)


def read_notes(session: Session, record: NamedRecord, _: datetime) -> Iterator[Event]:
    """Where people in Salesforce see what could not be saved."""
    words = {
        Place.RECORD: "the record in Salesforce shows what could not be saved",
        Place.CASE: "a Case in Salesforce tells what could not be saved",
        Place.BOTH: "a Case in Salesforce tells what could not be saved; the record an older note",
        Place.SHARED: "a Case in Salesforce tells of it among many that could not be saved",
        Place.NOWHERE: "Salesforce took no note about what could not be saved",
    }
    for name in {record.external_id, record.salesforce_id} - {None}:
        note = session.get(SyncNote, (record.sobject, name))
        if note is not None:
            yield Event(note.noted_at, words[Place(note.place)], "notes")


def read_drift(session: Session, record: NamedRecord, _: datetime) -> Iterator[Event]:
    """Where a comparison with the org found us wrong."""
    query = select(Drift).where(Drift.salesforce_id == record.salesforce_id).order_by(Drift.id)
    for each in session.scalars(query):
        what = f"{each.field}: here {each.ours!r}, there {each.theirs!r}" if each.field else "it"
        text = f"a comparison found drift ({each.kind}), {what}; likely cause: {each.cause}"
        yield Event(each.found_at, text, "drift", is_org_time=True)
        if each.healed_at is not None:
            yield Event(each.healed_at, "the drift was healed", "drift", is_org_time=True)


def read_paused_columns(session: Session, record: NamedRecord, _: datetime) -> Iterator[Event]:
    """Which of the values that we hold stand still, because their field has changed in the org."""
    paused = select(SyncField).where(
        SyncField.sobject == record.sobject, SyncField.state == ColumnState.PAUSED
    )
    for each in session.scalars(paused.order_by(SyncField.name)):
        if each.paused_at is not None:
            told = f"{each.full_name} is not read since: {each.reason} What to do: {each.remedy}"
            yield Event(each.paused_at, told, "columns", is_org_time=True)


def read_conflicts(session: Session, record: NamedRecord, _: datetime) -> Iterator[Event]:
    """Where a write of ours and a person's edit met, and what became of it."""
    if record.external_id is None:
        return
    query = select(SyncConflict).where(
        SyncConflict.sobject == record.sobject, SyncConflict.external_id == record.external_id
    )
    for each in session.scalars(query.order_by(SyncConflict.id)):
        yield Event(
            each.found_at, f"conflict {each.id} ({each.outcome}): {tell(each)}", "conflicts"
        )
        if each.resolved_at is not None:
            yield Event(each.resolved_at, f"conflict {each.id} was decided", "conflicts")


#: Every reader; events of the same second stand in this order.
SOURCES: tuple[Source, ...] = (
    read_versions,
    read_writes,
    read_notes,
    read_conflicts,
    read_drift,
    read_paused_columns,
)
