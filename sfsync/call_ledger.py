"""The persisted count of our API calls by hour and purpose, and the org's word on its allowance.

Owns both tables. Calls are booked before they are sent, in blocks; `unsent` is the part of them of
which nobody has reported yet that it was sent. A process that dies leaves its block booked: those
calls are lost for a day, and none can be sent that was not booked.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config.database import Base, UtcDateTime, insert_into
from sfsync.allowance import (
    DAY,
    SKEW,
    SMALLEST_ALLOWANCE,
    Shares,
    Standing,
    counted_since,
    hour_of,
)
from sfsync.degradation import BY_NAME, STEPS, Step
from sfsync.usage import OrgWord

#: How long calls by the hour are kept: the profile that forecasts are made from.
KEPT = timedelta(days=35)
LONGEST_PURPOSE = 40


class CallHour(Base):
    """Our calls of one UTC hour for one purpose."""

    __tablename__ = "sync_call_hour"

    org: Mapped[str] = mapped_column(String(255), primary_key=True)  #: its address
    hour: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(LONGEST_PURPOSE), primary_key=True)
    calls: Mapped[int]  #: booked: sent, or allowed to be sent
    unsent: Mapped[int]  #: of those, the ones that may not have been sent


class Allowance(Base):
    """What one org said of its allowance, and the step that is in force. Locked to book calls."""

    __tablename__ = "sync_allowance"

    org: Mapped[str] = mapped_column(String(255), primary_key=True)
    step: Mapped[str] = mapped_column(String(20))
    stepped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used: Mapped[int | None]  #: calls of everybody in 24 h, by the org's latest word
    allowance: Mapped[int | None]  #: the org's calls per 24 h
    others: Mapped[int]  #: of `used`, what cannot be ours
    heard_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def present_step(self) -> Step:
        """The step in force; a name that this code does not know counts as the first."""
        return BY_NAME.get(self.step, STEPS[0])


@dataclass(frozen=True)
class Posting:
    """A change of one hour's calls for one purpose."""

    hour: datetime
    purpose: str
    calls: int = 0
    unsent: int = 0


def lock_allowance(session: Session, org: str) -> Allowance:
    """The row of that org, made when there is none; others who book wait until we commit."""
    insert = insert_into(session, Allowance).values(org=org, step=STEPS[0].name, others=0)
    session.execute(insert.on_conflict_do_nothing(index_elements=["org"]))
    return session.scalars(select(Allowance).where(Allowance.org == org).with_for_update()).one()


def post(session: Session, org: str, postings: list[Posting]) -> None:
    """Books and gives back calls."""
    for each in postings:
        insert = insert_into(session, CallHour).values(
            org=org,
            hour=each.hour,
            purpose=each.purpose[:LONGEST_PURPOSE],
            calls=each.calls,
            unsent=each.unsent,
        )
        added = {
            "calls": CallHour.calls + insert.excluded.calls,
            "unsent": CallHour.unsent + insert.excluded.unsent,
        }
        keys = ["org", "hour", "purpose"]
        session.execute(insert.on_conflict_do_update(index_elements=keys, set_=added))


def forget_old(session: Session, org: str, now: datetime) -> None:
    """Drops hours that no forecast is made from any more."""
    old = delete(CallHour).where(CallHour.org == org, CallHour.hour < now - KEPT)
    session.execute(old)


def note_word(
    session: Session, row: Allowance, word: OrgWord, doubtful: int, now: datetime
) -> None:
    """Keeps what the org said, unless something later is known; `now` is the org's time.

    `doubtful`: calls that are booked as sent and may not be in what the org counted. Whatever the
    org counted beyond our calls that surely are in it belongs to others.
    """
    at = word.at
    if at is None or _is_outdone(word.used, at, row, now):
        return
    counted = func.coalesce(func.sum(CallHour.calls - CallHour.unsent), 0)
    since = counted_since(at)
    query = select(counted).where(CallHour.org == row.org, CallHour.hour >= since)
    ours = int(session.scalars(query).one()) - doubtful
    row.used, row.allowance, row.heard_at = word.used, word.limit, at
    row.others = max(0, word.used - max(0, ours))


def _is_outdone(used: int, at: datetime, row: Allowance, now: datetime) -> bool:
    """Whether the row holds a later word. Of one second the larger figure is the later one.

    A row that is a day ahead of the present is of a local org whose clock was set back; one that is
    a day ahead of this word is not: its process may have kept the word to itself for that long.
    """
    if row.heard_at is None or row.used is None or row.heard_at > now + DAY:
        return False
    return at < row.heard_at or (at == row.heard_at and used < row.used)


def read_standing(session: Session, row: Allowance, shares: Shares, now: datetime) -> Standing:
    """What is known of the rolling day."""
    query = (
        select(CallHour.hour, func.sum(CallHour.calls))
        .where(CallHour.org == row.org, CallHour.hour >= hour_of(now - DAY - SKEW))
        .group_by(CallHour.hour)
    )
    hours = {hour: int(calls) for hour, calls in session.execute(query)}
    limit = SMALLEST_ALLOWANCE if row.allowance is None else row.allowance
    return Standing(shares, limit, hours, row.others, row.heard_at)


def read_calls(session: Session, org: str, since: datetime) -> dict[str, Counter[datetime]]:
    """Our calls by purpose and UTC hour, from the hour of `since` on."""
    query = select(CallHour.purpose, CallHour.hour, CallHour.calls).where(
        CallHour.org == org, CallHour.hour >= hour_of(since)
    )
    found: dict[str, Counter[datetime]] = {}
    for purpose, hour, calls in session.execute(query):
        found.setdefault(purpose, Counter())[hour] += calls
    return found
