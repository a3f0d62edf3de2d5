"""Says what follows when a job does not succeed, by kind of error.

Owns that table. Whatever a job raises is stored with its run and tried again as long as the slot
lasts; the kinds differ in how soon, and in how loudly it is told.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from config.clock import ClockUnavailable
from jobs.catalogue import StillRunning
from jobs.schedule import Stopped
from sfsync.errors import SalesforceError, SalesforceRetryable, SalesforceUnavailable
from sfsync.preflight import PreflightFailed

#: Pauses of errors that repeating soon would not help: doubling from the first to the longest.
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=15)
LONGEST_ERROR = 2000


@dataclass(frozen=True)
class Failure:
    """How one kind of error is treated."""

    level: int  #: of the log line
    is_outage: bool = False  #: told once, by `jobs.outages`, instead of at every attempt
    is_bug: bool = False  #: told with its traceback
    is_patient: bool = False  #: pauses longer after each attempt, instead of until the next tick

    def pause(self, attempts: int) -> timedelta:
        """How long the slot rests after that many attempts; zero: until the next tick."""
        if not self.is_patient:
            return timedelta(0)
        # The exponent is bounded, because 2 ** 1000 minutes are no timedelta.
        doublings: int = 2 ** min(attempts - 1, 10)
        return min(FIRST_PAUSE * doublings, LONGEST_PAUSE)


#: The first kind that fits counts.
FAILURES: tuple[tuple[type[Exception], Failure], ...] = (
    (Stopped, Failure(logging.INFO)),
    (StillRunning, Failure(logging.INFO)),
    (SalesforceUnavailable, Failure(logging.WARNING, is_outage=True)),
    (ClockUnavailable, Failure(logging.WARNING, is_outage=True)),
    (SalesforceRetryable, Failure(logging.WARNING, is_patient=True)),
    (SalesforceError, Failure(logging.ERROR, is_patient=True)),
    (PreflightFailed, Failure(logging.ERROR, is_patient=True)),
    (Exception, Failure(logging.ERROR, is_bug=True, is_patient=True)),
)


def failure_of(error: Exception) -> Failure:
    """How that error is treated."""
    return next(failure for kind, failure in FAILURES if isinstance(error, kind))


def tell_error(error: Exception) -> str:
    """The error in one text: a bug with its type, which its message alone may not explain."""
    name = f"{type(error).__name__}: " if failure_of(error).is_bug else ""
    return f"{name}{error}"[:LONGEST_ERROR] or type(error).__name__
