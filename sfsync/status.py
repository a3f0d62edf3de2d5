"""Says how far the replica is complete and what stands in the outbox.

Owns the figures of `flask sync status`. Completeness is a moment in the org's time, never "the
last run was fine".
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, select, true
from sqlalchemy.orm import Session

from config.database import transaction
from sfsync.conflicts import count_open
from sfsync.drift import last_run
from sfsync.mapping import MAPPINGS, PUSH_ORDER
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.push import describe_problem
from sfsync.replica import TABLES
from sfsync.schema import Trouble, find_troubles
from sfsync.stale import FormulaState, read_stale
from sfsync.sync_state import SyncState


@dataclass(frozen=True)
class ObjectStatus:
    """One sObject: its replica and its writes."""

    sobject: str
    rows: int  #: replica rows that are not deleted
    deleted_rows: int  #: replica rows in the org's recycle bin, or gone from it
    complete_up_to: datetime | None  #: the org's time; None before the first whole pull
    proved_at: datetime | None  #: when the org said that nothing older can still appear
    read_up_to: datetime | None  #: newer rows were read up to here, some may be missing still
    is_pull_interrupted: bool  #: a reading of everything was stopped; the next pull continues it
    #: all formulas were read from that time of the org on, those of changed parents since; None
    #: where there are none, or when it is not known
    formulas_fresh_at: datetime | None
    stale_formulas: int  #: rows whose formulas the next pull reads again
    outbox: dict[str, int]  #: writes by state
    lag_s: int | None  #: seconds since `complete_up_to` by the org's clock; None without both
    oldest_pending_at: datetime | None  #: when the oldest write that has not left was noted


@dataclass(frozen=True)
class SyncStatus:
    """Everything that `flask sync status` shows."""

    objects: tuple[ObjectStatus, ...]
    problems: tuple[dict[str, Any], ...]  #: writes that were refused or have to wait
    troubles: tuple[Trouble, ...]  #: columns that are not read, or cannot be written any more
    open_conflicts: int  #: clashes with people's edits that wait for a decision
    reconciled: dict[str, Any] | None  #: the last comparison with the org that came to its end

    def as_dict(self) -> dict[str, Any]:
        """The status for a program."""
        return {
            "objects": [vars(each) for each in self.objects],
            "problems": list(self.problems),
            "columns": [each.as_dict() for each in self.troubles],
            "open_conflicts": self.open_conflicts,
            "reconciled": self.reconciled,
        }


def read_status(engine: Engine, org_now: datetime | None = None) -> SyncStatus:
    """The present state, from our database alone; costs no API call.

    `org_now` is the org's time, from which lags are counted.
    """
    with transaction(engine) as session:
        writes, oldest = _count_writes(session), _find_oldest(session)
        replicated = {mapping.sobject for mapping in MAPPINGS}
        pushed_only = [name for name in PUSH_ORDER if name not in replicated and name in writes]
        names = [*(mapping.sobject for mapping in MAPPINGS), *pushed_only]
        objects = tuple(
            _read_object(session, name, writes.get(name, {}), oldest.get(name), org_now)
            for name in names
        )
        stuck = select(OutboxWrite).where(
            (OutboxWrite.state == WriteState.REJECTED) | OutboxWrite.waits_for.is_not(None)
        )
        problems = tuple(map(describe_problem, session.scalars(stuck.order_by(OutboxWrite.id))))
        troubles = tuple(find_troubles(session))
        open_conflicts = count_open(session)
        reconciled = last_run(session)
    return SyncStatus(objects, problems, troubles, open_conflicts, reconciled)


def _read_object(
    session: Session,
    sobject: str,
    outbox: dict[str, int],
    oldest_pending_at: datetime | None,
    org_now: datetime | None,
) -> ObjectStatus:
    state = session.get(SyncState, sobject)
    upto = state.complete_up_to if state else None
    formulas = session.get(FormulaState, sobject)
    rows: Counter[bool] = Counter()
    if sobject in TABLES:
        table = TABLES[sobject]
        counts = select(table.c.is_deleted == true(), func.count()).group_by(table.c.is_deleted)
        rows.update({bool(deleted): count for deleted, count in session.execute(counts)})
    return ObjectStatus(
        sobject=sobject,
        rows=rows[False],
        deleted_rows=rows[True],
        complete_up_to=upto,
        proved_at=state.proved_at if state else None,
        read_up_to=state.cursor_at if state else None,
        is_pull_interrupted=bool(state and state.is_loading),
        formulas_fresh_at=formulas.fresh_at if formulas else None,
        stale_formulas=read_stale(session, sobject).rows,
        outbox=outbox,
        lag_s=seconds_since(upto, org_now) if org_now and upto else None,
        oldest_pending_at=oldest_pending_at,
    )


def seconds_since(at: datetime, now: datetime) -> int:
    """Whole seconds; clocks that differ a little make no negative age."""
    return max(0, round((now - at).total_seconds()))


def _find_oldest(session: Session) -> dict[str, datetime]:
    """When the oldest pending write of each sObject was noted."""
    query = (
        select(OutboxWrite.sobject, func.min(OutboxWrite.enqueued_at))
        .where(OutboxWrite.state == WriteState.PENDING)
        .group_by(OutboxWrite.sobject)
    )
    return {row.sobject: row[1] for row in session.execute(query)}


def _count_writes(session: Session) -> dict[str, dict[str, int]]:
    query = (
        select(OutboxWrite.sobject, OutboxWrite.state, func.count())
        .where(OutboxWrite.state != WriteState.SUPERSEDED)
        .group_by(OutboxWrite.sobject, OutboxWrite.state)
    )
    counts: dict[str, dict[str, int]] = {}
    for sobject, state, count in session.execute(query):
        counts.setdefault(sobject, {})[state] = count
    return counts
