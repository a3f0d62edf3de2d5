"""Where problems of single records come from: one table of readers of our database.

Owns that table. A part that knows of something a person should see on a record adds its reader to
SOURCES; noting it in the org, and taking the note away, is `sfsync.record_problems`' work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from sfsync.conflicts import tell_open
from sfsync.mapping import BY_SOBJECT
from sfsync.outbox import OutboxWrite, WriteState
from sfsync.outbox_view import class_of
from sfsync.problem_texts import SEND_AGAIN, Problem

Source = Callable[[Session], Iterable[Problem]]


def read_refused_writes(session: Session) -> Iterator[Problem]:
    """The writes that the org refused, of sObjects that have a field for the note.

    A refused Case has none, and is seen by `flask outbox list` and in the log.
    """
    refused = select(OutboxWrite).where(
        OutboxWrite.state == WriteState.REJECTED, OutboxWrite.sobject.in_(BY_SOBJECT)
    )
    for row in session.scalars(refused.order_by(OutboxWrite.id)):
        yield describe_refusal(row)


def describe_refusal(row: OutboxWrite) -> Problem:
    """A refused write as a problem of its record."""
    message = row.error_message or "nothing"
    return Problem(
        sobject=row.sobject,
        external_id=row.external_id,
        salesforce_id=row.salesforce_id,
        wanted=row.values,
        said=message.removeprefix(f"{row.error_code}: "),
        remedy=row.error_remedy or "Ask the developer on call.",
        blamed=tuple((row.error_fields or "").split(", ")) if row.error_fields else (),
        cause=row.cause,
        at=row.failed_at or row.enqueued_at,
        afterwards="" if class_of(row) == "bug" else SEND_AGAIN,
    )


def read_open_conflicts(session: Session) -> Iterator[Problem]:
    """The clashes of our writes with people's edits that somebody has to decide."""
    for each in tell_open(session):
        yield Problem(
            sobject=each.sobject,
            external_id=each.external_id,
            salesforce_id=each.salesforce_id,
            wanted={},
            said=each.text,
            remedy="Ask the developer on call to decide: your value, or ours.",
            blamed=each.fields,
            cause="",
            at=each.found_at,
            heading="The backoffice and a person changed this record differently.",
            speaker="What happened",
            afterwards="",
        )


#: Every reader; the problems of one record are told in this order.
SOURCES: tuple[Source, ...] = (read_refused_writes, read_open_conflicts)
