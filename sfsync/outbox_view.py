"""The outbox for people: what stands in it, why, what to do, and sending again what was refused.

Owns the words and the class of an error: "retryable" comes back by itself, "rejected" waits for a
person who corrects something, "bug" waits for a developer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from sfsync.errors import BUG_CODE
from sfsync.outbox import OutboxWrite, WriteState, fold_into_newer

#: What stands about a write in each state but PENDING, where it depends.
WORDS = {
    WriteState.SENDING: (
        "it is being sent; if that push died, the next one finds out what became of it"
    ),
    WriteState.SENT: "Salesforce has it",
    WriteState.REJECTED: "Salesforce refused it; it is not sent again by itself",
    WriteState.YIELDED: (
        "what people wrote in Salesforce stands; `flask sync conflicts list --all` says why"
    ),
    WriteState.SUPERSEDED: "a later write of the same record took it over",
    WriteState.DROPPED: "somebody decided that it is no longer wanted",
}


def select_writes(
    states: Sequence[str] = (), sobject: str | None = None, error_class: str | None = None
) -> Select[OutboxWrite]:
    """The writes that fit, newest first; an empty choice leaves nothing out."""
    query = select(OutboxWrite).order_by(OutboxWrite.id.desc())
    if states:
        query = query.where(OutboxWrite.state.in_(states))
    if sobject is not None:
        query = query.where(OutboxWrite.sobject == sobject)
    if error_class == "bug":
        query = query.where(OutboxWrite.error_code == BUG_CODE)
    return query


def class_of(row: OutboxWrite) -> str | None:
    """What kind of error a write met last; None when it met none."""
    if row.error_code is None:
        return None
    if row.error_code == BUG_CODE:
        return "bug"
    return "rejected" if row.state == WriteState.REJECTED else "retryable"


def describe_write(row: OutboxWrite) -> dict[str, Any]:
    """One write with its state, attempts, next retry, exact error and remedy, for a program."""
    return {
        "id": row.id,
        "sobject": row.sobject,
        "external_id": row.external_id,
        "state": row.state,
        "attempts": row.attempts,
        "enqueued_at": row.enqueued_at,
        "next_attempt_at": row.due_at,
        "failed_at": row.failed_at,
        "sent_at": row.sent_at,
        "salesforce_id": row.salesforce_id,
        "created": row.created,
        "cause": row.cause,
        "waits_for": row.waits_for,
        "error_class": class_of(row),
        "error_code": row.error_code,
        "error_message": row.error_message,
        "error_fields": row.error_fields,
        "remedy": row.error_remedy,
        "values": row.values,
    }


def tell_state(row: OutboxWrite, now: datetime) -> str:
    """Where the write stands and what happens next, in one sentence without its error."""
    if row.state in WORDS:
        return WORDS[WriteState(row.state)]
    if row.waits_for:
        return f"it {row.waits_for}"
    if row.due_at is not None and row.due_at > now:
        return f"it is tried again by itself after {row.due_at:%Y-%m-%d %H:%M:%S} UTC"
    return "it goes with the next push"


def find_stuck(session: Session, ids: Sequence[int] | None) -> list[OutboxWrite]:
    """The writes among `ids` that do not get on by themselves now; None means all rejected ones.

    These are the rejected ones, and those that wait for the time of their next attempt.
    """
    query = select_writes([WriteState.REJECTED])
    if ids is not None:
        waits = (OutboxWrite.state == WriteState.PENDING) & OutboxWrite.due_at.is_not(None)
        fits = (OutboxWrite.state == WriteState.REJECTED) | waits
        query = select_writes().where(fits, OutboxWrite.id.in_(ids))
    return list(session.scalars(query.with_for_update()))


def drop_writes(rows: Sequence[OutboxWrite]) -> None:
    """Gives writes up for good; notes about them in Salesforce go with the next push.

    Joins the caller's transaction. The same values can be asked for again later.
    """
    for row in rows:
        row.state, row.due_at, row.waits_for = WriteState.DROPPED, None, None


def retry_writes(session: Session, rows: Sequence[OutboxWrite]) -> None:
    """Makes writes due at once, as often as any new one. Joins the caller's transaction.

    What a newer write of the same record waits for already is carried by that one. The error stays
    to be read until the next attempt.
    """
    for row in rows:
        if row.state == WriteState.REJECTED and fold_into_newer(session, row):
            continue
        row.state, row.attempts, row.due_at = WriteState.PENDING, 0, None
        session.flush()
