"""Notifications that are due, put together into messages and written out.

Owns what travels together: notifications of one message definition that were tried equally often,
a hundred at most. The records are read at that moment, in the eyes of the message's own user; a
user whom the org does not know sees everything, since other people's metadata name users of
another org.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from sandbox.chunks import chunked
from sandbox.org.errors import OrgError
from sandbox.org.setup_rows import ADMINISTRATOR
from sandbox.outbound.envelope import Frame, write_notifications
from sandbox.outbound.routes import action_id

if TYPE_CHECKING:
    from sandbox.api.services import ApiSettings
    from sandbox.api.sessions import Sessions
    from sandbox.org.actor import Actor
    from sandbox.org.automation import OutboundMessage
    from sandbox.org.org import Org
    from sandbox.org.outbound_queue import Notification
    from sandbox.org.schema import Field

#: Salesforce puts at most this many into one message.
MOST_NOTIFICATIONS = 100
_Values = list[tuple["Field", object]]


@dataclass(frozen=True)
class Batch:
    """Notifications that travel in one message."""

    message: str
    notifications: Sequence[Notification]


@dataclass
class Content:
    """What a batch comes to: the values of each record, and notifications without a record."""

    sendable: list[tuple[Notification, _Values]] = field(default_factory=list)
    lost: list[tuple[Notification, str]] = field(default_factory=list)  #: with the reason


def group(due: Sequence[Notification]) -> list[Batch]:
    """The messages that carry what is due, in the order of their oldest notification."""
    ordered = sorted(due, key=lambda n: (n.message, n.attempts, n.serial))
    batches = [
        Batch(message, chunk)
        for (message, _), same in groupby(ordered, key=lambda n: (n.message, n.attempts))
        for chunk in chunked(same, MOST_NOTIFICATIONS)
    ]
    return sorted(batches, key=lambda batch: batch.notifications[0].serial)


class MessageWriter:
    """Reads records and writes messages for one org."""

    def __init__(self, org: Org, settings: ApiSettings, sessions: Sessions) -> None:
        self._org = org
        self._settings = settings
        self._sessions = sessions

    def read(self, message: OutboundMessage, notifications: Sequence[Notification]) -> Content:
        """The records as they are now. What was deleted meanwhile is lost."""
        actor = self._reader(message)
        names = self._fields(message, actor)
        content = Content()
        for notification in notifications:
            try:
                values = self._values(actor, message, notification.record_id, names)
            except OrgError as error:
                content.lost.append((notification, f"the record cannot be read: {error}"))
            else:
                content.sendable.append((notification, values))
        return content

    def write(self, message: OutboundMessage, content: Content) -> bytes:
        """The SOAP message that carries what is sendable."""
        records = [(notification.id, values) for notification, values in content.sendable]
        return write_notifications(self._frame(message), message.sobject, records)

    def _reader(self, message: OutboundMessage) -> Actor:
        user_id = self._org.find_user(message.integration_user)
        user_id = user_id or self._org.find_user(ADMINISTRATOR)
        return self._org.actor(user_id or "")

    def _fields(self, message: OutboundMessage, actor: Actor) -> list[str]:
        """The fields that the user may see, in the order of the metadata; always the Id."""
        sobject = self._org.schema.objects[message.sobject]
        names = message.fields if "Id" in message.fields else ("Id", *message.fields)
        return [name for name in names if actor.access.can_read(sobject, sobject.fields[name])]

    def _values(
        self, actor: Actor, message: OutboundMessage, record_id: str, names: list[str]
    ) -> _Values:
        sobject = self._org.schema.objects[message.sobject]
        found = self._org.retrieve(actor, sobject.name, record_id, names)
        return [(sobject.fields[name], found[name]) for name in names]

    def _frame(self, message: OutboundMessage) -> Frame:
        org_id, url = self._org.org_id, self._settings.tls_url
        session = None
        if message.includes_session:
            now = self._org.clock.now()
            session = self._sessions.standing_token(message.integration_user, now)
        return Frame(
            org_id,
            action_id(message.name),
            session,
            f"{url}/services/Soap/c/{message.api_version}/{org_id}",
            f"{url}/services/Soap/u/{message.api_version}/{org_id}",
        )
