"""Deliveries go to one worker at a time, come back after failures, and end somewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from config.clock import FrozenClock
from config.database import transaction
from webhooks.inbox import Delivery, EventState, InboxEvent, store_deliveries
from webhooks.inbox_leases import LEASE, LONGEST_PAUSE_S, MAX_ATTEMPTS, InboxLeases

START = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def machine() -> FrozenClock:
    return FrozenClock(START)


def keep(engine: Engine, *names: str, source: str = "salesforce") -> None:
    deliveries = [Delivery(source, name, "Order", f"id {name}", b"<x/>") for name in names]
    with transaction(engine) as session:
        store_deliveries(session, deliveries, START)


def states(engine: Engine) -> dict[str, tuple[str, int, str | None]]:
    with transaction(engine) as session:
        events = session.scalars(select(InboxEvent)).all()
    return {e.external_id: (e.state, e.attempts, e.last_error) for e in events}


def names(events: object) -> list[str]:
    return [event.external_id for event in events]  # type: ignore[attr-defined]


def test_each_delivery_goes_to_one_worker_oldest_first(
    engine: Engine, machine: FrozenClock
) -> None:
    keep(engine, "a", "b", "c")
    keep(engine, "other", source="stripe")
    first, second = (InboxLeases(engine, machine, name) for name in ("first", "second"))

    assert names(first.take("salesforce", 2)) == ["a", "b"]
    assert names(second.take("salesforce", 2)) == ["c"]
    assert names(second.take("salesforce", 2)) == []


def test_a_finished_delivery_is_never_taken_again(engine: Engine, machine: FrozenClock) -> None:
    keep(engine, "a")
    leases = InboxLeases(engine, machine, "first")
    taken = leases.take("salesforce", 9)

    with transaction(engine) as session:
        leases.finish(session, taken)
    keep(engine, "a")
    machine.advance(99_999)

    assert leases.take("salesforce", 9) == []
    assert states(engine) == {"a": (EventState.DONE, 1, None)}


def test_what_a_dead_worker_held_goes_to_another_and_the_dead_one_cannot_report(
    engine: Engine, machine: FrozenClock
) -> None:
    keep(engine, "a")
    dead, heir = (InboxLeases(engine, machine, name) for name in ("dead", "heir"))
    held = dead.take("salesforce", 9)
    machine.advance(LEASE.total_seconds() - 1)
    assert heir.take("salesforce", 9) == []
    machine.advance(2)

    assert names(heir.take("salesforce", 9)) == ["a"]
    with transaction(engine) as session:
        dead.finish(session, held)
    dead.fail(held, "too late")

    assert states(engine) == {"a": (EventState.TAKEN, 2, None)}


def test_a_delivery_that_was_put_off_comes_again_without_a_mark(
    engine: Engine, machine: FrozenClock
) -> None:
    keep(engine, "a")
    leases = InboxLeases(engine, machine, "first")

    leases.put_off(leases.take("salesforce", 9), timedelta(seconds=15), "the org is down")

    assert states(engine) == {"a": (EventState.NEW, 0, "the org is down")}
    machine.advance(14)
    assert leases.take("salesforce", 9) == []
    machine.advance(2)
    assert names(leases.take("salesforce", 9)) == ["a"]


def test_a_delivery_that_fails_again_and_again_is_dead_and_says_why(
    engine: Engine, machine: FrozenClock
) -> None:
    keep(engine, "a")
    leases = InboxLeases(engine, machine, "first")

    for attempt in range(1, MAX_ATTEMPTS + 1):
        leases.fail(leases.take("salesforce", 9), f"no. {attempt}")
        machine.advance(LONGEST_PAUSE_S + 1)

    assert states(engine) == {"a": (EventState.DEAD, MAX_ATTEMPTS, f"no. {MAX_ATTEMPTS}")}
    assert leases.take("salesforce", 9) == []
