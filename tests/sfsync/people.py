"""What people do in the org, without the ways of HTTP: the other side of a sync."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from sandbox.api.sessions import ADMIN_USERNAME
from sandbox.server import LocalOrgServer


class Admin:
    """The administrator at work. With `late_s` what they do shows only that much org time later."""

    def __init__(self, server: LocalOrgServer) -> None:
        self.org = server.org
        user_id = self.org.find_user(ADMIN_USERNAME)
        assert user_id is not None
        self._actor = self.org.actor(user_id)

    def at(self, moment: datetime) -> None:
        """Set the org's clock; it stands still there."""
        self.org.clock.set(moment, frozen=True)

    def wait(self, **span: float) -> None:
        """Let org time pass."""
        self.org.clock.advance(timedelta(**span).total_seconds())

    def create(self, sobject: str, *, late_s: float = 0, **values: Any) -> str:
        with self._delay(late_s):
            return self.org.insert(self._actor, sobject, values)

    def change(self, sobject: str, record_id: str, *, late_s: float = 0, **values: Any) -> None:
        with self._delay(late_s):
            self.org.update(self._actor, sobject, record_id, values)

    def delete(self, sobject: str, record_id: str, *, late_s: float = 0) -> None:
        with self._delay(late_s):
            self.org.delete(self._actor, sobject, record_id)

    def undelete(self, sobject: str, record_id: str) -> None:
        self.org.undelete(self._actor, sobject, record_id)

    def erase(self, sobject: str, record_id: str) -> None:
        """Delete for good, past the recycle bin."""
        self.org.erase(self._actor, sobject, record_id)

    def merge(self, sobject: str, master_id: str, loser_id: str) -> None:
        """Let one record take over from its duplicate."""
        self.org.merge(self._actor, sobject, master_id, [loser_id], {})

    def _delay(self, late_s: float) -> Any:
        return self.org.store.late.delaying(late_s) if late_s else nullcontext()
