"""The state of the sync as figures for a monitor, from our database alone; costs no API call.

Owns the names and what each figure means. A part with a table of its own adds its reader to
READERS. Lag is told by the org's clock, ages of writes by this machine's, because that is how the
two are stored; a caller that cannot ask the org gives its own time for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from sfsync.allowance import DAY, hour_of
from sfsync.call_ledger import Allowance, CallHour
from sfsync.conflicts import count_open
from sfsync.drift import Drift, Reconciliation
from sfsync.errors import BUG_CODE
from sfsync.exposition import Labels, Metric
from sfsync.mapping import MAPPINGS
from sfsync.note_state import SyncNote
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.replica import TABLES
from sfsync.schema import ColumnState, SyncField
from sfsync.status import seconds_since
from sfsync.sync_state import SyncState

#: What is in a write's age when it is counted from the moment that is stored with its state.
AGED_STATES = {
    WriteState.PENDING: OutboxWrite.enqueued_at,
    WriteState.REJECTED: OutboxWrite.failed_at,
}


@dataclass(frozen=True)
class Now:
    """The present, by both clocks."""

    org: datetime
    ours: datetime


Reader = Callable[[Session, Now], Iterable[Metric]]


def read_metrics(session: Session, now: Now) -> list[Metric]:
    """Every figure there is. A metric without samples has nothing to say yet."""
    return [metric for reader in READERS for metric in reader(session, now)]


def _read_completeness(session: Session, now: Now) -> Iterator[Metric]:
    upto: dict[str, datetime | None] = {}
    for mapping in MAPPINGS:
        state = session.get(SyncState, mapping.sobject)
        upto[mapping.sobject] = state.complete_up_to if state is not None else None
    yield Metric(
        "complete",
        "1 when the replica of the object is proven complete up to some moment, else 0.",
        tuple((_of(name), float(at is not None)) for name, at in upto.items()),
    )
    yield Metric(
        "lag_seconds",
        "Time since the moment up to which the replica is proven complete, by the org's clock.",
        tuple(
            (_of(name), seconds_since(at, now.org)) for name, at in upto.items() if at is not None
        ),
    )


def _read_rows(session: Session, _: Now) -> Iterator[Metric]:
    samples: list[tuple[Labels, float]] = []
    for mapping in MAPPINGS:
        table = TABLES[mapping.sobject]
        query = select(table.c.is_deleted, func.count()).group_by(table.c.is_deleted)
        counts = {bool(deleted): count for deleted, count in session.execute(query)}
        samples += [
            ((*_of(mapping.sobject), ("deleted", word)), counts.get(word == "true", 0))
            for word in ("false", "true")
        ]
    yield Metric("rows", "Rows of the replica; deleted ones are kept and marked.", tuple(samples))


def _read_backlog(session: Session, now: Now) -> Iterator[Metric]:
    key = (OutboxWrite.sobject, OutboxWrite.state)
    counts = session.execute(select(*key, func.count()).group_by(*key).order_by(*key))
    yield Metric(
        "outbox_writes",
        "Writes to Salesforce by object and state.",
        tuple(((*_of(name), ("state", state)), float(count)) for name, state, count in counts),
    )
    yield Metric(
        "outbox_oldest_seconds",
        "Age of the oldest write that is pending since it was noted, or rejected since it was.",
        tuple(_read_ages(session, now)),
    )


def _read_ages(session: Session, now: Now) -> Iterator[tuple[Labels, float]]:
    for state, column in AGED_STATES.items():
        oldest = session.scalar(select(func.min(column)).where(OutboxWrite.state == state))
        if oldest is not None:
            yield (("state", state.value),), seconds_since(oldest, now.ours)


def _read_troubles(session: Session, _: Now) -> Iterator[Metric]:
    is_open = OutboxWrite.state.in_((WriteState.PENDING, WriteState.SENDING, WriteState.REJECTED))
    again = case((OutboxWrite.attempts > 1, OutboxWrite.attempts - 1), else_=0)
    figures = select(
        func.coalesce(func.sum(again), 0),
        func.count(OutboxWrite.waits_for),
        func.count(case((OutboxWrite.error_code == BUG_CODE, 1))),
    ).where(is_open)
    retries, waiting, bugs = session.execute(figures).one()
    yield _single("outbox_retries", "Attempts after the first one of writes not arrived.", retries)
    yield _single("outbox_waiting", "Writes that wait for another record to arrive.", waiting)
    yield _single("outbox_bugs", "Writes that the backoffice itself failed on.", bugs)


def _read_notes(session: Session, _: Now) -> Iterator[Metric]:
    counts = session.execute(
        select(SyncNote.place, func.count()).group_by(SyncNote.place).order_by(SyncNote.place)
    )
    yield Metric(
        "notes",
        "Notes to people in Salesforce about what could not be saved, by place.",
        tuple(((("place", place),), float(count)) for place, count in counts),
    )


def _read_conflicts(session: Session, _: Now) -> Iterator[Metric]:
    waiting = count_open(session)
    yield _single("conflicts_open", "Clashes with people's edits that nobody decided.", waiting)


def _read_drift(session: Session, now: Now) -> Iterator[Metric]:
    found, healed = session.execute(select(func.count(Drift.id), func.count(Drift.healed_at))).one()
    yield _single("drift_found_total", "Differences to the org ever found.", found, "counter")
    yield _single("drift_open", "Differences to the org found and not healed.", found - healed)
    latest = session.scalar(select(func.max(Reconciliation.finished_at)))
    yield Metric(
        "reconcile_age_seconds",
        "Time since the latest comparison with the org came to its end, by the org's clock.",
        () if latest is None else (((), seconds_since(latest, now.org)),),
    )


def _read_columns(session: Session, _: Now) -> Iterator[Metric]:
    paused = select(func.count()).where(SyncField.state == ColumnState.PAUSED)
    about = "Columns of the replica that stand still because their field changed in the org."
    yield _single("columns_paused", about, session.scalar(paused) or 0)


def _read_budget(session: Session, now: Now) -> Iterator[Metric]:
    since = hour_of(now.org - DAY)
    calls = (
        select(CallHour.purpose, func.sum(CallHour.calls))
        .where(CallHour.hour >= since)
        .group_by(CallHour.purpose)
        .order_by(CallHour.purpose)
    )
    yield Metric(
        "api_calls",
        "Our API calls of the last 24 hours by purpose, the hour in which they begin as a whole.",
        tuple(((("purpose", name),), float(count)) for name, count in session.execute(calls)),
    )
    heard = session.scalars(select(Allowance).order_by(Allowance.org)).all()
    for name, about, figure in (
        ("api_org_used", "API calls of everybody in 24 hours, by the org's word.", "used"),
        ("api_org_allowance", "API calls that the org allows in 24 hours.", "allowance"),
    ):
        told = [(row.org, getattr(row, figure)) for row in heard]
        samples = tuple(((("org", org),), value) for org, value in told if value is not None)
        yield Metric(name, about, samples)


def _single(name: str, about: str, value: float, kind: str = "gauge") -> Metric:
    return Metric(name, about, (((), float(value)),), kind)


def _of(sobject: str) -> Labels:
    return (("sobject", sobject),)


#: Every reader, in the order of the answer.
READERS: tuple[Reader, ...] = (
    _read_completeness,
    _read_rows,
    _read_backlog,
    _read_troubles,
    _read_notes,
    _read_conflicts,
    _read_drift,
    _read_columns,
    _read_budget,
)
