"""Outbound messages as the control plane shows them.

Owns the JSON of `GET /_sandbox/outbound`. Whether a notification is held back follows from where
its message may go now, so it is worked out when somebody looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.org.outbound_queue import FAILED

if TYPE_CHECKING:
    from sandbox.org.org import Org
    from sandbox.org.outbound_queue import Notification
    from sandbox.outbound.routes import Route

_HELD = "held"
_GONE = "the metadata have no such message any more"


def show_route(org: Org, route: Route) -> dict[str, object]:
    """A message, where it goes, and why it goes nowhere."""
    user = route.message.integration_user
    return {
        "message": route.message.name,
        "endpoint": route.message.endpoint_url,
        "sent_to": route.endpoint,
        "reason": route.reason,
        "integration_user": user,
        "user_is_known": org.find_user(user) is not None,
    }


def show_entry(entry: Notification, route: Route | None) -> dict[str, object]:
    """A notification: `waiting`, `held` (nowhere to go) or `failed`; times are of the org."""
    is_held = entry.state != FAILED and (route is None or route.endpoint is None)
    reason = route.reason if route else _GONE
    due = entry.next_attempt or entry.created_at
    return {
        "id": entry.id,
        "message": entry.message,
        "object": entry.message.partition(".")[0],
        "record": entry.record_id,
        "created": entry.created_at.isoformat(),
        "attempts": entry.attempts,
        "next_attempt": None if is_held or entry.state == FAILED else due.isoformat(),
        "last_error": reason if is_held else entry.last_error,
        "state": _HELD if is_held else entry.state,
    }
