"""What time it is, for everything that decides by date.

Owns the single entrance of time. Against the local org, whose clock can be set, time is what that
org says, so that a demonstration can play three weeks in a minute; against a real org it is the
system clock. Every instant is aware UTC; business dates belong to the business time zone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import requests

from config.settings import Settings

TIMEOUT_S = 5.0


class ClockUnavailable(Exception):
    """The local org, whose time we keep, does not answer. Try later, or start it."""


class Clock(Protocol):
    """Anything that knows the time."""

    def now(self) -> datetime:
        """The current instant, aware UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The current instant, aware UTC."""
        return datetime.now(UTC)


class FrozenClock:
    """A clock that stands still until it is told otherwise; for tests and for replays."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError(f"{at.isoformat()} has no time zone; give an aware datetime")
        self._now = at.astimezone(UTC)

    def now(self) -> datetime:
        """The instant it was last set to, aware UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Moves the clock forward (or back, with a negative number)."""
        self._now += timedelta(seconds=seconds)


class OrgClock:
    """The local org's clock, read from the `Date` header of its list of API versions.

    That resource needs no token and costs no API call. Whole seconds.
    """

    def __init__(self, url: str, ca: Path | None = None) -> None:
        self.url = url
        self._session = requests.Session()
        # CA variables in the environment would beat `verify` (requests' documented order).
        self._session.trust_env = False
        self._session.verify = str(ca) if ca else True

    def now(self) -> datetime:
        """The org's current instant, aware UTC. Raises ClockUnavailable: try again later."""
        try:
            answer = self._session.get(f"{self.url}/services/data", timeout=TIMEOUT_S)
            return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
        except (requests.RequestException, KeyError, ValueError) as error:
            raise ClockUnavailable(
                f"The local org at {self.url} does not tell the time ({type(error).__name__})."
                " Start it with `make up`, or correct SALESFORCE_URL."
            ) from error


def clock_for(settings: Settings) -> Clock:
    """The clock that this process lives by."""
    if settings.is_local_org:
        return OrgClock(settings.salesforce_url, settings.salesforce_ca)
    return SystemClock()


def business_date(now: datetime, zone: ZoneInfo) -> date:
    """The calendar date in the marketplace's own time zone."""
    if now.tzinfo is None:
        raise ValueError(f"{now.isoformat()} has no time zone; give an aware datetime")
    return now.astimezone(zone).date()


def end_of_business_day(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which `day` is over in `zone`: the next midnight, aware UTC.

    A tender is open while `now < end_of_business_day(its last day)`. Days of 23 and 25 hours come
    out right, because the midnight is found in local time and converted afterwards.
    """
    return datetime.combine(day + timedelta(days=1), time.min, zone).astimezone(UTC)
