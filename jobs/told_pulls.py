"""Reads the records that Salesforce told us about, within seconds of the change.

Owns how often that may cost API calls. A message is a hint and nothing more: what the replica holds
already is not read again, many records are read by an ordinary pull, which costs two calls however
many they are, and in a steady stream of changes the readings keep a distance. Whatever a hint
misses, the next pull has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from config.clock import SystemClock
from config.process import name_process
from jobs.runtime import Runtime
from jobs.token_bucket import TokenBucket
from sfsync.errors import BudgetExhausted, SalesforceRetryable
from sfsync.mapping import BY_SOBJECT
from sfsync.pull import pull, pull_records
from sfsync.replica_reads import load_stamps
from sfsync.sync_state import find_incomplete
from sfsync.values import read_instant
from webhooks.inbox import InboxEvent
from webhooks.inbox_leases import InboxLeases
from webhooks.outbound_messages import read_stored
from webhooks.salesforce import SOURCE

#: Notifications taken at once: twenty full messages.
MOST_EVENTS = 2_000
#: Beyond so many records an ordinary pull is the cheaper way.
MOST_BY_ID = 200
#: Readings in a burst, and how soon another one follows in a steady stream: 4,320 a day at most.
BURST = 10
DISTANCE_S = 20.0
#: What was told so shortly before a pull, the pull may have missed.
LATEST = timedelta(seconds=2)
OUTAGE_PAUSE = timedelta(seconds=15)
#: The ordinary pull has what is told before that.
SCARCITY_PAUSE = timedelta(minutes=15)


@dataclass
class ToldPulls:
    """One worker's hand for outbound messages. For one thread."""

    runtime: Runtime
    bucket: TokenBucket = field(default_factory=lambda: TokenBucket(BURST, DISTANCE_S))
    leases: InboxLeases = field(init=False)

    def __post_init__(self) -> None:
        self.leases = InboxLeases(self.runtime.engine, SystemClock(), name_process())

    def work(self) -> int:
        """Applies what was told and is due; how many notifications are done.

        Idempotent; may be killed anywhere. Raises what the org's answers raise, after the
        notifications were put back.
        """
        events = self.leases.take(SOURCE, MOST_EVENTS)
        if not events:
            return 0
        try:
            done = self._apply(events)
            self.runtime.budget.settle()
            return done
        except BudgetExhausted as error:
            self.leases.put_off(events, SCARCITY_PAUSE, str(error))
            raise
        except SalesforceRetryable as error:
            self.leases.put_off(events, OUTAGE_PAUSE, str(error))
            raise
        except Exception as error:
            self.leases.fail(events, f"{type(error).__name__}: {error}")
            raise

    def _apply(self, events: Sequence[InboxEvent]) -> int:
        news = self._find_news(events)
        if news and not self.bucket.spend():
            wait = timedelta(seconds=self.bucket.wait_s)
            self.leases.put_off(news, wait, "a reading was made a moment ago")
            return self._finish(events, left=news)
        if len({event.subject for event in news}) > MOST_BY_ID:
            return self._finish(events, left=self._read_all(news))
        self._read_by_id(news)
        return self._finish(events, left=[])

    def _read_all(self, news: Sequence[InboxEvent]) -> Sequence[InboxEvent]:
        """Reads many records by an ordinary pull; the events that wait for another reading."""
        if self._is_read_whole():
            self.leases.put_off(news, SCARCITY_PAUSE, "the replica is being read whole")
            return news
        begun_at = self.leases.clock.now()
        pull(self.runtime.connect(), self.runtime.engine)
        # What was told earlier and is still not here, the org does not show us.
        late = [event for event in news if event.received_at > begun_at - LATEST]
        missed = self._find_news(late)
        self.leases.put_off(missed, LATEST, "the change came while the pull was at work")
        return missed

    def _is_read_whole(self) -> bool:
        """Whether a reading of everything is at work, or due: a second one would cost as much."""
        with self.runtime.transaction() as session:
            return bool(find_incomplete(session, BY_SOBJECT))

    def _find_news(self, events: Sequence[InboxEvent]) -> list[InboxEvent]:
        """The events of records that the replica does not hold in that version, or a newer one."""
        by_sobject = _group_subjects(event for event in events if event.kind in BY_SOBJECT)
        with self.runtime.transaction() as session:
            held = {name: load_stamps(session, name, ids) for name, ids in by_sobject.items()}
        return [
            event
            for event in events
            if event.kind in held and _is_news(event, held[event.kind].get(event.subject))
        ]

    def _read_by_id(self, news: Sequence[InboxEvent]) -> None:
        for sobject, ids in _group_subjects(news).items():
            pull_records(self.runtime.connect(), self.runtime.engine, sobject, ids)

    def _finish(self, events: Sequence[InboxEvent], left: Sequence[InboxEvent]) -> int:
        kept = {event.id for event in left}
        done = [event for event in events if event.id not in kept]
        if done:
            with self.runtime.transaction() as session:
                self.leases.finish(session, done)
        return len(done)


def _group_subjects(events: Iterable[InboxEvent]) -> dict[str, list[str]]:
    """The records that events speak of, by sObject."""
    subjects: defaultdict[str, list[str]] = defaultdict(list)
    for event in events:
        subjects[event.kind].append(event.subject)
    return dict(subjects)


def _is_news(event: InboxEvent, held_at: datetime | None) -> bool:
    stamp = read_stored(event.body).fields.get("SystemModstamp")
    return held_at is None or stamp is None or held_at < read_instant(stamp)
