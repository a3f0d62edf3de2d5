"""What Salesforce tells is read at once, cheaply, and never lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, select, update

from config.clock import SystemClock
from config.database import transaction
from config.settings import Settings
from jobs.runtime import Runtime
from jobs.token_bucket import TokenBucket
from jobs.told_pulls import BURST, DISTANCE_S, LATEST, MOST_BY_ID, ToldPulls
from sandbox.server import LocalOrgServer
from sfsync.client import adapter_of
from sfsync.errors import SalesforceRetryable
from sfsync.pull import pull
from sfsync.replica_reads import load_records
from tests.control import add_fault, control, counted_calls
from tests.sfsync.people import Admin
from tests.webhooks.conftest import client_of
from tests.webhooks.messages import a_message, a_notification
from webhooks.inbox import EventState, InboxEvent

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ENDPOINT = "http://127.0.0.1:9/webhooks/salesforce"


@pytest.fixture
def runtime(org: LocalOrgServer, engine: Engine) -> Runtime:
    settings = Settings(environment="test", salesforce_url=org.url)
    return Runtime(settings, engine, SystemClock())


@pytest.fixture
def admin(org: LocalOrgServer) -> Admin:
    admin = Admin(org)
    admin.at(NOON)
    return admin


@pytest.fixture
def told(runtime: Runtime) -> ToldPulls:
    return ToldPulls(runtime)


@pytest.fixture
def orders(admin: Admin, runtime: Runtime) -> Callable[[int], list[str]]:
    """Creates orders, and pulls them so that the replica knows the org."""

    def create(count: int) -> list[str]:
        owner = admin.create("Account", Name="Owner")
        values = {"AccountId": owner, "EffectiveDate": "2027-01-01"}
        ids = [admin.create("Order", Name=f"O{n}", **values) for n in range(count)]
        admin.wait(seconds=90)
        pull(runtime.connect(), runtime.engine)
        admin.wait(seconds=90)
        return ids

    return create


def tell(runtime: Runtime, *ids: str, stamp: datetime, first: int = 1) -> None:
    """Salesforce's message about orders, as the endpoint keeps it."""
    client = client_of(runtime.settings, runtime.engine)
    text = f"{stamp:%Y-%m-%dT%H:%M:%S}.000Z"
    for start in range(0, len(ids), 100):
        parts = [
            a_notification(first + start + n, record=record_id, stamp=text)
            for n, record_id in enumerate(ids[start : start + 100])
        ]
        assert client.post("/webhooks/salesforce", data=a_message(parts)).status_code == 200


def names(engine: Engine) -> list[str]:
    with transaction(engine) as session:
        return sorted(row["name"] for row in load_records(session, "Order"))


def states(engine: Engine) -> set[str]:
    with transaction(engine) as session:
        return set(session.scalars(select(InboxEvent.state)))


def make_due(engine: Engine) -> None:
    """Let the pauses of all deliveries be over."""
    with transaction(engine) as session:
        session.execute(update(InboxEvent).values(due_at=NOON))


def receive(engine: Engine, at: datetime) -> None:
    """Let all deliveries have come at that time of the machine, and be due."""
    with transaction(engine) as session:
        session.execute(update(InboxEvent).values(received_at=at, due_at=NOON))


def test_a_record_that_was_told_is_read_by_one_call(
    org: LocalOrgServer, admin: Admin, runtime: Runtime, told: ToldPulls, orders: Callable
) -> None:
    first = orders(2)[0]
    admin.change("Order", first, Name="New")
    tell(runtime, first, stamp=admin.org.clock.now())
    calls = counted_calls(org)

    assert told.work() == 1

    assert names(runtime.engine) == ["New", "O1"]
    assert counted_calls(org) - calls == 1
    assert states(runtime.engine) == {EventState.DONE}
    assert told.work() == 0


def test_what_the_replica_holds_already_costs_no_call(
    org: LocalOrgServer, admin: Admin, runtime: Runtime, told: ToldPulls, orders: Callable
) -> None:
    (first,) = orders(1)
    calls = counted_calls(org)
    tell(runtime, first, stamp=NOON)

    assert told.work() == 1

    assert counted_calls(org) == calls
    assert states(runtime.engine) == {EventState.DONE}


def test_an_object_that_is_not_mirrored_costs_no_call(
    org: LocalOrgServer, runtime: Runtime, told: ToldPulls
) -> None:
    client = client_of(runtime.settings, runtime.engine)
    client.post("/webhooks/salesforce", data=a_message([a_notification(sobject="Invoice__c")]))

    assert told.work() == 1

    assert counted_calls(org) == 0


def test_many_records_are_read_by_an_ordinary_pull(
    org: LocalOrgServer, admin: Admin, runtime: Runtime, told: ToldPulls, orders: Callable
) -> None:
    ids = orders(MOST_BY_ID + 1)
    for record_id in ids:
        admin.change("Order", record_id, Name="New")
    tell(runtime, *ids, stamp=admin.org.clock.now())
    admin.wait(seconds=5)
    calls = counted_calls(org)

    assert told.work() == MOST_BY_ID + 1

    assert set(names(runtime.engine)) == {"New"}
    assert counted_calls(org) - calls == 2


def test_a_steady_stream_waits_for_its_turn_and_is_not_lost(
    org: LocalOrgServer, admin: Admin, runtime: Runtime, orders: Callable
) -> None:
    at_s = [0.0]
    told = ToldPulls(runtime, TokenBucket(BURST, DISTANCE_S, lambda: at_s[0]))
    (first,) = orders(1)
    calls = counted_calls(org)

    for turn in range(BURST + 5):
        admin.wait(seconds=1)
        admin.change("Order", first, Name=f"N{turn}")
        tell(runtime, first, stamp=admin.org.clock.now(), first=turn + 1)
        told.work()

    assert counted_calls(org) - calls == BURST
    assert names(runtime.engine) == [f"N{BURST - 1}"]
    at_s[0] += 60
    make_due(runtime.engine)
    assert told.work() == 5
    assert names(runtime.engine) == [f"N{BURST + 4}"]
    assert counted_calls(org) - calls == BURST + 1


def test_an_outage_of_the_org_puts_it_off_without_a_mark(
    org: LocalOrgServer, admin: Admin, runtime: Runtime, told: ToldPulls, orders: Callable
) -> None:
    (first,) = orders(1)
    admin.change("Order", first, Name="New")
    tell(runtime, first, stamp=admin.org.clock.now())
    add_fault(org, action="status", status=503, path="composite/batch", times=9)
    adapter_of(runtime.connect())._sleep = lambda _: None

    with pytest.raises(SalesforceRetryable):
        told.work()

    assert states(runtime.engine) == {EventState.NEW}
    control(org, "DELETE", "faults")
    make_due(runtime.engine)
    assert told.work() == 1
    assert names(runtime.engine) == ["New"]


def test_a_record_that_is_gone_is_left_to_the_next_pull(
    admin: Admin, runtime: Runtime, told: ToldPulls, orders: Callable
) -> None:
    (first,) = orders(1)
    admin.change("Order", first, Name="New")
    tell(runtime, first, stamp=admin.org.clock.now())
    admin.erase("Order", first)

    assert told.work() == 1

    admin.wait(seconds=120)
    pull(runtime.connect(), runtime.engine)
    assert names(runtime.engine) == []


def test_many_records_that_the_org_does_not_show_are_not_asked_for_again_and_again(
    org: LocalOrgServer, admin: Admin, runtime: Runtime, told: ToldPulls, orders: Callable
) -> None:
    orders(1)
    hidden = [f"801Zz{n:010d}" for n in range(MOST_BY_ID + 1)]
    tell(runtime, *hidden, stamp=admin.org.clock.now())
    calls = counted_calls(org)

    receive(runtime.engine, datetime.now(UTC) + LATEST)
    first = told.work()
    receive(runtime.engine, datetime.now(UTC) - LATEST)
    second = told.work()

    # The first pull may have come before the end of the second in which they were told.
    assert (first, second) == (0, MOST_BY_ID + 1)
    assert counted_calls(org) - calls == 2
    assert states(runtime.engine) == {EventState.DONE}


def test_many_records_wait_while_everything_is_read(
    org: LocalOrgServer, admin: Admin, runtime: Runtime, told: ToldPulls
) -> None:
    ids = [f"801Zz{n:010d}" for n in range(MOST_BY_ID + 1)]
    tell(runtime, *ids, stamp=admin.org.clock.now())

    assert told.work() == 0

    assert counted_calls(org) == 0
    assert states(runtime.engine) == {EventState.NEW}
