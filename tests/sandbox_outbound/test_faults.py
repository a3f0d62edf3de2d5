"""Duplicates and disorder on demand, and the log of them."""

from __future__ import annotations

from typing import Any

from sandbox.server import LocalOrgServer
from tests.sandbox_api.builders import seed_tender
from tests.sandbox_api.clients import RestClient
from tests.sandbox_outbound.receiver import Receiver
from tests.sandbox_outbound.steps import deliver, one_order, queue, some_orders


def test_a_duplicated_message_comes_twice_with_the_same_ids(
    rest: RestClient, receiver: Receiver
) -> None:
    rest.control("POST", "faults", {"action": "duplicated_outbound_messages", "call": 1})
    some_orders(rest, 2)

    twice = deliver(rest)
    one_order(rest, External_Id__c="once")
    once = deliver(rest)

    first, second, third = receiver.received
    assert first.body == second.body
    assert len(set(first.ids)) == 2
    assert [outcome["faults"] for outcome in twice] == [["f1"], ["f1"]]
    assert [outcome["faults"] for outcome in once] == [[]]
    assert len(third.ids) == 1
    assert queue(rest) == []


def test_a_reordered_message_comes_last_and_shuffled(rest: RestClient, receiver: Receiver) -> None:
    rest.control("POST", "faults", {"action": "reordered_outbound_messages", "call": 1, "seed": 7})
    orders = some_orders(rest, 150)

    deliver(rest)

    punctual, late = receiver.received
    assert [record["Id"] for record in punctual.records] == orders[100:]
    shuffled = [record["Id"] for record in late.records]
    assert shuffled != orders[:100]
    assert sorted(shuffled) == sorted(orders[:100])
    assert queue(rest) == []


def test_two_notifications_are_always_swapped(rest: RestClient, receiver: Receiver) -> None:
    rest.control("POST", "faults", {"action": "reordered_outbound_messages"})

    for _ in range(5):
        rest.control("POST", "reset")
        orders = some_orders(rest, 2)
        deliver(rest)
        assert [record["Id"] for record in receiver.received[-1].records] == orders[::-1]


def test_a_message_is_found_by_what_it_holds(
    org: LocalOrgServer, rest: RestClient, receiver: Receiver
) -> None:
    fault = {"action": "duplicated_outbound_messages", "request_body": "sf:Order_Proposal__c"}
    rest.control("POST", "faults", fault)
    seed_tender(org, proposals=1)

    outcomes = deliver(rest)

    assert [o["message"] for o in outcomes] == [
        "Order.Order_Changed",
        "Order_Proposal__c.Order_Proposal_Changed",
        "Order_Proposal__c.Order_Proposal_Changed",
    ]


def test_faults_of_requests_and_of_messages_do_not_mix(
    rest: RestClient, receiver: Receiver
) -> None:
    rest.control("POST", "faults", {"action": "duplicated_outbound_messages"})
    rest.control("POST", "faults", {"status": 503, "path": "webhooks"})
    one_order(rest)

    deliver(rest)

    plan = rest.control("GET", "faults")
    assert [(fault["matched"], fault["fired"]) for fault in plan["faults"]] == [(1, 1), (0, 0)]
    (fired,) = plan["fired"]
    assert fired == {
        "id": "f1",
        "action": "duplicated_outbound_messages",
        "method": "POST",
        "path": "/webhooks/salesforce",
        "kind": "outbound",
        "user": "integration@manufaktura.example",
        "call": 1,
        "inner": False,
        "request": None,
    }


def test_the_same_seed_gives_the_same_messages_and_log(
    rest: RestClient, receiver: Receiver
) -> None:
    first = _play(rest, receiver)
    second = _play(rest, receiver)
    other = _play(rest, receiver, seed=2)

    assert first == second
    assert first != other


def _play(rest: RestClient, receiver: Receiver, seed: int = 1) -> tuple[list[bytes], Any]:
    rest.control("POST", "reset", {"faults": True})
    receiver.received.clear()
    for action in ("duplicated_outbound_messages", "reordered_outbound_messages"):
        rest.control("POST", "faults", {"action": action, "probability": 0.5, "seed": seed})
    some_orders(rest, 450)
    deliver(rest)
    return [message.body for message in receiver.received], rest.control("GET", "faults")["fired"]
