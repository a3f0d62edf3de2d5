"""How far each sObject's replica is proven complete, and where an interrupted pull continues.

Owns the table `sync_state`. Two positions are kept apart: the watermark, up to which the org itself
vouches that nothing can be missing, and the cursor, up to which rows have been read for freshness.
A watermark may stand still for hours while a long transaction runs anywhere on Salesforce's
instance; the cursor goes on meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.database import Base, UtcDateTime
from sfsync.keyset import Span

#: How far the org's clock may lie behind what was read before we believe that it was set back.
CLOCK_TOLERANCE = timedelta(minutes=5)


class SyncState(Base):
    """One sObject's progress. A missing row means that nothing was ever read."""

    __tablename__ = "sync_state"

    sobject: Mapped[str] = mapped_column(String(80), primary_key=True)
    #: proven complete: every change stamped before it is here, and none can still appear
    watermark_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: the org's time when it gave that proof
    proved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: read so far, by (SystemModstamp, Id); without an Id from that very second on
    cursor_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cursor_id: Mapped[str | None] = mapped_column(String(18))
    #: counts the readings of everything; replica rows carry the number of the latest that met them
    load_no: Mapped[int] = mapped_column(default=0)
    #: such a reading is under way, or was interrupted and continues with the next pull
    is_loading: Mapped[bool] = mapped_column(default=False)
    #: the org's export job that the load reads, and where its next page starts; else pages by REST
    export_job_id: Mapped[str | None] = mapped_column(String(18))
    export_locator: Mapped[str | None] = mapped_column(Text)
    #: the org's time up to which that job exports
    export_end_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def complete_up_to(self) -> datetime | None:
        """The proven watermark; None before the first reading of everything came to its end, and
        while another one is under way."""
        return None if self.is_loading else self.watermark_at

    def unread(self, end_at: datetime) -> Span:
        """What lies behind the cursor, up to `end_at`."""
        return Span(end_at, self.cursor_at, self.cursor_id or "")

    def was_set_back(self, org_time: datetime) -> bool:
        """Whether the org's clock lies behind what was read: another org, or a local one reset."""
        seen = max((at for at in (self.watermark_at, self.cursor_at) if at), default=org_time)
        return seen > credible_to(org_time)


def credible_to(org_time: datetime) -> datetime:
    """The latest stamp that a row may carry at that time of the org.

    A later one comes from a future that the org's clock took back, so that it protects no row
    from an older version.
    """
    return org_time + CLOCK_TOLERANCE


def read_state(session: Session, sobject: str) -> SyncState:
    """The progress of an sObject; a fresh one, not stored, when nothing was ever read."""
    return session.get(SyncState, sobject) or SyncState(
        sobject=sobject, load_no=0, is_loading=False
    )


def find_incomplete(session: Session, sobjects: Iterable[str]) -> list[str]:
    """The sObjects that are being read whole, or were never read to the end."""
    return [name for name in sobjects if read_state(session, name).complete_up_to is None]


def is_overtaken(session: Session, state: SyncState) -> bool:
    """Whether a later reading of everything has begun since `state` was read."""
    stored = session.get(SyncState, state.sobject, with_for_update=True)
    return stored is not None and stored.load_no != state.load_no


def begin_load(
    session: Session, sobject: str, covered_at: datetime | None, proved_at: datetime | None
) -> SyncState:
    """Begins a reading of everything. `covered_at` was proven before its first row was read."""
    state = session.merge(read_state(session, sobject))
    state.watermark_at, state.proved_at = covered_at, proved_at
    state.cursor_at = state.cursor_id = None
    state.export_job_id = state.export_locator = state.export_end_at = None
    state.load_no, state.is_loading = state.load_no + 1, True
    return state


def note_export(session: Session, state: SyncState, job_id: str, end_at: datetime) -> SyncState:
    """Notes that the load reads an export job of the org, so that its heir finds it.

    Answers the state from then on; that of a load which was overtaken is as it was.
    """
    stored = _stored(session, state)
    if stored is None:
        return state
    stored.export_job_id, stored.export_locator, stored.export_end_at = job_id, None, end_at
    return stored


def note_exported(session: Session, state: SyncState, locator: str) -> None:
    """Notes that the pages of the export before `locator` are stored."""
    stored = _stored(session, state)
    if stored is not None:
        stored.export_locator = locator


def note_read(session: Session, state: SyncState, read: Span) -> None:
    """Notes that the rows before `read` are stored; the cursor never goes back."""
    stored = _stored(session, state)
    if stored is None or read.after_at is None:
        return
    if stored.cursor_at is None or read.after_at >= stored.cursor_at:
        stored.cursor_at, stored.cursor_id = read.after_at, read.after_id or None


def note_proven(session: Session, state: SyncState, read: Span, covered_at: datetime) -> None:
    """Notes that the rows before `read`, which began at the watermark, are stored for good.

    Only as far as the org vouched for, at `covered_at`, before they were read.
    """
    stored = _stored(session, state)
    if stored is None or read.after_at is None or stored.watermark_at is None:
        return
    stored.watermark_at = max(stored.watermark_at, min(read.after_at, covered_at))


def note_complete(
    session: Session, state: SyncState, covered_at: datetime | None, read_to: datetime
) -> None:
    """Notes the end of a pull: everything up to `read_to` was read.

    `covered_at` is the new watermark, proven at `read_to`; None keeps the one that a load began
    with. A load that was overtaken by a later one notes nothing.
    """
    stored = _stored(session, state)
    if stored is None:
        return
    stored.is_loading = False
    stored.export_job_id = stored.export_locator = stored.export_end_at = None
    stored.cursor_at, stored.cursor_id = read_to, None
    if covered_at is not None:
        stored.watermark_at, stored.proved_at = covered_at, read_to


def _stored(session: Session, state: SyncState) -> SyncState | None:
    """The row to note progress in; None when a later load has overtaken this pull."""
    stored = session.get(SyncState, state.sobject)
    return stored if stored is not None and stored.load_no == state.load_no else None
