"""A receiver, and the local org that sends to it when it is told to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_api.clients import RestClient
from tests.sandbox_outbound.receiver import Receiver, a_receiver

#: A frozen moment: the schedule of retries is then exact.
MORNING = "2025-03-11T07:00:00+00:00"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as found:
        yield found


@pytest.fixture
def rest(org: LocalOrgServer, receiver: Receiver) -> Iterator[RestClient]:
    """The administrator of an org whose messages go to the receiver, round by round."""
    with RestClient(org, "admin@manufaktura.example") as client:
        client.control("POST", "clock", {"now": MORNING, "frozen": True})
        client.control("POST", "outbound", {"endpoint": receiver.url, "automatic": False})
        yield client
    org.reset()
    for snapshot in org.services.snapshots.all():
        org.services.snapshots.delete(snapshot.name)
