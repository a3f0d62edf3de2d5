"""A write is noted once, in its cause's transaction, and newer values replace older ones."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine, select

from config.database import transaction
from sfsync.outbox import OutboxWrite, WriteState, enqueue

HD = {"Name": "Ada", "RecordType": {"DeveloperName": "Hardware_Designer"}}


def writes(engine: Engine) -> list[OutboxWrite]:
    with transaction(engine) as session:
        return list(session.scalars(select(OutboxWrite).order_by(OutboxWrite.id)))


def note(engine: Engine, values: dict, name: str = "Account", key: str = "HD-1") -> bool:
    with transaction(engine) as session:
        return enqueue(session, name, key, values, "orders.xlsx row 2")


def set_state(engine: Engine, state: WriteState) -> None:
    with transaction(engine) as session:
        for row in session.scalars(select(OutboxWrite)):
            row.state = state


def test_a_write_keeps_its_values_exactly_and_its_cause(engine: Engine) -> None:
    values = {"Budget__c": Decimal("9999999999999999.99"), "EffectiveDate": date(2027, 1, 2)}

    assert note(engine, values, "Order", "ORD-1") is True

    (row,) = writes(engine)
    assert (row.sobject, row.external_id, row.state, row.attempts) == (
        "Order",
        "ORD-1",
        WriteState.PENDING,
        0,
    )
    assert row.payload == '{"Budget__c":9999999999999999.99,"EffectiveDate":"2027-01-02"}'
    assert row.cause == "orders.xlsx row 2"
    assert row.enqueued_at.tzinfo is not None


@pytest.mark.parametrize("state", [WriteState.PENDING, WriteState.SENDING, WriteState.SENT])
def test_values_that_are_on_their_way_or_arrived_are_not_noted_again(
    engine: Engine, state: WriteState
) -> None:
    note(engine, HD)
    set_state(engine, state)

    assert note(engine, dict(reversed(HD.items()))) is False
    assert note(engine, {"Name": "Ada"}) is False
    assert [row.state for row in writes(engine)] == [state]


def test_a_write_that_has_not_left_takes_over_newer_values(engine: Engine) -> None:
    note(engine, {"Name": "Ada", "Rating__c": 1})

    assert note(engine, {"Name": "Ada L."}) is True

    (row,) = writes(engine)
    assert row.values == {"Name": "Ada L.", "Rating__c": 1}


@pytest.mark.parametrize("state", [WriteState.SENDING, WriteState.SENT])
def test_newer_values_after_departure_are_a_write_of_their_own(
    engine: Engine, state: WriteState
) -> None:
    note(engine, {"Name": "Ada"})
    set_state(engine, state)

    assert note(engine, {"Name": "Ada L."}) is True

    assert [(row.state, row.values["Name"]) for row in writes(engine)] == [
        (state, "Ada"),
        (WriteState.PENDING, "Ada L."),
    ]


def test_going_back_to_earlier_values_is_a_change(engine: Engine) -> None:
    note(engine, {"Name": "Ada"})
    set_state(engine, WriteState.SENT)
    note(engine, {"Name": "Ada L."})
    set_state(engine, WriteState.SENT)

    assert note(engine, {"Name": "Ada"}) is True


def test_rejected_values_are_tried_again_when_they_are_asked_for_again(engine: Engine) -> None:
    note(engine, HD)
    with transaction(engine) as session:
        row = session.scalars(select(OutboxWrite)).one()
        row.state, row.attempts, row.error_code = WriteState.REJECTED, 3, "STRING_TOO_LONG"

    assert note(engine, HD) is True

    (row,) = writes(engine)
    assert (row.state, row.attempts, row.error_code) == (WriteState.PENDING, 0, None)


def test_a_write_vanishes_with_the_transaction_of_its_cause(engine: Engine) -> None:
    def fail() -> None:
        with transaction(engine) as session:
            enqueue(session, "Account", "HD-1", HD, "x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert writes(engine) == []


def test_bugs_are_refused_at_once(engine: Engine) -> None:
    with transaction(engine) as session:
        with pytest.raises(ValueError, match="PUSH_ORDER"):
            enqueue(session, "Product2", "P-1", {}, "x")
        with pytest.raises(ValueError, match="external ID"):
            enqueue(session, "Account", "", {}, "x")
        with pytest.raises(TypeError, match=r"0\.1"):
            enqueue(session, "Account", "A", {"Rating__c": 0.1}, "x")

    assert writes(engine) == []


def test_two_processes_that_note_the_same_record_leave_one_write(engine: Engine) -> None:
    gate = threading.Barrier(4)

    def note_one(number: int) -> None:
        gate.wait()
        note(engine, {f"Field_{number}__c": number})

    threads = [threading.Thread(target=note_one, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (row,) = writes(engine)
    assert row.values == {f"Field_{n}__c": n for n in range(4)}


def test_writes_of_different_records_do_not_touch(engine: Engine) -> None:
    note(engine, HD, key="HD-1")
    note(engine, HD, key="HD-2")
    note(engine, {"Name": "x"}, name="Order", key="HD-1")

    assert len(writes(engine)) == 3
