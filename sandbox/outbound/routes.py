"""Where each outbound message goes, and why it goes nowhere.

Owns that decision. Metadata name a public address, which the local org never calls: a redirect,
when there is one, takes all messages to a receiver on this machine; otherwise only messages whose
own address is loopback are sent.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.loopback import why_not_loopback
from sandbox.org.ids import make_id

if TYPE_CHECKING:
    from sandbox.org.automation import OutboundMessage
    from sandbox.org.org import Org

_ACTION_PREFIX = "04k"


@dataclass(frozen=True)
class Route:
    """The way of one message: an address, or the reason why it is held back."""

    message: OutboundMessage
    endpoint: str | None
    reason: str | None = None


def find_routes(org: Org, redirect: str | None) -> dict[str, Route]:
    """The way of every message of the org, by its name."""
    return {
        name: _route(org, message, redirect)
        for name, message in sorted(org.schema.outbound_messages.items())
    }


def _route(org: Org, message: OutboundMessage, redirect: str | None) -> Route:
    if message.includes_session and org.find_user(message.integration_user) is None:
        reason = f"its session would be that of {message.integration_user}, who is no user here"
        return Route(message, None, reason)
    endpoint = redirect or message.endpoint_url
    fault = why_not_loopback(endpoint)
    if fault is None:
        return Route(message, endpoint)
    return Route(message, None, f"{fault}; redirect outbound messages to a loopback address")


def action_id(message: str) -> str:
    """The Id of a message's definition: the same in every org and after every deploy."""
    digest = hashlib.sha256(message.encode()).digest()
    # Six bytes stay below the 62**9 numbers that an Id can spell.
    return make_id(_ACTION_PREFIX, int.from_bytes(digest[:6]))
