"""One message on its way out, and what planned failures do to it.

Owns the two faults of delivery. A duplicated message is posted twice, with the same notifications;
a reordered one is written when its turn comes and posted after all others of its round, so that it
brings older data later, and its own notifications stand in another order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from sandbox.fault import OUTBOUND_KIND, Fault, FaultAction, Target
from sandbox.outbound.messages import Content, MessageWriter
from sandbox.outbound.routes import Route

if TYPE_CHECKING:
    from random import Random

    from sandbox.faults import FaultPlan
    from sandbox.org.outbound_queue import Notification

T = TypeVar("T")


@dataclass(frozen=True)
class Outgoing:
    """A message that is ready to be posted."""

    message: str
    endpoint: str
    body: bytes
    notifications: list[Notification]
    copies: int = 1
    comes_last: bool = False
    fault_ids: tuple[str, ...] = ()

    @staticmethod
    def prepare(
        route: Route, content: Content, writer: MessageWriter, faults: FaultPlan
    ) -> Outgoing:
        """The message as the fault plan wants it."""
        endpoint = route.endpoint or ""
        parts = urlsplit(endpoint)
        target = Target(
            method="POST",
            path=parts.path + (f"?{parts.query}" if parts.query else ""),
            kind=OUTBOUND_KIND,
            user=route.message.integration_user,
            body=lambda: writer.write(route.message, content),
            outbound=True,
        )
        hits = faults.fire(target)
        shuffling = _first(hits, FaultAction.REORDERED_OUTBOUND_MESSAGES)
        if shuffling is not None:
            content = replace(content, sendable=_shuffled(content.sendable, shuffling.die))
        is_twice = _first(hits, FaultAction.DUPLICATED_OUTBOUND_MESSAGES) is not None
        return Outgoing(
            message=route.message.name,
            endpoint=endpoint,
            body=writer.write(route.message, content),
            notifications=[notification for notification, _ in content.sendable],
            copies=2 if is_twice else 1,
            comes_last=shuffling is not None,
            fault_ids=tuple(fault.id for fault in hits),
        )


def arrange(outgoing: Iterable[Outgoing | None]) -> Iterator[Outgoing]:
    """The messages of a round in the order of posting; each is prepared just before its turn."""
    late = []
    for one in outgoing:
        if one is not None and one.comes_last:
            late.append(one)
        elif one is not None:
            yield one
    yield from late


def _first(hits: list[Fault], action: FaultAction) -> Fault | None:
    return next((fault for fault in hits if fault.action is action), None)


def _shuffled(items: list[T], die: Random) -> list[T]:
    """The items in another order, whenever there is one."""
    places = list(range(len(items)))
    die.shuffle(places)
    if places == sorted(places):
        places = [*places[1:], *places[:1]]
    return [items[place] for place in places]
