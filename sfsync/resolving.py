"""Carries out what a person decided about a clash.

Owns the way of a decision: it is a new write like any other, made against the value that the
person saw, so that an edit after the decision clashes again instead of being overwritten.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from sfsync import jsonio
from sfsync.conflicts import SyncConflict
from sfsync.imports import CARRIED, known_values
from sfsync.mapping import REFERENCES, lookup_field
from sfsync.merging import DELETION, Outcome
from sfsync.mirroring import mirrored_values
from sfsync.outbox import enqueue
from sfsync.replica_reads import find_by_key

Values = dict[str, Any]


class ConflictNotFound(LookupError):
    """There is no such conflict."""


class AlreadyResolved(ValueError):
    """A person has decided this conflict before."""


def resolve(
    session: Session, conflict_id: int, take: Outcome, now: datetime
) -> tuple[SyncConflict, Values]:
    """Decides a clash for OURS or THEIRS; answers it and the values that will be sent for that.

    No values when Salesforce holds the chosen ones already. Joins the caller's transaction.
    Raises ConflictNotFound or AlreadyResolved.
    """
    conflict = session.get(SyncConflict, conflict_id, with_for_update=True)
    if conflict is None:
        raise ConflictNotFound(f"There is no conflict {conflict_id}.")
    if conflict.resolved_at is not None:
        raise AlreadyResolved(
            f"Conflict {conflict_id} was decided at {conflict.resolved_at:%Y-%m-%d %H:%M} UTC:"
            f" {conflict.outcome}."
        )
    values, base = _plan(session, conflict, take)
    if values:
        cause = f"conflict {conflict_id}, decided for {take}"
        enqueue(session, conflict.sobject, conflict.external_id, values, cause, base=base)
    conflict.outcome, conflict.resolved_at = take, now
    return conflict, values


def _plan(session: Session, conflict: SyncConflict, take: Outcome) -> tuple[Values, Values]:
    """What has to be sent so that the chosen value stands, and what it replaces."""
    ours, theirs = jsonio.loads(conflict.ours), jsonio.loads(conflict.theirs)
    stands = Outcome.OURS if conflict.outcome == Outcome.OURS else Outcome.THEIRS
    if take == stands:
        return {}, {}
    if conflict.field == DELETION:
        key = conflict.external_id
        sent = known_values(session, conflict.sobject, [key], CARRIED).get(key, {})
        values = {**sent, **ours}
        return values, {**sent, **_last_held(session, conflict, values), DELETION: True}
    wanted, present = (ours, theirs) if take is Outcome.OURS else (theirs, ours)
    name = _written_name(conflict.field, wanted)
    return {name: wanted}, {name: present}


def _last_held(session: Session, conflict: SyncConflict, values: Values) -> Values:
    """What the record held when it was deleted, in case that it comes back before we write.

    Nothing when it is back already: an edit since is none that the decision knew.
    """
    row = find_by_key(session, conflict.sobject, [conflict.external_id]).get(conflict.external_id)
    if row is None or not row["is_deleted"]:
        return {}
    return mirrored_values(conflict.sobject, row, values)


def _written_name(field: str, value: object) -> str:
    """A lookup that we know by its Id only is written by the Id's own field."""
    if field in REFERENCES and not isinstance(value, dict):
        return lookup_field(field)
    return field
