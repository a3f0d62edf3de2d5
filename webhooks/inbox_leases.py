"""Hands stored deliveries to one worker at a time, and records what became of them.

Owns the lease, the fence and the pauses after failures. A worker that dies records nothing; its
lease ends and another one takes the delivery. What the former one still reports is refused.
Leases and pauses follow the machine's clock: the local org's may stand still.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, Select, and_, select
from sqlalchemy.orm import Session

from config.clock import Clock
from config.database import transaction
from webhooks.inbox import EventState, InboxEvent

LEASE = timedelta(seconds=120)
#: After so many failures a person is asked.
MAX_ATTEMPTS = 12
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 3600.0
LONGEST_ERROR = 2000


@dataclass(frozen=True)
class InboxLeases:
    """One worker's way to take deliveries and to report on them."""

    engine: Engine
    clock: Clock
    worker: str  #: unlike any other process start, or a restarted worker would pass the fence

    def take(self, source: str, most: int) -> Sequence[InboxEvent]:
        """Claims up to `most` due deliveries of one sender, oldest first; then abandoned ones."""
        now = self.clock.now()
        is_due = and_(InboxEvent.state == EventState.NEW, InboxEvent.due_at <= now)
        is_left = and_(InboxEvent.state == EventState.TAKEN, InboxEvent.leased_until < now)
        with transaction(self.engine) as session:
            # Two queries, because one with OR would scan instead of using either index.
            events = list(session.scalars(_free(source, is_due, most)))
            events += session.scalars(_free(source, is_left, most - len(events)))
            for event in events:
                event.state, event.leased_by = EventState.TAKEN, self.worker
                event.leased_until, event.attempts = now + LEASE, event.attempts + 1
        return events

    def finish(self, session: Session, events: Iterable[InboxEvent]) -> None:
        """Notes that these deliveries are applied, in the transaction of their effects."""
        now = self.clock.now()
        for event in self._own(session, events):
            event.state, event.finished_at = EventState.DONE, now
            event.leased_by = event.leased_until = event.last_error = None

    def put_off(self, events: Iterable[InboxEvent], pause: timedelta, why: str) -> None:
        """Returns deliveries that failed through no fault of theirs; the attempt does not count."""
        with transaction(self.engine) as session:
            for event in self._own(session, events):
                event.attempts -= 1
                _return(event, self.clock.now() + pause, why)

    def fail(self, events: Iterable[InboxEvent], why: str) -> None:
        """Returns deliveries that could not be applied, with a longer pause each time.

        After MAX_ATTEMPTS they are dead: they stay as they are until a person replays them.
        """
        with transaction(self.engine) as session:
            for event in self._own(session, events):
                _return(event, self.clock.now() + pause_after(event.attempts), why)
                if event.attempts >= MAX_ATTEMPTS:
                    event.state = EventState.DEAD

    def _own(self, session: Session, events: Iterable[InboxEvent]) -> Sequence[InboxEvent]:
        """The deliveries that are still ours: the fence."""
        query = select(InboxEvent).where(
            InboxEvent.id.in_([event.id for event in events]),
            InboxEvent.state == EventState.TAKEN,
            InboxEvent.leased_by == self.worker,
        )
        return session.scalars(query.with_for_update()).all()


def _free(source: str, condition: ColumnElement[bool], most: int) -> Select[InboxEvent]:
    return (
        select(InboxEvent)
        .where(InboxEvent.source == source, condition)
        .order_by(InboxEvent.due_at, InboxEvent.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )


def pause_after(attempts: int) -> timedelta:
    """How long a delivery rests after that many failures: doubling, with full jitter."""
    longest = min(FIRST_PAUSE_S * 2 ** (attempts - 1), LONGEST_PAUSE_S)
    return timedelta(seconds=random.uniform(0, longest))  # noqa: S311 - jitter, not a secret


def _return(event: InboxEvent, due_at: datetime, why: str) -> None:
    event.state, event.due_at, event.last_error = EventState.NEW, due_at, why[:LONGEST_ERROR]
    event.leased_by = event.leased_until = None
