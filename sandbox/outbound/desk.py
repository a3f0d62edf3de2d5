"""Outbound messages under way: what is sent when, and what the control plane shows of it.

Owns rounds. A round sends everything that is due by the org's clock, one message after the other;
what is not acknowledged is due again later, at growing intervals. A thread starts a round whenever
something is queued, the clock is moved or a pause is over, unless it is told not to; tests then
start rounds themselves and get the same result every time.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sandbox.loopback import why_not_loopback
from sandbox.org.errors import refuse
from sandbox.outbound.courier import TIMEOUT_S, Courier, DeliveryError
from sandbox.outbound.envelope import AckError, check_ack
from sandbox.outbound.messages import Batch, MessageWriter, group
from sandbox.outbound.outgoing import Outgoing, arrange
from sandbox.outbound.routes import Route, find_routes
from sandbox.outbound.views import show_entry, show_route

if TYPE_CHECKING:
    from sandbox.api.services import ApiSettings
    from sandbox.api.sessions import Sessions
    from sandbox.faults import FaultPlan
    from sandbox.org.org import Org
    from sandbox.org.outbound_queue import Notification
    from sandbox.org.schema import Schema

#: How many attempts the log remembers.
LOG_LENGTH = 10_000
#: After a bug of this program, so that it is told on stderr once a second at most.
_PAUSE_AFTER_BUG_S = 1.0


class OutboundDesk:
    """Sends the outbound messages of one org. `redirect` is where all of them go, if anywhere.

    Nothing is sent before `start`, except by `deliver`.
    """

    def __init__(
        self,
        org: Org,
        settings: ApiSettings,
        sessions: Sessions,
        faults: FaultPlan,
        redirect: str | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._org = org
        self._faults = faults
        self._writer = MessageWriter(org, settings, sessions)
        self._courier = Courier(timeout_s)
        self._is_automatic = True
        self._is_closing = False
        self._is_emptying = False
        self._sending = threading.Lock()  # held for a whole round, so that nothing is sent twice
        self._call = threading.Event()
        self._judged_schema: Schema | None = None
        self._nearby: set[str] = set()  # messages whose own address is loopback
        self._log: deque[dict[str, object]] = deque(maxlen=LOG_LENGTH)
        self._thread = threading.Thread(target=self._run, daemon=True, name="outbound")
        self._first_redirect = self._redirect = redirect
        org.outbound.arrived = self._hear
        org.clock.watch(self._call.set)

    def start(self) -> None:
        """Send from now on whatever is due, without being asked."""
        self._thread.start()

    def close(self) -> None:
        """Stop sending; a message under way is cut off and will be sent again after a restart."""
        self._is_closing = True
        self._call.set()
        self._courier.abort()
        if self._thread.is_alive():
            self._thread.join()

    def restore(self) -> None:
        """Send by itself, and where it was told to at the start."""
        self._redirect, self._is_automatic = self._first_redirect, True
        self._call.set()

    def configure(self, given: Mapping[str, object]) -> None:
        """Set `endpoint` (a loopback address, or null for none) and `automatic`.

        Raises OrgError INVALID_INPUT; nothing has changed then.
        """
        unknown = sorted(set(given) - {"endpoint", "automatic"})
        if unknown or not given:
            raise _invalid(f"take endpoint and automatic, not {', '.join(unknown) or 'nothing'}")
        endpoint = given.get("endpoint", self._redirect)
        is_automatic = given.get("automatic", self._is_automatic)
        if not isinstance(is_automatic, bool):
            raise _invalid(f"have automatic {is_automatic!r}, which must be true or false")
        if endpoint is not None and not isinstance(endpoint, str):
            raise _invalid(f"have endpoint {endpoint!r}, which must be a text")
        if endpoint is not None and (reason := why_not_loopback(endpoint)):
            raise _invalid(f"cannot go there: {reason}")
        self._is_automatic = is_automatic
        # A round that started by itself ends after its message; then nothing comes unasked.
        with self._sending:
            self._redirect = endpoint
        self._call.set()

    def deliver(self) -> list[dict[str, object]]:
        """Send everything that is due now; what became of each message, in order."""
        with self._sending:
            return self._send_due(lambda: True)

    def _send_due(self, may_go_on: Callable[[], bool]) -> list[dict[str, object]]:
        """One round, which stops between two messages when it may not go on."""
        routes = self._open_routes()
        batches = group(self._org.outbound.due(routes))
        outgoing = (self._prepare(routes[batch.message], batch) for batch in batches)
        sent = []
        for one in arrange(outgoing):
            if self._is_closing or self._is_emptying or not may_go_on():
                break
            sent += self._send(one)
        return sent

    def clear(self) -> int:
        """Empty queue and log, cutting off what is under way; how many notifications there were."""
        with self.standing_still():
            self._log.clear()
            return self._org.outbound.clear()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Nothing is under way inside; afterwards the queue is looked through anew.

        Whoever exchanges the queue needs this: the answer to a message of the old one must not
        settle a notification of the new one that has the same number.
        """
        self._is_emptying = True
        self._courier.abort()
        with self._sending:
            self._is_emptying = False
            yield
        self._call.set()

    def as_json(self) -> dict[str, object]:
        """What `GET /_sandbox/outbound` answers."""
        routes = find_routes(self._org, self._redirect)
        entries = self._org.outbound.entries()
        return {
            "endpoint": self._redirect,
            "automatic": self._is_automatic,
            "messages": [show_route(self._org, route) for route in routes.values()],
            "queue": [show_entry(entry, routes.get(entry.message)) for entry in entries],
            "log": list(self._log),
        }

    def _open_routes(self) -> dict[str, Route]:
        """The ways of the messages that can be sent at all."""
        routes = find_routes(self._org, self._redirect)
        return {name: route for name, route in routes.items() if route.endpoint is not None}

    def _hear(self, message: str) -> None:
        """Told of every notification as it is queued: wake the thread if it has work."""
        schema = self._org.schema
        if self._judged_schema is not schema:
            # Judged once per schema: a save must not wait for addresses to be parsed.
            found = schema.outbound_messages.values()
            self._nearby = {m.name for m in found if why_not_loopback(m.endpoint_url) is None}
            self._judged_schema = schema
        if self._redirect is not None or message in self._nearby:
            self._call.set()

    def _prepare(self, route: Route, batch: Batch) -> Outgoing | None:
        """The message as its turn comes, with the faults that hit it; None when nothing is left."""
        content = self._writer.read(route.message, batch.notifications)
        for notification, reason in content.lost:
            self._org.outbound.give_up([notification], reason)
        if not content.sendable:
            return None
        return Outgoing.prepare(route, content, self._writer, self._faults)

    def _send(self, outgoing: Outgoing) -> list[dict[str, object]]:
        """Post the message as often as it is to be posted; the first answer decides."""
        notifications = outgoing.notifications
        outcomes = []
        for copy in range(outgoing.copies):
            error = self._try(outgoing)
            if copy == 0:
                self._settle(notifications, error)
            outcomes.append(self._note(outgoing, error))
        return outcomes

    def _settle(self, notifications: Sequence[Notification], error: str | None) -> None:
        if error is None:
            self._org.outbound.acknowledge(notifications)
        elif not self._is_closing:
            self._org.outbound.postpone(notifications, error)

    def _try(self, outgoing: Outgoing) -> str | None:
        """One attempt; what kept it from being acknowledged."""
        try:
            check_ack(self._courier.post(outgoing.endpoint, outgoing.body))
        except (DeliveryError, AckError) as error:
            return str(error)
        return None

    def _note(self, outgoing: Outgoing, error: str | None) -> dict[str, object]:
        outcome: dict[str, object] = {
            "at": self._org.clock.now().isoformat(),
            "message": outgoing.message,
            "endpoint": outgoing.endpoint,
            "notifications": [notification.id for notification in outgoing.notifications],
            "attempt": outgoing.notifications[0].attempts + 1,
            "acknowledged": error is None,
            "error": error,
            "faults": outgoing.fault_ids,
        }
        self._log.append(outcome)
        return outcome

    def _run(self) -> None:
        while not self._is_closing:
            self._call.clear()
            try:
                pause_s = self._work()
            except Exception:
                if self._is_closing:
                    # The org was closed in the middle of a round; what was not sent waits in it.
                    return
                traceback.print_exc(file=sys.stderr)
                pause_s = _PAUSE_AFTER_BUG_S
            self._call.wait(pause_s)

    def _work(self) -> float | None:
        """One round, if rounds start by themselves; seconds to the next, None for "when told"."""
        with self._sending:
            if not self._is_automatic:
                return None
            self._send_due(lambda: self._is_automatic)
        following = self._org.outbound.next_due(self._open_routes())
        if following is None:
            return None
        left_s = (following - self._org.clock.now()).total_seconds()
        return None if left_s > 0 and self._org.clock.frozen else max(left_s, 0.0)


def _invalid(what: str) -> Exception:
    return refuse("INVALID_INPUT", f"Outbound messages {what}.")
