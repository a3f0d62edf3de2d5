"""What a push did, as figures and in words for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select

from config.database import transaction
from sfsync.outbox import OutboxWrite, WriteState


@dataclass
class PushReport:
    """What one push did."""

    created: int = 0
    updated: int = 0
    confirmed: int = 0  #: writes without an answer that were found in the org
    settled: int = 0  #: writes of which nothing was left to send: no call was made for them
    clashes: int = 0  #: fields that people and we had both changed
    retried: int = 0  #: writes that are tried again later by themselves
    rejected: int = 0  #: writes that someone has to correct
    waiting: int = 0  #: writes whose parent has not arrived
    problems: list[dict[str, Any]] = field(default_factory=list)  #: the rejected and the waiting
    api_calls: int = 0

    @property
    def sent(self) -> int:
        """Writes that the org holds now."""
        return self.created + self.updated + self.confirmed

    def as_dict(self) -> dict[str, Any]:
        """The report for a program."""
        return {"sent": self.sent, **vars(self)}


def add_problems(engine: Engine, report: PushReport) -> None:
    """Adds what a person should see, from the outbox itself: it also knows earlier refusals."""
    query = select(OutboxWrite).where(
        (OutboxWrite.state == WriteState.REJECTED) | OutboxWrite.waits_for.is_not(None)
    )
    with transaction(engine) as session:
        for row in session.scalars(query.order_by(OutboxWrite.id)):
            report.waiting += row.state == WriteState.PENDING
            report.problems.append(describe_problem(row))


def describe_problem(row: OutboxWrite) -> dict[str, Any]:
    """A write that does not get on, in words for people."""
    return {
        "sobject": row.sobject,
        "external_id": row.external_id,
        "state": row.state,
        "cause": row.cause,
        "code": row.error_code,
        "message": row.waits_for or row.error_message,
        "fields": row.error_fields,
        "remedy": None if row.waits_for else row.error_remedy,
    }
