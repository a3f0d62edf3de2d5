"""What every entry point shares: settings, database, clock, and one connection to the org.

Owns when things are made. The web app, the CLI and the worker build one Runtime per process; the
login happens at the first need, so that a page or a command that needs no org works without one.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.clock import Clock, clock_for
from config.database import create_engine_for, transaction
from config.settings import Settings
from sfsync.client import Salesforce, connect


class Runtime:
    """One process's settings, engine, clock and connection."""

    def __init__(self, settings: Settings, engine: Engine, clock: Clock) -> None:
        self.settings = settings
        self.engine = engine
        self.clock = clock
        self._sf: Salesforce | None = None
        self._lock = threading.Lock()

    def connect(self) -> Salesforce:
        """The process's connection to the org, logged in once.

        Raises SalesforceAuthFailed (correct the settings) or SalesforceUnavailable (try later);
        the next call then tries again.
        """
        with self._lock:
            if self._sf is None:
                self._sf = connect(self.settings)
            return self._sf

    def for_another_thread(self) -> Runtime:
        """The same with a login of its own: a requests session is not made for several threads."""
        return Runtime(self.settings, self.engine, self.clock)

    def transaction(self) -> AbstractContextManager[Session]:
        """One transaction on our own database; see `config.database.transaction`."""
        return transaction(self.engine)


def build_runtime(settings: Settings) -> Runtime:
    """The runtime that `settings` describe. Opens nothing yet."""
    return Runtime(settings, create_engine_for(settings), clock_for(settings))
