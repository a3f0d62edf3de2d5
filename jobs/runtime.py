"""What every entry point shares: settings, database, clock, and one connection to the org.

Owns when things are made. The web app, the CLI and the worker build one Runtime per process; the
login happens at the first need, so that a page or a command that needs no org works without one.
"""

from __future__ import annotations

import gc
import logging
import threading
from contextlib import AbstractContextManager

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config.clock import Clock, clock_for
from config.database import create_engine_for, transaction
from config.settings import Settings
from sfsync.allowance import Shares
from sfsync.budget import Budget
from sfsync.client import Salesforce, connect

#: After how many new objects Python looks for cycles among them. By itself it looks ten times as
#: often, and so hundreds of times through the rows of a load, in which there are none; that is a
#: tenth of a load's time.
YOUNG_OBJECTS = 20_000

logger = logging.getLogger(__name__)


class Runtime:
    """One process's settings, engine, clock and connection."""

    def __init__(self, settings: Settings, engine: Engine, clock: Clock) -> None:
        self.settings = settings
        self.engine = engine
        self.clock = clock
        self.shares = Shares(settings.api_share_percent, settings.api_reserve_percent)
        self.budget = Budget(engine, clock, settings.salesforce_url, self.shares)
        self._sf: Salesforce | None = None
        self._lock = threading.Lock()

    def connect(self) -> Salesforce:
        """The process's connection to the org, logged in once; each call passes the budget.

        Raises SalesforceAuthFailed (correct the settings) or SalesforceUnavailable (try later);
        the next call then tries again.
        """
        with self._lock:
            if self._sf is None:
                self._sf = connect(self.settings, gate=self.budget)
            return self._sf

    def for_another_thread(self) -> Runtime:
        """The same with a login of its own: a requests session is not made for several threads.

        It books its calls with this one, so that closing either gives back what is left.
        """
        other = Runtime(self.settings, self.engine, self.clock)
        other.budget = self.budget
        return other

    def connect_freely(self) -> Salesforce:
        """A connection of its own that books no calls, for when the database cannot be used."""
        return connect(self.settings)

    def close(self) -> None:
        """Gives back API calls that were booked and not made, and ends the database's use."""
        try:
            self.budget.settle()
        except SQLAlchemyError as error:
            logger.warning(
                "booked API calls were not given back; they count as made",
                extra={"why": type(error).__name__},
            )
        finally:
            self.engine.dispose()

    def transaction(self) -> AbstractContextManager[Session]:
        """One transaction on our own database; see `config.database.transaction`."""
        return transaction(self.engine)


def build_runtime(settings: Settings) -> Runtime:
    """The runtime that `settings` describe. Opens nothing yet."""
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
    return Runtime(settings, create_engine_for(settings), clock_for(settings))
